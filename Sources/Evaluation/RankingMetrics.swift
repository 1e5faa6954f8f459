/// How well ranked lists agree with the known sources, over the queries that have one.
///
/// Precision at 1 is the share of queries whose first result is a source; hit at k, the share with a source among the
/// first k; the reciprocal rank is 1 over the first source's rank, 0 when there is none in the list.
package struct RankingMetrics: Sendable, Hashable {
    /// Queries with at least one known source.
    package private(set) var queries = 0
    private var firsts = 0
    private var hits = 0
    private var reciprocalRanks = 0.0
    /// The depth of ``hitRate``.
    package let depth: Int

    package init(depth: Int = 10) { self.depth = depth }

    /// Counts one query.
    ///
    /// - Parameters:
    ///   - ranked: source ids, best first; read to ``depth``.
    ///   - relevant: the known sources; a query with none is not counted.
    package mutating func add(ranked: [String], relevant: Set<String>) {
        guard !relevant.isEmpty else { return }
        queries += 1
        guard let rank = ranked.prefix(depth).firstIndex(where: relevant.contains) else { return }
        if rank == 0 { firsts += 1 }
        hits += 1
        reciprocalRanks += 1 / Double(rank + 1)
    }

    package var precisionAt1: Double { share(Double(firsts)) }
    package var hitRate: Double { share(Double(hits)) }
    package var meanReciprocalRank: Double { share(reciprocalRanks) }

    private func share(_ sum: Double) -> Double { queries == 0 ? 0 : sum / Double(queries) }
}
