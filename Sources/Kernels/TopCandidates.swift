internal import CKernels

/// The best few of many scored rows: the smaller (key, row) is the better, so that what is kept does not depend on the
/// order of offering, nor on how the rows are split over threads.
package struct TopCandidates: Sendable {
    package let capacity: Int
    private var heap: [ck_candidate]
    package private(set) var count = 0

    package init(capacity: Int) {
        precondition(capacity >= 0)
        self.capacity = capacity
        heap = [ck_candidate](repeating: ck_candidate(), count: capacity)
    }

    /// Offers rows `first ..< first + dots.count` with `key_i = factor · dots_i + bias_i`. A NaN key is never kept.
    ///
    /// - Parameters:
    ///   - bias: `[dots.count]`, or empty for 0.
    ///   - allowed: bit `row` of the map says whether a row may be kept; empty when all may.
    package mutating func offer(
        dots: Span<Float>, bias: Span<Float> = Span(), factor: Float, first: UInt32, allowed: Span<UInt64> = Span()
    ) {
        guard dots.count > 0, capacity > 0 else { return }
        precondition(bias.isEmpty || bias.count == dots.count)
        precondition(allowed.isEmpty || allowed.count * 64 >= Int(first) + dots.count)
        count = unsafe dots.withUnsafeBufferPointer { dots in
            unsafe bias.withUnsafeBufferPointer { bias in
                unsafe allowed.withUnsafeBufferPointer { allowed in
                    unsafe ck_select(
                        dots.baseAddress, bias.isEmpty ? nil : bias.baseAddress, factor, dots.count, first,
                        allowed.isEmpty ? nil : allowed.baseAddress, &heap, count, capacity)
                }
            }
        }
    }

    package mutating func offer(key: Float, row: UInt32) {
        guard capacity > 0 else { return }
        count = unsafe ck_select_one(ck_candidate(key: key, row: row), &heap, count, capacity)
    }

    /// Offers all that another one kept.
    package mutating func merge(_ other: TopCandidates) {
        for candidate in other.heap.prefix(other.count) { offer(key: candidate.key, row: candidate.row) }
    }

    /// The largest key that is kept, once no more fit: only what comes before it, or beside it with a smaller row, takes a
    /// place. Infinity before.
    package var worst: Float { count == capacity && capacity > 0 ? heap[0].key : .infinity }

    /// What is kept, best first.
    package var sorted: [(key: Float, row: UInt32)] {
        heap.prefix(count).map { ($0.key, $0.row) }.sorted { ($0.key, $0.row) < ($1.key, $1.row) }
    }
}
