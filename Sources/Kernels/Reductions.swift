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

/// Inner product of a vector of signed bytes and one of floats of the same length.
package func dot(signedBytes a: RawSpan, _ b: Span<Float>) -> Float {
    precondition(a.byteCount == b.count)
    return unsafe a.withUnsafeBytes { a in
        unsafe b.withUnsafeBufferPointer { b in
            unsafe ck_dot_int8(a.baseAddress?.assumingMemoryBound(to: Int8.self), b.baseAddress, b.count)
        }
    }
}
