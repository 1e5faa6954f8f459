/// What is measured on one ranking, always in `0 ... 1`, higher is better.
package enum RankingMetric: String, CaseIterable, Hashable, Sendable {
    /// Whether the first result is a source.
    case precisionAt1
    /// Sources among the first five, over five.
    case precisionAt5
    /// Whether a source is among the first five.
    case hitAt5
    /// Whether a source is among the first ten.
    case hitAt10
    /// Sources among the first five, over all known sources.
    case recallAt5
    /// 1 over the first source's rank; 0 when none is in the list.
    case reciprocalRank

    /// The usual short name, for a table's head.
    package var name: String {
        switch self {
        case .precisionAt1: "P@1"
        case .precisionAt5: "P@5"
        case .hitAt5: "hit@5"
        case .hitAt10: "hit@10"
        case .recallAt5: "recall@5"
        case .reciprocalRank: "MRR"
        }
    }
}

/// What one ranking got right: all that the metrics need of a query, in a few bytes.
package struct RankingOutcome: Hashable, Sendable {
    /// Rank of the first source, from 1; nil when there is none to the depth read.
    package let firstRank: Int?
    /// Sources among the first five.
    package let foundInFive: Int
    /// Known sources.
    package let relevant: Int

    /// Compares a ranking with the known sources; nil for a query that has none.
    ///
    /// A source that the ranking names again (another of its passages) counts once, at its best rank, and what follows
    /// moves up: ranks are ranks of sources.
    ///
    /// - Parameters:
    ///   - ranked: source ids, best first.
    ///   - relevant: the known sources.
    ///   - depth: distinct sources that are read.
    package init?(ranked: some Sequence<String>, relevant: Set<String>, depth: Int = 10) {
        precondition(depth > 0, "a ranking is read to depth 1 at least")
        guard !relevant.isEmpty else { return nil }
        var seen: Set<String> = []
        var first: Int?
        var found = 0
        for source in ranked where seen.insert(source).inserted {
            if relevant.contains(source) {
                if first == nil { first = seen.count }
                if seen.count <= 5 { found += 1 }
            }
            if seen.count == depth { break }
        }
        (firstRank, foundInFive, self.relevant) = (first, found, relevant.count)
    }

    package func value(_ metric: RankingMetric) -> Double {
        let rank = firstRank ?? Int.max
        return switch metric {
        case .precisionAt1: rank == 1 ? 1 : 0
        case .precisionAt5: Double(foundInFive) / 5
        case .hitAt5: rank <= 5 ? 1 : 0
        case .hitAt10: rank <= 10 ? 1 : 0
        case .recallAt5: Double(foundInFive) / Double(relevant)
        case .reciprocalRank: firstRank.map { 1 / Double($0) } ?? 0
        }
    }
}
