internal import CKernels

/// The best rows seen so far for one query, whatever the order in which they come.
struct TopCandidates: Sendable {
    private var heap: [ck_candidate]
    private var size = 0

    init(capacity: Int) { heap = [ck_candidate](repeating: ck_candidate(), count: capacity) }

    /// In no order.
    var candidates: [ck_candidate] { Array(heap.prefix(size)) }

    /// Offers consecutive rows, from number `first`.
    ///
    /// - Parameters:
    ///   - products: each row's inner product with the query.
    ///   - norms: squared norms, for Euclidean distance; `nil` compares inner products.
    mutating func offer(_ products: Span<Float>, norms: Span<Float>?, first: Int) {
        let capacity = heap.count
        unsafe products.withUnsafeBufferPointer { products in
            if let norms {
                unsafe norms.withUnsafeBufferPointer { norms in
                    size = unsafe ck_select(
                        products.baseAddress, norms.baseAddress, -2, products.count, UInt32(first), nil, &heap, size,
                        capacity)
                }
            } else {
                size = unsafe ck_select(
                    products.baseAddress, nil, -1, products.count, UInt32(first), nil, &heap, size, capacity)
            }
        }
    }

    mutating func merge(_ other: TopCandidates) {
        let capacity = heap.count
        for candidate in other.candidates { size = unsafe ck_select_one(candidate, &heap, size, capacity) }
    }
}
