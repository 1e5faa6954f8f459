internal import CKernels
internal import Kernels

/// Finds the centroids nearest to a query: scans one-bit codes of all of them, and measures those whose bound may be
/// among the nearest.
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
    /// ⟨R·o, c⟩.
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
        originProducts = (0..<centroids.rows).map { row in
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

    /// The nearest partitions of each query, nearest first; of equally near ones the first.
    ///
    /// - Parameters:
    ///   - queries: rotated.
    ///   - prepared: the same, quantised.
    func nearest(_ queries: Span<Float>, prepared: PreparedQueries, probes: Int) -> [[PartitionProbe]] {
        let width = codes.width
        let capacity = min(probes, centroids.rows)
        let lengths = (0..<prepared.count).map { query in
            let vector = queries.extracting(query * width..<(query + 1) * width)
            return dot(vector, vector)
        }
        var heaps = [ck_rabitq_best](repeating: ck_rabitq_best(), count: prepared.count * capacity)
        var sizes = [Int](repeating: 0, count: prepared.count)
        var survivors = [ck_rabitq_survivor](repeating: ck_rabitq_survivor(), count: Self.chunk)
        unsafe queries.withUnsafeBufferPointer { queries in
            unsafe centroids.elements.withUnsafeBufferPointer { vectors in
                unsafe blocks.withUnsafeBufferPointer { blocks in
                    unsafe squaredNorms.withUnsafeBufferPointer { biases in
                        unsafe heaps.withUnsafeMutableBufferPointer { heaps in
                            // A chunk of codes stays in the first cache while the queries pass over it.
                            for first in stride(from: 0, to: centroids.rows, by: Self.chunk) {
                                let count = min(Self.chunk, centroids.rows - first)
                                let codes =
                                    unsafe blocks.baseAddress! + first / PartitionCodes.blockRows * codes.blockBytes
                                for query in 0..<prepared.count {
                                    let heap = unsafe heaps.baseAddress! + query * capacity
                                    let bar = unsafe sizes[query] == capacity ? heap[0].key : .infinity
                                    let found = unsafe ck_rabitq_scan(
                                        codes, count, width, prepared.queries + query, lengths[query],
                                        PartitionedIndex.defaultConfidence * lengths[query].squareRoot(), bar,
                                        &survivors)
                                    unsafe sizes[query] = ck_rabitq_measure(
                                        &survivors, found, vectors.baseAddress! + first * width,
                                        biases.baseAddress! + first, width, queries.baseAddress! + query * width,
                                        -2, lengths[query], UInt32(first), heap,
                                        sizes[query], capacity)
                                }
                            }
                        }
                    }
                }
            }
        }
        return (0..<prepared.count).map { query in
            let found = heaps[query * capacity..<query * capacity + sizes[query]]
                .sorted { ($0.estimate, $0.row) < ($1.estimate, $1.row) }
            let vector = queries.extracting(query * width..<(query + 1) * width)
            let own = metric == .l2 ? 0 : dot(vector, rotatedOrigin.span) + squaredOriginNorm
            return found.map { best in
                let partition = Int(best.row)
                let squared = max(0, best.estimate)
                return PartitionProbe(
                    partition: partition,
                    offset: metric == .l2 ? best.estimate : -(own + product(vector, partition)),
                    distance: squared.squareRoot())
            }
        }
    }

    /// ⟨q' + R·o, c⟩.
    private func product(_ query: Span<Float>, _ partition: Int) -> Float {
        dot(query, centroids.elements.span.extracting(centroids.range(ofRow: partition))) + originProducts[partition]
    }

    /// Codes that a first-level cache holds.
    private static let chunk = 384
}
