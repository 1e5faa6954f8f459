/// Means of the ranking metrics over the queries that have a known source.
package struct RankingMetrics: Sendable, Hashable {
    /// Queries with at least one known source.
    package private(set) var queries = 0
    /// Distinct sources read of each ranking; ``hitRate`` and the reciprocal rank are to this depth.
    package let depth: Int
    private var hits = 0
    private var sums = [Double](repeating: 0, count: RankingMetric.allCases.count)

    package init(depth: Int = 10) { self.depth = depth }

    /// Counts one query; one without a known source is left out.
    ///
    /// - Returns: what the ranking got right, for a paired comparison; nil when the query is left out.
    /// - Complexity: O(depth) for rankings without repeated sources.
    @discardableResult
    package mutating func add(ranked: [String], relevant: Set<String>) -> RankingOutcome? {
        guard let outcome = RankingOutcome(ranked: ranked, relevant: relevant, depth: depth) else { return nil }
        queries += 1
        if outcome.firstRank != nil { hits += 1 }
        for (index, metric) in RankingMetric.allCases.enumerated() { sums[index] += outcome.value(metric) }
        return outcome
    }

    /// The mean of a metric; 0 without queries.
    package func mean(_ metric: RankingMetric) -> Double {
        share(sums[RankingMetric.allCases.firstIndex(of: metric)!])
    }

    package var precisionAt1: Double { mean(.precisionAt1) }
    /// The share of queries with a source among the first ``depth``.
    package var hitRate: Double { share(Double(hits)) }
    package var meanReciprocalRank: Double { mean(.reciprocalRank) }

    private func share(_ sum: Double) -> Double { queries == 0 ? 0 : sum / Double(queries) }
}
