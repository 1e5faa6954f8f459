internal import CZstd

/// The Zstandard library: single frames for chunks (streams are in `Zstandard+Stream.swift`).
enum Zstandard {
    static func compress(_ bytes: RawSpan, level: Int) -> [UInt8] {
        let bound = ZSTD_compressBound(bytes.byteCount)
        return unsafe [UInt8](unsafeUninitializedCapacity: bound) { output, initialized in
            unsafe bytes.withUnsafeBytes { input in
                let size = unsafe ZSTD_compress(
                    output.baseAddress, bound, input.baseAddress, input.count, Int32(level))
                precondition(ZSTD_isError(size) == 0, "a frame within the bound cannot fail but for memory")
                initialized = size
            }
        }
    }

    /// Nil unless `stored` holds exactly `count` bytes.
    static func decompress(_ stored: RawSpan, count: Int) -> [UInt8]? {
        var failed = false
        let result = unsafe [UInt8](unsafeUninitializedCapacity: Swift.max(count, 1)) { output, initialized in
            unsafe stored.withUnsafeBytes { input in
                let size = unsafe ZSTD_decompress(output.baseAddress, count, input.baseAddress, input.count)
                failed = ZSTD_isError(size) != 0
                initialized = failed ? 0 : size
            }
        }
        return !failed && result.count == count ? result : nil
    }
}
