/// One output of the audited log, with what attribution found.
package struct AuditOutput: Hashable, Sendable {
    package enum Verdict: Hashable, Sendable {
        /// The best match is one that chance seldom gives.
        case sourceFound(pValue: Double)
        /// The best match is not distinguishable from chance.
        case noSource(pValue: Double)
        /// There was no null distribution to compare with.
        case untested
    }

    package enum Result: Hashable, Sendable {
        case attributed(Verdict, [AuditSource])
        /// The output could not be attributed, such as a bad line.
        case failed(message: String)
    }

    package var id: String
    /// Nil for a vector, and where it could not be read.
    package var text: String?
    package var result: Result

    package init(id: String, text: String?, result: Result) {
        (self.id, self.text, self.result) = (id, text, result)
    }
}

/// One listed source of an output.
package struct AuditSource: Hashable, Sendable {
    /// Higher scores are better; of all influences, the more negative, the stronger. Nil where the run has none.
    package struct Scores: Hashable, Sendable {
        package var score: Double
        package var pValue: Double?
        package var similarity: Double?
        package var sentenceSimilarity: Double?
        package var influence: Double?
        package var relativeInfluence: Double?
        package var tokenInfluence: Double?

        package init(
            score: Double, pValue: Double? = nil, similarity: Double? = nil, sentenceSimilarity: Double? = nil,
            influence: Double? = nil, relativeInfluence: Double? = nil, tokenInfluence: Double? = nil
        ) {
            (self.score, self.pValue, self.similarity) = (score, pValue, similarity)
            self.sentenceSimilarity = sentenceSimilarity
            (self.influence, self.relativeInfluence) = (influence, relativeInfluence)
            self.tokenInfluence = tokenInfluence
        }
    }

    /// From 1.
    package var rank: Int
    package var id: String
    /// Number of the passage in the source.
    package var passage: Int?
    /// Nil for a corpus of vectors.
    package var text: String?
    /// The sentence of the text that is nearest to the output; nil where the text is one sentence, or nobody knows.
    package var nearestSentence: String?
    /// In the order to show; `license` or `licence`, in any case, gets a line of its own.
    package var metadata: [Fact]
    package var scores: Scores

    package init(
        rank: Int, id: String, passage: Int? = nil, text: String?, nearestSentence: String? = nil,
        metadata: [Fact] = [], scores: Scores
    ) {
        (self.rank, self.id, self.passage) = (rank, id, passage)
        self.nearestSentence = nearestSentence
        (self.text, self.metadata, self.scores) = (text, metadata, scores)
    }
}

/// What an audit was made with, so that it can be made again.
package struct AuditProvenance: Hashable, Sendable {
    package var indexGeneration: String
    /// Names and digests of the models.
    package var models: [Fact]
    package var configurationDigest: String
    package var toolVersion: String
    package var command: String

    package init(
        indexGeneration: String, models: [Fact], configurationDigest: String, toolVersion: String, command: String
    ) {
        (self.indexGeneration, self.models) = (indexGeneration, models)
        (self.configurationDigest, self.toolVersion, self.command) = (configurationDigest, toolVersion, command)
    }

    var facts: [Fact] {
        [Fact("Index generation", indexGeneration), Fact("Configuration digest", configurationDigest)] + models
            + [Fact("Tool version", toolVersion)]
    }
}
