internal import CKernels
internal import Kernels

/// Finds the centroids nearest to a query: scans one-bit codes of all of them, measures those with the least bounds, and
/// then those whose bound lies below what that found.
///
/// A tree of centroids would have fewer to compare, but where clusters have no hierarchy its inner nodes say little, and
/// neighbours are lost that no number of probes brings back. A code is scanned in a few cycles.
///
/// Near is by Euclidean distance under either metric, because partitions hold what is near in that sense. Of vectors of one
/// length, as fingerprints are, the nearest have the largest products too.
struct CentroidScan: Sendable {
    let metric: Metric
    private let centroids: Matrix
    private let codes: PartitionCodes
    private let blocks: [UInt8]
    /// ‖c‖².
    private let squaredNorms: [Float]
    /// ⟨R·o, c⟩; none under `l2`, which has no use for them.
    private let originProducts: [Float]
    private let rotatedOrigin: [Float]
    private let squaredOriginNorm: Float

    /// - Parameters:
    ///   - centroids: rotated.
    ///   - rotatedOrigin: R·o.
    init(_ centroids: Matrix, rotatedOrigin: [Float], metric: Metric) {
        self.centroids = centroids
        self.metric = metric
        self.rotatedOrigin = rotatedOrigin
        let codes = PartitionCodes(width: centroids.columns, bits: 1)
        self.codes = codes
        squaredOriginNorm = dot(rotatedOrigin.span, rotatedOrigin.span)
        squaredNorms = (0..<centroids.rows).map { row in
            let centroid = centroids.elements.span.extracting(centroids.range(ofRow: row))
            return dot(centroid, centroid)
        }
        originProducts = (0..<(metric == .l2 ? 0 : centroids.rows)).map { row in
            dot(centroids.elements.span.extracting(centroids.range(ofRow: row)), rotatedOrigin.span)
        }
        let zero = Matrix(rows: 1, columns: centroids.columns)
        let labels = [UInt32](repeating: 0, count: centroids.rows)
        let rows = codes.encode(
            centroids.elements.span, order: Array(0..<centroids.rows)[...], labels: labels.span, centroids: zero,
            origin: rotatedOrigin, metric: .l2)
        var blocks: [UInt8] = []
        var block = CodeBlock(codes)
        for row in 0..<centroids.rows {
            block.append(rows, row)
            if block.isFull || row == centroids.rows - 1 {
                block.seal()
                blocks += block.bytes
                block.removeAll()
            }
        }
        self.blocks = blocks
    }

    /// The nearest partitions of each query: the nearest first, the others in no order; of equally near ones any, but
    /// always the same.
    ///
    /// - Parameters:
    ///   - queries: rotated.
    ///   - prepared: the same, quantised.
    ///   - probes: how many for each query; as many as there are where there are fewer.
    ///   - confidence: ε of the bounds.
    func nearest(
        _ queries: Span<Float>, prepared: PreparedQueries, probes: Int, confidence: Float
    ) -> PartitionProbes {
        let width = codes.width
        let capacity = min(probes, centroids.rows)
        let group = QueryBatch.group
        let count = centroids.rows
        let padded = (count + 31) / 32 * 32
        // The nearest must be found; of many, the farthest matter little.
        let tried = probes == 1 ? 1 : min(count, 2 * probes + 16)
        var found: [PartitionProbe] = []
        found.reserveCapacity(prepared.count * capacity)
        let bounds = UnsafeMutablePointer<Float>.allocate(capacity: group * padded)
        let visits = UnsafeMutablePointer<ck_rabitq_visit>.allocate(capacity: group)
        let places = UnsafeMutablePointer<UInt32>.allocate(capacity: count)
        let scratch = UnsafeMutablePointer<Float>.allocate(capacity: 2 * count)
        let best = UnsafeMutablePointer<ck_rabitq_best>.allocate(capacity: 2 * count)
        defer {
            unsafe bounds.deallocate()
            unsafe visits.deallocate()
            unsafe places.deallocate()
            unsafe scratch.deallocate()
            unsafe best.deallocate()
        }
        for first in stride(from: 0, to: prepared.count, by: group) {
            let members = first..<min(prepared.count, first + group)
            for query in members {
                let length = length(queries, query)
                unsafe visits[query - first] = ck_rabitq_visit(
                    query: prepared.queries + query, offset: length, spread: confidence * length.squareRoot(),
                    threshold: .infinity, out: nil, bounds: bounds + (query - first) * padded, warm: nil, record: 0,
                    found: 0)
            }
            unsafe ck_rabitq_scan(blocks, count, width, visits, members.count)
            for query in members {
                let vector = queries.extracting(query * width..<(query + 1) * width)
                let size = unsafe vector.withUnsafeBufferPointer { vector in
                    unsafe ck_rabitq_nearest(
                        bounds + (query - first) * padded, count, centroids.elements, squaredNorms, width,
                        vector.baseAddress, length(queries, query), capacity, tried, places, scratch, best)
                }
                let own = metric == .l2 ? 0 : dot(vector, rotatedOrigin.span) + squaredOriginNorm
                for rank in 0..<capacity {
                    guard rank < size else {
                        found.append(PartitionProbe(partition: -1, offset: .infinity, distance: .infinity))
                        continue
                    }
                    let partition = unsafe Int(best[rank].row)
                    let measure = unsafe best[rank].estimate
                    found.append(
                        PartitionProbe(
                            partition: partition,
                            offset: metric == .l2 ? measure : -(own + product(vector, partition)),
                            distance: max(0, measure).squareRoot()))
                }
            }
        }
        return PartitionProbes(queries: prepared.count, perQuery: capacity, found)
    }

    private func length(_ queries: Span<Float>, _ query: Int) -> Float {
        let vector = queries.extracting(query * codes.width..<(query + 1) * codes.width)
        return dot(vector, vector)
    }

    /// ⟨q' + R·o, c⟩.
    private func product(_ query: Span<Float>, _ partition: Int) -> Float {
        dot(query, centroids.elements.span.extracting(centroids.range(ofRow: partition))) + originProducts[partition]
    }

    /// ε for the partitions of a search, lower than for an assignment: the farthest of many matter little.
    static let searchConfidence: Float = 0.5
}
