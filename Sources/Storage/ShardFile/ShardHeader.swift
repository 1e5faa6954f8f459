/// The first 64 bytes.
///
/// | offset | size | type | meaning |
/// |---|---|---|---|
/// | 0 | 8 | bytes | magic `GRADSHRD` |
/// | 8 | 4 | u32 | format version |
/// | 12 | 4 | u32 | rows a chunk |
/// | 16 | 16 | UTF-8 | kind, padded with zeros |
/// | 32 | 8 | u64 | rows |
/// | 40 | 8 | u64 | offset of the directory |
/// | 48 | 8 | u64 | bytes of the directory |
/// | 56 | 4 | u32 | zero |
/// | 60 | 4 | u32 | CRC-32C of bytes 0 to 59 |
struct ShardHeader: Hashable {
    var kind: String
    var rows: Int
    var chunkRows: Int
    var directoryOffset: Int
    var directoryBytes: Int

    func encoded() -> [UInt8] {
        var bytes = ShardFormat.magic
        bytes.appendInteger(ShardFormat.version)
        bytes.appendInteger(UInt32(chunkRows))
        bytes.append(contentsOf: kind.utf8)
        bytes.append(contentsOf: repeatElement(0, count: ShardFormat.longestKind - kind.utf8.count))
        bytes.appendInteger(UInt64(rows))
        bytes.appendInteger(UInt64(directoryOffset))
        bytes.appendInteger(UInt64(directoryBytes))
        bytes.appendInteger(UInt32(0))
        bytes.appendInteger(CRC32C.checksum(bytes.rawBytes))
        return bytes
    }

    /// - Parameter bytes: the whole file.
    init(decoding bytes: RawSpan, path: String) throws(StorageError) {
        guard bytes.byteCount >= 8, bytes.extracting(0..<8).copied() == ShardFormat.magic else {
            throw StorageError(.corrupt, path: path, "is not a shard file: it does not begin with GRADSHRD")
        }
        guard bytes.byteCount >= ShardFormat.headerBytes + ShardFormat.footerBytes else {
            throw StorageError(
                .corrupt, path: path, "is truncated: \(bytes.byteCount) bytes are fewer than a header and a footer")
        }
        let version = bytes.integer(at: 8, as: UInt32.self)
        let readable = ShardFormat.readableVersions
        guard readable.contains(version) else {
            let isNew = version > readable.upperBound
            throw StorageError(
                isNew ? .tooNew : .tooOld, path: path,
                "has format version \(version), but this program reads \(readable.lowerBound) to "
                    + "\(readable.upperBound): \(isNew ? "use a newer program" : "build the file again")")
        }
        try checkSum(of: bytes, 0..<60, recordedAt: 60, name: "header", path: path)
        let kind = bytes.extracting(16..<32).copied()
        self.kind = String(decoding: kind.prefix { $0 != 0 }, as: UTF8.self)
        chunkRows = Int(bytes.integer(at: 12, as: UInt32.self))
        rows = Int(clamping: bytes.integer(at: 32, as: UInt64.self))
        directoryOffset = Int(clamping: bytes.integer(at: 40, as: UInt64.self))
        directoryBytes = Int(clamping: bytes.integer(at: 48, as: UInt64.self))
        guard chunkRows > 0, rows < 1 << 48, bytes.integer(at: 56, as: UInt32.self) == 0 else {
            throw StorageError(.corrupt, path: path, "has a header with impossible values")
        }
    }

    init(kind: String, rows: Int, chunkRows: Int, directoryOffset: Int, directoryBytes: Int) {
        self.kind = kind
        self.rows = rows
        self.chunkRows = chunkRows
        self.directoryOffset = directoryOffset
        self.directoryBytes = directoryBytes
    }

    /// Chunks of every column.
    var chunkCount: Int { (rows + chunkRows - 1) / chunkRows }

    /// The rows of one chunk.
    func rows(ofChunk chunk: Int) -> Range<Int> { chunk * chunkRows..<min(rows, (chunk + 1) * chunkRows) }
}

/// The last 64 bytes; since they hold the file's size, a file that lost its end is found on opening.
///
/// | offset | size | type | meaning |
/// |---|---|---|---|
/// | 0 | 8 | bytes | magic `GRADSEND` |
/// | 8 | 8 | u64 | bytes of the whole file |
/// | 16 | 8 | u64 | offset of the directory |
/// | 24 | 8 | u64 | bytes of the directory |
/// | 32 | 4 | u32 | CRC-32C of the directory |
/// | 36 | 4 | u32 | CRC-32C of the 64 bytes of the header |
/// | 40 | 20 | | zero |
/// | 60 | 4 | u32 | CRC-32C of bytes 0 to 59 |
struct ShardFooter: Hashable {
    var fileBytes: Int
    var directoryOffset: Int
    var directoryBytes: Int
    var directorySum: UInt32
    var headerSum: UInt32

    func encoded() -> [UInt8] {
        var bytes = ShardFormat.endMagic
        bytes.appendInteger(UInt64(fileBytes))
        bytes.appendInteger(UInt64(directoryOffset))
        bytes.appendInteger(UInt64(directoryBytes))
        bytes.appendInteger(directorySum)
        bytes.appendInteger(headerSum)
        bytes.append(contentsOf: repeatElement(0, count: 20))
        bytes.appendInteger(CRC32C.checksum(bytes.rawBytes))
        return bytes
    }

    init(header: ShardHeader, directory: [UInt8], fileBytes: Int) {
        self.fileBytes = fileBytes
        directoryOffset = header.directoryOffset
        directoryBytes = header.directoryBytes
        directorySum = CRC32C.checksum(directory.rawBytes)
        headerSum = CRC32C.checksum(header.encoded().rawBytes)
    }

    /// Reads the footer of the file and checks it against the header, the directory and the file's size.
    init(decoding bytes: RawSpan, header: ShardHeader, path: String) throws(StorageError) {
        let start = bytes.byteCount - ShardFormat.footerBytes
        guard bytes.extracting(start..<start + 8).copied() == ShardFormat.endMagic else {
            throw StorageError(
                .corrupt, path: path,
                "has no footer at offset \(start): the file is truncated or was not finished; build it again")
        }
        try checkSum(of: bytes, start..<start + 60, recordedAt: start + 60, name: "footer", path: path)
        fileBytes = Int(clamping: bytes.integer(at: start + 8, as: UInt64.self))
        directoryOffset = Int(clamping: bytes.integer(at: start + 16, as: UInt64.self))
        directoryBytes = Int(clamping: bytes.integer(at: start + 24, as: UInt64.self))
        directorySum = bytes.integer(at: start + 32, as: UInt32.self)
        headerSum = bytes.integer(at: start + 36, as: UInt32.self)
        guard fileBytes == bytes.byteCount else {
            throw StorageError(
                .corrupt, path: path, "has \(bytes.byteCount) bytes, but its footer says \(fileBytes)")
        }
        guard directoryOffset == header.directoryOffset, directoryBytes == header.directoryBytes,
            directoryOffset >= ShardFormat.headerBytes, directoryOffset % ShardFormat.alignment == 0,
            directoryOffset <= start, directoryBytes <= start - directoryOffset,
            start - directoryOffset - directoryBytes < ShardFormat.alignment,
            headerSum == CRC32C.checksum(bytes.extracting(0..<ShardFormat.headerBytes))
        else {
            throw StorageError(.corrupt, path: path, "has a header and a footer that disagree")
        }
        let found = CRC32C.checksum(bytes.extracting(directoryOffset..<directoryOffset + directoryBytes))
        guard found == directorySum else {
            throw StorageError.checksum(
                path: path, "directory at offset \(directoryOffset)", expected: directorySum, found: found)
        }
    }
}

/// Compares the CRC-32C of a range with the one recorded in the file.
private func checkSum(
    of bytes: RawSpan, _ range: Range<Int>, recordedAt offset: Int, name: String, path: String
) throws(StorageError) {
    let found = CRC32C.checksum(bytes.extracting(range))
    let expected = bytes.integer(at: offset, as: UInt32.self)
    guard found == expected else {
        throw StorageError.checksum(
            path: path, "\(name) at offset \(range.lowerBound)", expected: expected, found: found)
    }
}

extension StorageError {
    /// A checksum that does not agree with its bytes.
    static func checksum(path: String, _ section: String, expected: UInt32, found: UInt32) -> StorageError {
        StorageError(
            .corrupt, path: path,
            "the \(section) is damaged: its CRC-32C is \(hexadecimal(found)), expected \(hexadecimal(expected)); "
                + "restore the file or build it again")
    }

    private static func hexadecimal(_ value: UInt32) -> String {
        let digits = String(value, radix: 16)
        return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
    }
}
