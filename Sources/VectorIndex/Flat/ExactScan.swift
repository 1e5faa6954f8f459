package import Kernels

/// The exact neighbours of a batch of queries among vectors that come block by block, from wherever they lie.
///
/// The reference that approximate indexes are measured against. Nothing depends on the workers or on how rows are cut.
package struct ExactScan {
    private let queries: Matrix
    private let metric: Metric
    private let filter: RowSet?
    private var best: [TopCandidates]

    private static let tileQueries = 32

    /// - Parameters:
    ///   - queries: `[queries × dimension]`.
    ///   - count: neighbours of each.
    ///   - filter: rows that may be found; all where nil.
    package init(_ queries: Matrix, count: Int, metric: Metric, filter: RowSet? = nil) {
        self.queries = queries
        self.metric = metric
        self.filter = filter
        best = [TopCandidates](repeating: TopCandidates(capacity: count), count: queries.rows)
    }

    /// - Parameters:
    ///   - vectors: row-major `[rows × dimension]`.
    ///   - firstRow: the number of the first of them.
    /// - Complexity: 2·queries·rows·dimension operations.
    package mutating func add(_ vectors: Span<Float>, firstRow: Int, workers: Int) {
        let dimension = queries.columns
        let rows = vectors.count / dimension
        precondition(vectors.count == rows * dimension)
        guard rows > 0 else { return }
        // ‖x‖² − 2⟨q, x⟩ orders as the distance does.
        let norms: [Float] =
            metric == .l2
            ? (0..<rows).map { row in
                let vector = vectors.extracting(row * dimension..<(row + 1) * dimension)
                return dot(vector, vector)
            } : []
        let factor: Float = metric == .l2 ? -2 : -1
        let (queries, known, allowed) = (queries, best, filter?.words ?? [])
        let parts = Parallel.map(count: queries.rows, blockSize: Self.tileQueries, workers: workers) { range in
            var products = [Float](repeating: 0, count: range.count * rows)
            var output = products.mutableSpan
            let elements = range.lowerBound * dimension..<range.upperBound * dimension
            blockDots(
                queries.elements.span.extracting(elements), rows: range.count, vectors, count: rows,
                dimension: dimension, into: &output)
            return range.map { query in
                var own = known[query]
                let first = (query - range.lowerBound) * rows
                own.offer(
                    dots: products.span.extracting(first..<first + rows), bias: norms.span, factor: factor,
                    first: UInt32(firstRow), allowed: allowed.span)
                return own
            }
        }
        best = parts.flatMap(\.self)
    }

    /// For each query its nearest rows, nearest first.
    package var rows: [[Int]] { best.map { $0.sorted.map { Int($0.row) } } }
}
