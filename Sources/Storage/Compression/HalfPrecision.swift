internal import CKernels

/// Conversions between binary16 and binary32, in bulk.
package enum HalfPrecision {
    /// Widens exactly. The spans have one length.
    package static func widen(_ halves: Span<Float16>, into floats: inout MutableSpan<Float>) {
        precondition(halves.count == floats.count)
        unsafe halves.withUnsafeBytes { input in
            unsafe floats.withUnsafeMutableBufferPointer { output in
                guard let output = output.baseAddress else { return }
                unsafe ck_half_to_float(input.baseAddress!.assumingMemoryBound(to: UInt16.self), output, halves.count)
            }
        }
    }

    /// Narrows to nearest, ties to even. The spans have one length.
    package static func narrow(_ floats: Span<Float>, into halves: inout MutableSpan<Float16>) {
        precondition(halves.count == floats.count)
        unsafe floats.withUnsafeBufferPointer { input in
            unsafe halves.withUnsafeMutableBytes { output in
                guard let output = output.baseAddress else { return }
                unsafe ck_float_to_half(input.baseAddress!, output.assumingMemoryBound(to: UInt16.self), input.count)
            }
        }
    }
}
