internal import CKernels

/// Rotated queries, quantised once for centroids and partitions alike.
@safe final class PreparedQueries {
    let count: Int
    private let tables: UnsafeMutablePointer<UInt8>
    private let lows: UnsafeMutablePointer<Int8>
    /// `count` of them.
    let queries: UnsafeMutablePointer<ck_rabitq_query>

    /// - Parameter rotated: row-major `[count × width]`.
    init(_ rotated: Span<Float>, codes: PartitionCodes) {
        let width = codes.width
        count = rotated.count / width
        unsafe tables = .allocate(capacity: 4 * width * count)
        unsafe lows = .allocate(capacity: width * count)
        unsafe queries = .allocate(capacity: count)
        unsafe rotated.withUnsafeBufferPointer { rotated in
            for query in 0..<count {
                unsafe ck_rabitq_prepare(
                    rotated.baseAddress! + query * width, width, tables + 4 * width * query, lows + width * query,
                    queries + query)
            }
        }
    }

    deinit {
        unsafe tables.deallocate()
        unsafe lows.deallocate()
        unsafe queries.deallocate()
    }
}
