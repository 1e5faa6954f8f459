internal import Crypto
internal import Foundation

/// SHA-256 sums as lower-case hexadecimal text.
package enum Digest {
    /// Of bytes in memory.
    package static func sha256(_ bytes: RawSpan) -> String {
        var hash = SHA256()
        unsafe bytes.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
        return hexadecimal(hash.finalize())
    }

    package static func sha256(_ text: String) -> String { sha256(text.utf8Span.span.rawBytes) }

    /// Of a file's bytes as they are on disk, in constant memory.
    ///
    /// - Throws: `notFound`, `permissionDenied`, `inputOutput`.
    package static func sha256(file path: String) throws(StorageError) -> String {
        let file = try OpenFile(reading: path)
        var hash = SHA256()
        var block: [UInt8] = []
        while true {
            try file.read(upTo: 1 << 20, into: &block)
            if block.isEmpty { return hexadecimal(hash.finalize()) }
            unsafe block.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
        }
    }

    /// Of files in a folder: of the list of their sums and names, sorted by name, as `sha256sum` prints it.
    ///
    /// - Parameter names: paths inside the folder; their order is of no matter.
    /// - Throws: as ``sha256(file:)``.
    package static func sha256(folder: String, files names: [String]) throws(StorageError) -> String {
        var list = ""
        for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            list += "\(try sha256(file: folder + "/" + name))  \(name)\n"
        }
        return sha256(list)
    }

    /// The first 16 bytes of the SHA-256 sum, as two big-endian words: a hash for identifiers, so wide that equal hashes
    /// mean equal identifiers.
    package static func words(_ bytes: RawSpan) -> (high: UInt64, low: UInt64) {
        var hash = SHA256()
        unsafe bytes.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
        let sum = Array(hash.finalize())
        let raw = sum.rawBytes
        return (raw.integer(at: 0, as: UInt64.self).byteSwapped, raw.integer(at: 8, as: UInt64.self).byteSwapped)
    }

    private static func hexadecimal(_ sum: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: sum.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
