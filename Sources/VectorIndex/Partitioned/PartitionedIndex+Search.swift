package import Kernels
internal import Storage

extension PartitionedIndex {
    /// Ranks the best by their exact vectors.
    package struct Reranking: Sendable {
        /// How many rows to rank for each query.
        package let candidates: Int
        /// The scores of rows by their exact vectors, in the order given: the greater is the better.
        package let scores: @Sendable (_ query: Span<Float>, _ rows: [Int]) throws(IndexError) -> [Float]

        package init(
            candidates: Int,
            scores: @escaping @Sendable (_ query: Span<Float>, _ rows: [Int]) throws(IndexError) -> [Float]
        ) {
            precondition(candidates > 0)
            self.candidates = candidates
            self.scores = scores
        }
    }

    /// How surely a row with a key among the best is not passed over: ε of the paper's bound, which holds for 97 % of
    /// vectors.
    package static let defaultConfidence: Float = 1.9

    package func search(
        _ queries: Matrix, count: Int, filter: RowSet?, workers: Int
    ) throws(IndexError) -> [[Neighbor]] {
        try search(queries, count: count, probes: probes(among: filter), filter: filter, workers: workers)
    }

    /// As many partitions as hold about as many rows that may be found as ``probes`` hold without a filter. Where less than
    /// half of all may be, they need not lie where the query looks: all partitions.
    private func probes(among filter: RowSet?) -> Int {
        guard let filter else { return probes }
        let share = Double(filter.population) / Double(max(1, self.count))
        return share < 0.5 ? model.partitions : min(model.partitions, Int((Double(probes) / share).rounded(.up)))
    }

    /// The `count` best rows of each query, best first, as far as they lie in the partitions looked into.
    ///
    /// - Parameters:
    ///   - queries: row-major `[queries × dimension]`, all finite.
    ///   - probes: how many partitions to look into; at least 1.
    ///   - filter: rows that may be returned; all where nil. A row at or beyond its count may not.
    ///   - reranking: where given, scores are exact; else they are estimates from all bits.
    ///   - confidence: ε: how many units of its error a vector's bound lies below its estimate. Less is faster and misses
    ///     more.
    ///   - workers: threads; the result does not depend on it.
    /// - Throws: `wrongDimension`, `notFinite`, `damaged`, and what `reranking` throws.
    /// - Complexity: about 1 bit a dimension of each centroid and of each vector looked at.
    package func search(
        _ queries: Matrix, count: Int, probes: Int, filter: RowSet? = nil, reranking: Reranking? = nil,
        confidence: Float = defaultConfidence, workers: Int
    ) throws(IndexError) -> [[Neighbor]] {
        precondition(probes > 0 && confidence >= 0)
        guard queries.columns == dimension else {
            throw .wrongDimension(expected: dimension, found: queries.columns)
        }
        let elements = queries.elements.span
        for query in 0..<queries.rows {
            let vector = elements.extracting(queries.range(ofRow: query))
            guard dot(vector, vector).isFinite else { throw .notFinite(query: query) }
        }
        guard queries.rows > 0, count > 0, self.count > 0 else { return Array(repeating: [], count: queries.rows) }
        let request = Request(
            count: count, probes: probes, capacity: min(self.count, max(count, reranking?.candidates ?? 0)),
            filter: filter, reranking: reranking, confidence: confidence)
        if queries.rows < workers {
            var results: [[Neighbor]] = []
            for query in 0..<queries.rows {
                results.append(
                    try searchOne(elements.extracting(queries.range(ofRow: query)), request, workers: workers))
            }
            return results
        }
        let share = (queries.rows + workers - 1) / workers
        let parts = Parallel.map(count: queries.rows, blockSize: min(share, Self.batchRows), workers: workers) { rows in
            Result { () throws(IndexError) in
                try searchBatch(
                    elements.extracting(rows.lowerBound * dimension..<rows.upperBound * dimension), request)
            }
        }
        var results: [[Neighbor]] = []
        for part in parts { results += try part.get() }
        return results
    }

    /// What is asked of each query.
    private struct Request: Sendable {
        let count: Int
        let probes: Int
        let capacity: Int
        let filter: RowSet?
        let reranking: Reranking?
        let confidence: Float
    }

    /// So many queries share one reading of a partition.
    private static let batchRows = 1024

    private func batch(_ queries: Span<Float>, _ request: Request) -> QueryBatch {
        QueryBatch(
            queries, model: model, probes: request.probes, capacity: request.capacity,
            confidence: request.confidence, largest: largest)
    }

    private func searchBatch(_ queries: Span<Float>, _ request: Request) throws(IndexError) -> [[Neighbor]] {
        let batch = batch(queries, request)
        // Each query's nearest partition first: it holds the most of the best, and so the others are passed over sooner.
        try look(batch, ranks: 0..<1, request)
        try look(batch, ranks: 1..<request.probes, request)
        var results: [[Neighbor]] = []
        for query in 0..<batch.count {
            let vector = queries.extracting(query * dimension..<(query + 1) * dimension)
            results.append(try finish(batch.best(query), query: vector, request))
        }
        return results
    }

    /// One query, its partitions shared out among the workers.
    private func searchOne(
        _ query: Span<Float>, _ request: Request, workers: Int
    ) throws(IndexError) -> [Neighbor] {
        let batch = batch(query, request)
        try look(batch, ranks: 0..<1, request)
        let rest = batch.probes.perQuery - 1
        if rest > 0 {
            let share = (rest + workers - 1) / workers
            let parts = Parallel.map(count: rest, blockSize: share, workers: workers) { range in
                Result { () throws(IndexError) in
                    let part = self.batch(query, request)
                    try look(part, ranks: range.lowerBound + 1..<range.upperBound + 1, request)
                    return Found(batch: part)
                }
            }
            for part in parts { batch.merge(try part.get().batch) }
        }
        return try finish(batch.best(0), query: query, request)
    }

    /// A batch that one thread hands to another.
    private struct Found: @unchecked Sendable {
        // Unchecked because the thread that filled it has done with it.
        let batch: QueryBatch
    }

    /// Looks into the partitions of some ranks, those of all queries grouped by partition.
    private func look(_ batch: QueryBatch, ranks: Range<Int>, _ request: Request) throws(IndexError) {
        let (places, starts) = batch.probes.grouped(ranks: ranks, partitions: model.partitions)
        do {
            try unsafe withFilter(request.filter) { allowed, allowedRows throws(StorageError) in
                for partition in 0..<model.partitions where starts[partition] < starts[partition + 1] {
                    for place in self.places[partition] {
                        let view = try unsafe files[Int(place.file)].view(of: Int(place.entry))
                        if let words = unsafe allowed {
                            guard unsafe place.hasRow(of: view, among: words, count: allowedRows) else { continue }
                        }
                        for first in stride(from: starts[partition], to: starts[partition + 1], by: QueryBatch.group) {
                            let last = min(first + QueryBatch.group, starts[partition + 1])
                            unsafe batch.look(
                                places.span.extracting(first..<last), view, place: place, allowed: allowed,
                                allowedRows: allowedRows)
                        }
                    }
                }
            }
        } catch {
            throw .damaged(error)
        }
    }

    private func withFilter(
        _ filter: RowSet?, _ body: (UnsafeBufferPointer<UInt64>?, Int) throws(StorageError) -> Void
    ) throws(StorageError) {
        guard let filter else { return try body(nil, 0) }
        try unsafe filter.words.span.withUnsafeBufferPointer { words throws(StorageError) in
            try unsafe body(words, filter.count)
        }
    }

    /// The best `count`, by their exact vectors where the request has them.
    private func finish(
        _ found: [Neighbor], query: Span<Float>, _ request: Request
    ) throws(IndexError) -> [Neighbor] {
        guard let reranking = request.reranking else { return Array(found.prefix(request.count)) }
        let candidates = found.prefix(reranking.candidates).map(\.row)
        let scores = try reranking.scores(query, candidates)
        precondition(scores.count == candidates.count, "a score for each row")
        let ranked = zip(candidates, scores).map { Neighbor(row: $0, score: $1) }
        let sorted = ranked.sorted { $0.score != $1.score ? $0.score > $1.score : $0.row < $1.row }
        return Array(sorted.prefix(request.count))
    }
}
