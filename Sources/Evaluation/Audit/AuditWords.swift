internal import Foundation

/// What an audit says in words.
enum AuditWords {
    static func headline(_ verdict: AuditOutput.Verdict, level: Double) -> String {
        switch verdict {
        case .sourceFound: "Source found"
        case .noSource: "No source found at level \(Numerals.pValue(level))"
        case .untested: "Not tested"
        }
    }

    /// One sentence on what the verdict rests on.
    static func explanation(_ verdict: AuditOutput.Verdict) -> String {
        switch verdict {
        case .sourceFound(let value):
            "p = \(Numerals.pValue(value)): of outputs without a source in this corpus and of about as many words, \(frequency(value)) would have a best match that scores this high."
        case .noSource(let value):
            "p = \(Numerals.pValue(value)): of outputs without a source in this corpus and of about as many words, \(frequency(value)) would have a best match that scores this high, so what is listed is the nearest there is and not a finding."
        case .untested:
            "There is no null distribution of these scores, or none large enough for the level, to tell a match from chance, so what is listed are candidates and not findings."
        }
    }

    /// A p-value as a count: "about 4 in 1 000".
    static func frequency(_ pValue: Double) -> String {
        guard pValue < 0.995 else { return "nearly all" }
        guard pValue > 0 else { return "none of those drawn" }
        var total = 100
        while pValue * Double(total) < 2.5, total < 1_000_000_000 { total *= 10 }
        return "about \(Int((pValue * Double(total)).rounded())) in \(Numerals.count(total))"
    }

    /// The scores of a source, in the order they are shown, with their short names.
    static func scores(_ scores: AuditSource.Scores) -> [Fact] {
        var facts = [Fact("score", Numerals.fixed(scores.score, 3))]
        if let value = scores.pValue { facts.append(Fact("p-value", Numerals.pValue(value))) }
        if let value = scores.similarity { facts.append(Fact("similarity", Numerals.fixed(value, 3))) }
        if let value = scores.sentenceSimilarity {
            facts.append(Fact("sentence similarity", Numerals.fixed(value, 3)))
        }
        if let value = scores.influence { facts.append(Fact("influence", Numerals.significant(value))) }
        if let value = scores.relativeInfluence {
            facts.append(Fact("relative influence", Numerals.significant(value)))
        }
        if let value = scores.tokenInfluence { facts.append(Fact("token influence", Numerals.significant(value))) }
        return facts
    }

    /// What each number means; the names are those of ``scores(_:)``.
    static let legend = [
        Fact(
            "score",
            "What the sources are ranked by; higher is better. The run's own ranking weighs the measures below together; another method, named at the end, has a score of its own."
        ),
        Fact(
            "p-value",
            "How often an output without a source in this corpus, of about as many words, has a best match that scores at least this high. The smaller, the harder the match is to put down to chance."
        ),
        Fact(
            "similarity",
            "How alike the two texts are, by their fingerprints: 1 is equal, about 0 is unrelated. It corroborates; it does not show that the source was used."
        ),
        Fact(
            "sentence similarity",
            "How alike the output and the source's nearest sentence are, by their embeddings. Read like similarity; in a long source it finds what the whole hides."
        ),
        Fact(
            "influence",
            "How a little more weight on this source in training would change a probe's loss on the output. Negative speaks for the source, and the more negative, the more; positive speaks against it."
        ),
        Fact(
            "relative influence",
            "Influence for its size: divided by the square root of the source's influence on itself, so that an odd text does not stand out for being odd. Read like influence."
        ),
        Fact(
            "token influence",
            "Influence under a probe that sees the words themselves and not only the meaning. Where the run has near words, a word of the output that the source lacks counts a little by the nearest one it has; such words are not marked in the texts. Read like influence."
        ),
    ]
}
