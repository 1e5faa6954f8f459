internal import CKernels

/// Inner product of two vectors of one length.
package func dot(_ a: Span<Float>, _ b: Span<Float>) -> Float {
    precondition(a.count == b.count)
    return unsafe a.withUnsafeBufferPointer { a in
        unsafe b.withUnsafeBufferPointer { b in unsafe ck_dot(a.baseAddress, b.baseAddress, a.count) }
    }
}

/// Squared Euclidean distance of two vectors of one length.
package func squaredDistance(_ a: Span<Float>, _ b: Span<Float>) -> Float {
    precondition(a.count == b.count)
    return unsafe a.withUnsafeBufferPointer { a in
        unsafe b.withUnsafeBufferPointer { b in unsafe ck_squared_distance(a.baseAddress, b.baseAddress, a.count) }
    }
}
