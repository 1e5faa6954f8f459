/// One column of a ``ShardWriter``: collects rows into chunks, and encodes and writes each that is full.
final class ShardColumnWriter {
    let description: ColumnDescription
    private let chunkRows: Int
    private let file: OpenFile
    /// The rows of the open chunk; of variable rows, their bytes.
    private var pending: [UInt8] = []
    /// Where each variable row of the open chunk ends.
    private var ends: [UInt32] = []
    private var chunks: [ShardDirectory.Chunk] = []
    private(set) var storedBytes = 0
    private(set) var rows = 0

    init(_ description: ColumnDescription, chunkRows: Int, file: consuming OpenFile) {
        self.description = description
        self.chunkRows = chunkRows
        self.file = file
    }

    var path: String { file.path }

    /// - Parameter bytes: whole rows of a fixed width.
    func append(rows bytes: RawSpan) throws(StorageError) {
        guard let rowBytes = description.rowBytes else {
            preconditionFailure("'\(description.name)' holds byte strings")
        }
        precondition(bytes.byteCount % rowBytes == 0, "'\(description.name)': not a whole number of rows")
        rows += bytes.byteCount / rowBytes
        let chunkBytes = chunkRows * rowBytes
        var position = 0
        while position < bytes.byteCount {
            let count = min(chunkBytes - pending.count, bytes.byteCount - position)
            pending.append(bytes.extracting(position..<position + count))
            position += count
            if pending.count == chunkBytes { try flush() }
        }
    }

    /// Appends one row of variable length.
    func append(variable bytes: RawSpan) throws(StorageError) {
        precondition(description.width == .variable, "'\(description.name)' has rows of a fixed width")
        guard pending.count + bytes.byteCount + 4 * (chunkRows + 1) <= ShardFormat.largestChunk else {
            throw StorageError(
                .mismatch, path: path,
                "column '\(description.name)': the chunk of row \(rows) grows over \(ShardFormat.largestChunk) bytes; "
                    + "write fewer than \(chunkRows) rows a chunk")
        }
        pending.append(bytes)
        ends.append(UInt32(pending.count))
        rows += 1
        if ends.count == chunkRows { try flush() }
    }

    /// Encodes and writes the open chunk, if it has rows.
    func flush() throws(StorageError) {
        guard !pending.isEmpty || !ends.isEmpty else { return }
        var decoded = pending
        if description.width == .variable {
            decoded = []
            decoded.reserveCapacity(4 * (ends.count + 1) + pending.count)
            decoded.appendInteger(UInt32(0))
            for end in ends { decoded.appendInteger(end) }
            decoded += pending
        }
        let codec = description.codec
        if codec.isVerbatim {
            try write(decoded.rawBytes, decodedBytes: decoded.count)
        } else {
            let stored = codec.encode(decoded.rawBytes, elementSize: description.element.size)
            try write(stored.rawBytes, decodedBytes: decoded.count)
        }
        pending.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
    }

    private func write(_ stored: RawSpan, decodedBytes: Int) throws(StorageError) {
        try file.write(stored)
        chunks.append(
            .init(
                offset: storedBytes, storedBytes: stored.byteCount, decodedBytes: decodedBytes,
                checksum: CRC32C.checksum(stored)))
        storedBytes += stored.byteCount
    }

    /// The entry of this column when its first chunk is at `offset`.
    func directoryEntry(at offset: Int) -> ShardDirectory.Column {
        let moved = chunks.map {
            ShardDirectory.Chunk(
                offset: $0.offset + offset, storedBytes: $0.storedBytes, decodedBytes: $0.decodedBytes,
                checksum: $0.checksum)
        }
        return ShardDirectory.Column(description: description, offset: offset, chunks: moved)
    }

    /// Writes to the file what is no part of the column.
    func writeThrough(_ bytes: RawSpan) throws(StorageError) { try file.write(bytes) }

    /// Writes over the first bytes of the file; nothing may be appended afterwards.
    func overwriteStart(with bytes: RawSpan) throws(StorageError) {
        try file.seek(to: 0)
        try file.write(bytes)
    }

    /// Copies the whole file of another column behind this one.
    ///
    /// - Returns: the bytes copied.
    func appendContents(of other: ShardColumnWriter) throws(StorageError) -> Int {
        try other.file.seek(to: 0)
        var buffer: [UInt8] = []
        var copied = 0
        while true {
            try other.file.read(upTo: 1 << 20, into: &buffer)
            if buffer.isEmpty { break }
            try file.write(buffer.rawBytes)
            copied += buffer.count
        }
        guard copied == other.storedBytes else {
            throw StorageError(
                .inputOutput, path: other.path, "has \(copied) bytes, but \(other.storedBytes) were written to it")
        }
        return copied
    }
}
