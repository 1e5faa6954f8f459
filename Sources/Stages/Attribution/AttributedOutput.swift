/// One output of the log with its ranked sources, or the reason why it has none.
package struct AttributedOutput: Sendable {
    package let id: String
    package let result: Outcome
    /// The output's text, for a reader; empty for vectors.
    package let text: String
    /// The sources that the log itself names (`source_ids`), for measuring.
    package let knownSources: [String]?

    package enum Outcome: Sendable {
        /// - Parameter noSource: whether the best match is no better than chance; nothing without a null distribution.
        case attributed([Attribution], noSource: Bool?, Timing)
        case failed(String)
    }
}

/// One ranked source of an output.
package struct Attribution: Sendable, Hashable {
    /// From 1.
    package let rank: Int
    package let sourceID: String
    /// Number of the passage within its document, when the corpus was cut into passages.
    package let passage: Int?
    /// What ranks: higher is better.
    package let score: Float
    /// The share of outputs without a source, of about as many words, whose best match looks at least as good; never smaller
    /// than that of a higher rank. Nothing without a null distribution, or where it is too small to show anything at the
    /// level.
    package let pValue: Double?
    /// Cosine of the two fingerprints.
    package let similarity: Float
    /// Cosine of the output's embedding with that of the sample's nearest sentence; nothing where the build embedded none.
    package let sentenceSimilarity: Float?
    /// `-∇L(y)ᵀ (H + λI)⁻¹ ∇L(x)`: the more negative, the more the sample lowers the probe's loss on the output.
    package let influence: Float
    /// Influence divided by the root of the sample's self-influence (ℓ-RelatIF).
    package let relativeInfluence: Float
    /// The change of the token probe's loss on the output, in nats: the more negative, the better the sample's words
    /// explain the output's; a word that it lacks by the nearest it has, in a run with near words. Nothing without texts.
    package let tokenInfluence: Float?
    /// The sample's text, for a reader; empty for vectors and where nobody asked for it.
    package let text: String
    /// The sentence of it that ``sentenceSimilarity`` is of; nothing where the text is one sentence or empty.
    package let nearestSentence: String?
    /// Its other fields, as JSON.
    package let metadata: String?
}

/// Milliseconds an output, by part: a batch's time divided by its outputs.
package struct Timing: Sendable, Hashable, Encodable {
    package let embed: Double
    package let search: Double
    package let refine: Double
}

extension AttributedOutput: Encodable {
    private enum Key: String, CodingKey {
        case id, error, attributions
        case noSource = "no_source"
        case timing = "timing_ms"
    }

    package static let omitsTiming = CodingUserInfoKey(rawValue: "omitsTiming")

    /// `{"attributions": […], "id", "no_source", "timing_ms": {…}}`, or `{"error", "id"}`.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(id, forKey: .id)
        switch result {
        case .failed(let message): try container.encode(message, forKey: .error)
        case .attributed(let attributions, let noSource, let timing):
            try container.encode(noSource, forKey: .noSource)
            try container.encode(attributions, forKey: .attributions)
            if let key = Self.omitsTiming, encoder.userInfo[key] as? Bool != true {
                try container.encode(timing, forKey: .timing)
            }
        }
    }
}

extension Attribution: Encodable {
    private enum Key: String, CodingKey {
        case rank, passage, score, similarity, influence
        case sourceID = "source_id"
        case pValue = "p_value"
        case sentenceSimilarity = "sentence_similarity"
        case relativeInfluence = "relative_influence"
        case tokenInfluence = "token_influence"
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(rank, forKey: .rank)
        try container.encode(sourceID, forKey: .sourceID)
        try container.encodeIfPresent(passage, forKey: .passage)
        try container.encode(score, forKey: .score)
        try container.encode(similarity, forKey: .similarity)
        try container.encode(sentenceSimilarity, forKey: .sentenceSimilarity)
        try container.encode(influence, forKey: .influence)
        try container.encode(pValue, forKey: .pValue)
        try container.encode(relativeInfluence, forKey: .relativeInfluence)
        try container.encode(tokenInfluence, forKey: .tokenInfluence)
    }
}
