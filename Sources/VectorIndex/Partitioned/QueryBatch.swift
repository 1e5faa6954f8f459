internal import CKernels
internal import Kernels

/// Queries rotated, quantised and routed, with the best rows found for each so far.
@safe final class QueryBatch {
    let count: Int
    /// For each query the partitions it looks into, nearest first.
    let probes: [[PartitionProbe]]
    private let capacity: Int
    private let codes: PartitionCodes
    /// How far below its estimate a vector's bound lies, in units of its error.
    private let confidence: Float
    private let prepared: PreparedQueries
    private let heaps: UnsafeMutablePointer<ck_rabitq_best>
    private var sizes: [Int]
    private let survivors: UnsafeMutablePointer<ck_rabitq_survivor>

    /// - Parameters:
    ///   - queries: row-major `[count × dimension]`, finite.
    ///   - capacity: the best rows to keep for each.
    ///   - largest: the most vectors that a partition has in one file.
    init(
        _ queries: Span<Float>, model: PartitionModel, probes: Int, capacity: Int, confidence: Float, largest: Int
    ) {
        let rotated = model.rotated(queries, workers: 1)
        codes = model.codes
        prepared = PreparedQueries(rotated.span, codes: codes)
        count = prepared.count
        self.probes = model.routing.nearest(rotated.span, prepared: prepared, probes: probes)
        self.capacity = capacity
        self.confidence = confidence
        sizes = [Int](repeating: 0, count: count)
        unsafe heaps = .allocate(capacity: capacity * count)
        unsafe survivors = .allocate(capacity: (largest + 31) / 32 * 32)
    }

    deinit {
        unsafe heaps.deallocate()
        unsafe survivors.deallocate()
    }

    /// Looks into one partition of one file for one query.
    ///
    /// - Parameter allowed: rows that may be kept; all where nil.
    @unsafe func look(
        _ query: Int, _ probe: PartitionProbe, _ view: SliceFile.View, place: PartitionedIndex.Place,
        allowed: UnsafeBufferPointer<UInt64>?, allowedRows: Int
    ) {
        let heap = unsafe heaps + capacity * query
        let threshold = unsafe sizes[query] == capacity ? heap[0].key : .infinity
        let found = unsafe ck_rabitq_scan(
            view.hot, Int(place.count), codes.width, prepared.queries + query, probe.offset,
            confidence * probe.distance,
            threshold, survivors)
        guard found > 0 else { return }
        var partition = unsafe ck_rabitq_partition(
            warm: view.warm, rows: view.rows, allowed: allowed?.baseAddress, allowed_rows: allowedRows,
            first_row: place.firstRow)
        unsafe sizes[query] = ck_rabitq_rank(
            survivors, found, &partition, codes.width, UInt32(codes.bits), prepared.queries + query, probe.offset, heap,
            sizes[query], capacity)
    }

    /// Adds what another batch of the same queries found.
    func merge(_ other: QueryBatch) {
        for query in 0..<count {
            for index in 0..<other.sizes[query] {
                unsafe sizes[query] = ck_rabitq_keep(
                    other.heaps[capacity * query + index], heaps + capacity * query, sizes[query], capacity)
            }
        }
    }

    /// The best of one query by their estimates, best first.
    func best(_ query: Int) -> [Neighbor] {
        (0..<sizes[query]).map { index in
            let found = unsafe heaps[capacity * query + index]
            return Neighbor(row: Int(found.row), score: -found.estimate)
        }.sorted { $0.score != $1.score ? $0.score > $1.score : $0.row < $1.row }
    }
}
