internal import CKernels

/// CRC-32C (Castagnoli), the checksum of every file this project writes.
package enum CRC32C {
    /// The checksum of `bytes`, continuing from that of the bytes before them (0 at the start).
    package static func checksum(_ bytes: RawSpan, continuing crc: UInt32 = 0) -> UInt32 {
        unsafe bytes.withUnsafeBytes { unsafe ck_crc32c(crc, $0.baseAddress, $0.count) }
    }
}
