package import Kernels

/// How many of the exact nearest rows a search finds, by the partitions it looks into.
package struct RecallTable: Codable, Sendable, Hashable {
    package struct Line: Codable, Sendable, Hashable {
        package let probes: Int
        /// The share of the exact neighbours found, over all queries.
        package let recall: Double
    }

    /// How many neighbours were asked for.
    package let count: Int
    /// By rising probes.
    package let lines: [Line]

    /// The fewest probes, of those measured, that reach a recall; nil where none does.
    package func probes(reaching target: Double) -> Int? { lines.first { $0.recall >= target }?.probes }
}

extension PartitionedIndex {
    /// Measures recall on queries whose neighbours are known.
    ///
    /// - Parameters:
    ///   - queries: held out, row-major `[queries × dimension]`, at least one.
    ///   - exact: for each query its nearest rows, nearest first, from an exact search; the first `count` are looked for.
    ///   - candidates: how many rows a search returns, among which the neighbours are looked for; `count` where nil. A
    ///     caller who ranks candidates by their exact vectors has all neighbours that are among them.
    ///   - probes: the numbers of partitions to try.
    /// - Throws: as ``search(_:count:probes:filter:reranking:confidence:workers:)``.
    package func recall(
        _ queries: Matrix, exact: [[Int]], count: Int, candidates: Int? = nil, probes: [Int],
        filter: RowSet? = nil, workers: Int
    ) throws(IndexError) -> RecallTable {
        precondition(exact.count == queries.rows && queries.rows > 0 && count > 0)
        let wanted = exact.map { Set($0.prefix(count)) }
        let total = wanted.reduce(0) { $0 + $1.count }
        var lines: [RecallTable.Line] = []
        for number in Set(probes).sorted() {
            let found = try search(
                queries, count: max(count, candidates ?? 0), probes: number, filter: filter, workers: workers)
            let hits = zip(found, wanted).reduce(0) { sum, pair in
                sum + pair.0.count { pair.1.contains($0.row) }
            }
            lines.append(RecallTable.Line(probes: number, recall: Double(hits) / Double(max(1, total))))
        }
        return RecallTable(count: count, lines: lines)
    }
}
