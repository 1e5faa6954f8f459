private import Crypto

/// SHA-256 over several files: for each its name, a zero byte, its size as 8 bytes (little-endian), its bytes.
struct FileDigest {
    private var hash = SHA256()

    mutating func add(_ name: String, _ bytes: RawSpan) {
        hash.update(data: Array(name.utf8) + [0])
        unsafe withUnsafeBytes(of: UInt64(bytes.byteCount).littleEndian) { unsafe hash.update(bufferPointer: $0) }
        unsafe bytes.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
    }

    /// In lower-case hexadecimal.
    func finish() -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: hash.finalize().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
