internal import CKernels
internal import Kernels

/// Finds the centroids nearest to a query: scans one-bit codes of all of them, and measures those whose bound may be
/// among the nearest.
///
/// A tree of centroids would have fewer to compare, but where clusters have no hierarchy its inner nodes say little, and
/// neighbours are lost that no number of probes brings back. A code is scanned in a few cycles.
struct CentroidScan: Sendable {
    let metric: Metric
    private let centroids: Matrix
    private let codes: PartitionCodes
    private let blocks: [UInt8]
    /// What is added to −2⟨q, c⟩ or −⟨q, c⟩: ‖c‖², or −⟨R·o, c⟩.
    private let biases: [Float]
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
        biases = (0..<centroids.rows).map { row in
            let centroid = centroids.elements.span.extracting(centroids.range(ofRow: row))
            return metric == .l2 ? dot(centroid, centroid) : -dot(centroid, rotatedOrigin.span)
        }
        let zero = Matrix(rows: 1, columns: centroids.columns)
        let labels = [UInt32](repeating: 0, count: centroids.rows)
        let rows = codes.encode(
            centroids.elements.span, order: Array(0..<centroids.rows)[...], labels: labels.span, centroids: zero,
            origin: rotatedOrigin, metric: metric)
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

    /// What begins a key of a query before any centroid is looked at, and ‖q'‖.
    private func start(_ query: Span<Float>) -> (offset: Float, length: Float) {
        let squared = dot(query, query)
        let offset = metric == .l2 ? squared : -dot(query, rotatedOrigin.span) - squaredOriginNorm
        return (offset, squared.squareRoot())
    }

    /// The nearest partitions of each query, nearest first; of equally near ones the first.
    ///
    /// - Parameters:
    ///   - queries: rotated.
    ///   - prepared: the same, quantised.
    func nearest(_ queries: Span<Float>, prepared: PreparedQueries, probes: Int) -> [[PartitionProbe]] {
        let width = codes.width
        let capacity = min(probes, centroids.rows)
        let starts = (0..<prepared.count).map { start(queries.extracting($0 * width..<($0 + 1) * width)) }
        var heaps = [ck_rabitq_best](repeating: ck_rabitq_best(), count: prepared.count * capacity)
        var sizes = [Int](repeating: 0, count: prepared.count)
        var survivors = [ck_rabitq_survivor](repeating: ck_rabitq_survivor(), count: Self.chunk)
        unsafe queries.withUnsafeBufferPointer { queries in
            unsafe centroids.elements.withUnsafeBufferPointer { vectors in
                unsafe blocks.withUnsafeBufferPointer { blocks in
                    unsafe biases.withUnsafeBufferPointer { biases in
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
                                        codes, count, width, prepared.queries + query, starts[query].offset,
                                        PartitionedIndex.defaultConfidence * starts[query].length, bar, &survivors)
                                    unsafe sizes[query] = ck_rabitq_measure(
                                        &survivors, found, vectors.baseAddress! + first * width,
                                        biases.baseAddress! + first, width, queries.baseAddress! + query * width,
                                        metric == .l2 ? -2 : -1, starts[query].offset, UInt32(first), heap,
                                        sizes[query], capacity)
                                }
                            }
                        }
                    }
                }
            }
        }
        return (0..<prepared.count).map { query in
            heaps[query * capacity..<query * capacity + sizes[query]].map { best in
                let partition = Int(best.row)
                return PartitionProbe(
                    partition: partition, offset: best.estimate,
                    distance: distance(best.estimate, partition, starts[query]))
            }.sorted { ($0.offset, $0.partition) < ($1.offset, $1.partition) }
        }
    }

    /// ‖q − c‖ from the measure.
    private func distance(_ measure: Float, _ partition: Int, _ start: (offset: Float, length: Float)) -> Float {
        guard metric == .innerProduct else { return max(0, measure).squareRoot() }
        let product = start.offset + biases[partition] - measure
        let centroid = centroids.elements.span.extracting(centroids.range(ofRow: partition))
        return max(0, start.length * start.length + dot(centroid, centroid) - 2 * product).squareRoot()
    }

    /// Codes that a first-level cache holds.
    private static let chunk = 384
}
