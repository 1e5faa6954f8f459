internal import CLZ4

/// The LZ4 library: blocks for chunks (streams are in `LZ4+Stream.swift`).
enum LZ4 {
    static let largestBlock = Int(LZ4_MAX_INPUT_SIZE)

    /// - Parameter bytes: at most ``largestBlock``.
    static func compress(_ bytes: RawSpan) -> [UInt8] {
        precondition(bytes.byteCount <= largestBlock)
        let bound = Int(LZ4_compressBound(Int32(bytes.byteCount)))
        return unsafe [UInt8](unsafeUninitializedCapacity: bound) { output, initialized in
            unsafe bytes.withUnsafeBytes { input in
                let target = unsafe UnsafeMutableRawPointer(output.baseAddress!).assumingMemoryBound(to: CChar.self)
                let source = unsafe input.baseAddress?.assumingMemoryBound(to: CChar.self)
                initialized = Int(unsafe LZ4_compress_default(source, target, Int32(input.count), Int32(bound)))
                precondition(initialized > 0, "the bound is wrong")
            }
        }
    }

    /// Nil unless `stored` is a block of exactly `count` bytes.
    static func decompress(_ stored: RawSpan, count: Int) -> [UInt8]? {
        guard stored.byteCount > 0, stored.byteCount <= Int(Int32.max), count <= largestBlock else { return nil }
        let result = unsafe [UInt8](unsafeUninitializedCapacity: Swift.max(count, 1)) { output, initialized in
            unsafe stored.withUnsafeBytes { input in
                let target = unsafe UnsafeMutableRawPointer(output.baseAddress!).assumingMemoryBound(to: CChar.self)
                let source = unsafe input.baseAddress?.assumingMemoryBound(to: CChar.self)
                let produced = unsafe LZ4_decompress_safe(source, target, Int32(input.count), Int32(count))
                initialized = Swift.max(0, Int(produced))
            }
        }
        return result.count == count ? result : nil
    }
}
