internal import Foundation
internal import Kernels
internal import Probing
internal import VectorIndex

/// Where the sources stand among the rows that postings of words find, with what that costs.
struct RecallWords {
    struct Found {
        /// From 0, one for each query; nil where the source is not among the first.
        let ranks: [Int?]
        /// Of one core, a query.
        let milliseconds: Double
    }

    let probe: TokenProbe
    let input: RecallInput
    /// Bytes of the files a row.
    let bytesPerRow: Double
    /// Postings a row.
    let postingsPerRow: Double
    /// To write and close the files.
    let secondsToBuild: Double
    private let index: PostingsIndex
    private let queries: [QueryLikelihood.Query]

    init(_ input: RecallInput, rows: Int, probe: TokenProbe, folder: String) throws {
        (self.input, self.probe) = (input, probe)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var watch = Stopwatch()
        let writer = try PostingsWriter(folder: folder)
        for row in 0..<rows {
            let bag = input.words.bag(row)
            try writer.append(ids: bag.ids.span, counts: bag.counts.span, length: bag.length)
        }
        let summary = try writer.finish()
        watch.lap("build")
        secondsToBuild = watch.processorSeconds["build"] ?? 0
        postingsPerRow = Double(summary.postings) / Double(rows)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
        let bytes = try files.reduce(0) { sum, file in
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(file)")
            return sum + ((attributes[.size] as? Int) ?? 0)
        }
        bytesPerRow = Double(bytes) / Double(rows)
        index = try PostingsIndex(folder: folder)
        let counts = TokenCounts(texts: input.queries.map(\.text))
        queries = try (0..<counts.rows).map { row in
            let query = try probe.query(counts.bag(row))
            return QueryLikelihood.Query(
                ids: query.output.ids, counts: query.output.counts, gains: query.gains, length: query.output.length)
        }
    }

    /// - Parameters:
    ///   - count: rows to find for each query.
    ///   - budget: postings to read for each query; exact where nil.
    func search(count: Int, budget: Int?) throws -> Found {
        let scorer = QueryLikelihood(prior: probe.prior)
        // Once before, so that chunks are checked and in memory.
        _ = try index.search(Array(queries.prefix(20)), scorer: scorer, count: count, budget: budget, workers: 1)
        var watch = Stopwatch()
        let found = try index.search(queries, scorer: scorer, count: count, budget: budget, workers: 1)
        watch.lap("search")
        let ranks = zip(found, input.queries).map { neighbors, query in
            neighbors.firstIndex { query.sources.contains($0.row) }
        }
        return Found(
            ranks: ranks, milliseconds: (watch.processorSeconds["search"] ?? 0) * 1000 / Double(max(1, queries.count)))
    }
}
