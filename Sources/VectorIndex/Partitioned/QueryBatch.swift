internal import CKernels
internal import Kernels

/// Queries rotated, quantised and routed, with the best rows found for each so far.
@safe final class QueryBatch {
    let count: Int
    /// The partitions that each looks into.
    let probes: PartitionProbes
    private let capacity: Int
    private let codes: PartitionCodes
    /// How far below its estimate a vector's bound lies, in units of its error.
    private let confidence: Float
    private let prepared: PreparedQueries
    private let heaps: UnsafeMutablePointer<ck_rabitq_best>
    private let sizes: UnsafeMutablePointer<Int>
    private let visits: UnsafeMutablePointer<ck_rabitq_visit>
    /// ``group`` times room for a partition.
    private let survivors: UnsafeMutablePointer<ck_rabitq_survivor>
    private let room: Int
    /// Room for a hot code.
    private let code: UnsafeMutablePointer<UInt8>

    /// As many queries look into a partition at once: a kernel unpacks a code once for all of them.
    static let group = 4

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
        self.probes = model.routing.nearest(
            rotated.span, prepared: prepared, probes: probes, confidence: CentroidScan.searchConfidence)
        self.capacity = capacity
        self.confidence = confidence
        room = (largest + 31) / 32 * 32
        unsafe heaps = .allocate(capacity: capacity * count)
        unsafe sizes = .allocate(capacity: count)
        unsafe sizes.initialize(repeating: 0, count: count)
        unsafe visits = .allocate(capacity: Self.group)
        unsafe survivors = .allocate(capacity: Self.group * room)
        unsafe code = .allocate(capacity: codes.hotBytes)
    }

    deinit {
        unsafe heaps.deallocate()
        unsafe sizes.deallocate()
        unsafe visits.deallocate()
        unsafe survivors.deallocate()
        unsafe code.deallocate()
    }

    /// Looks into one partition of one file for at most ``group`` different queries.
    ///
    /// - Parameters:
    ///   - probes: where their probes of this partition stand in ``probes``.
    ///   - allowed: rows that may be kept; all where nil.
    @unsafe func look(
        _ places: Span<UInt32>, _ view: SliceFile.View, place: PartitionedIndex.Place,
        allowed: UnsafeBufferPointer<UInt64>?, allowedRows: Int
    ) {
        for index in places.indices {
            let (query, probe) = probes[Int(places[index])]
            let isFull = unsafe sizes[query] == capacity
            unsafe visits[index] = ck_rabitq_visit(
                query: prepared.queries + query, offset: probe.offset, spread: confidence * probe.distance,
                threshold: isFull ? heaps[capacity * query].key : .infinity, out: survivors + index * room, bounds: nil,
                warm: isFull ? view.warm : nil, record: codes.recordBytes, found: 0)
        }
        unsafe ck_rabitq_scan(view.hot, Int(place.count), codes.width, visits, places.count)
        var partition = unsafe ck_rabitq_partition(
            hot: view.hot, warm: view.warm, rows: view.rows, allowed: allowed?.baseAddress, allowed_rows: allowedRows,
            first_row: place.firstRow)
        for index in places.indices where unsafe visits[index].found > 0 {
            let (query, probe) = probes[Int(places[index])]
            unsafe sizes[query] = ck_rabitq_rank(
                visits[index].out, visits[index].found, &partition, codes.width, UInt32(codes.bits),
                prepared.queries + query, probe.offset, code, heaps + capacity * query, sizes[query], capacity)
        }
    }

    /// Adds what another batch of the same queries found.
    func merge(_ other: QueryBatch) {
        for query in 0..<count {
            for index in unsafe 0..<other.sizes[query] {
                unsafe sizes[query] = ck_rabitq_keep(
                    other.heaps[capacity * query + index], heaps + capacity * query, sizes[query], capacity)
            }
        }
    }

    /// The best of one query by their estimates, best first.
    func best(_ query: Int) -> [Neighbor] {
        unsafe (0..<sizes[query]).map { index in
            let found = unsafe heaps[capacity * query + index]
            return Neighbor(row: Int(found.row), score: -found.estimate)
        }.sorted { $0.score != $1.score ? $0.score > $1.score : $0.row < $1.row }
    }
}
