internal import CKernels

/// Puts the first bytes of all elements first, then the second ones …: numbers of like size then compress better.
enum ByteShuffle {
    /// - Parameter bytes: a whole number of elements of `size` bytes.
    static func shuffled(_ bytes: RawSpan, elementSize size: Int) -> [UInt8] {
        unsafe transform(bytes, elementSize: size, with: unsafe ck_shuffle)
    }

    static func unshuffled(_ bytes: RawSpan, elementSize size: Int) -> [UInt8] {
        unsafe transform(bytes, elementSize: size, with: unsafe ck_unshuffle)
    }

    private static func transform(
        _ bytes: RawSpan, elementSize size: Int,
        with kernel: (UnsafePointer<UInt8>, UnsafeMutablePointer<UInt8>, Int, Int) -> Void
    ) -> [UInt8] {
        precondition(bytes.byteCount % size == 0)
        let count = bytes.byteCount
        if count == 0 { return [] }
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { output, initialized in
            unsafe bytes.withUnsafeBytes { input in
                let input = unsafe input.assumingMemoryBound(to: UInt8.self)
                unsafe kernel(input.baseAddress!, output.baseAddress!, count / size, size)
            }
            initialized = count
        }
    }
}
