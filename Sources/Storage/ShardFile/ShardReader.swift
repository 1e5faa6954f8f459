internal import Synchronization

/// A shard file, memory-mapped.
///
/// Opening checks header, footer and directory, so a file that lost its end is refused at once; a chunk's checksum is
/// checked when it is first read; ``verify()`` checks everything. Columns stored raw are read in place, others chunk by
/// chunk through a small cache of decoded chunks. All methods may be called from many threads.
///
/// - Complexity: opening is O(columns × chunks) in small entries; it does not touch the data.
package final class ShardReader: Sendable {
    package let path: String
    /// What the file is, as its writer named it.
    package var kind: String { header.kind }
    package var rows: Int { header.rows }
    /// Rows a chunk: reading in steps of this, from a multiple of it, decodes each chunk once.
    package var chunkRows: Int { header.chunkRows }
    package let columns: [ColumnDescription]
    package let attributes: [String: String]
    /// Bytes of the whole file.
    package var fileBytes: Int { file.count }

    /// How a file is read.
    package enum Reads: Sendable {
        /// Mostly one row after another.
        case inOrder
        /// Rows here and there, of a file that may be larger than memory: a row brings no more than its own pages from the
        /// disk, and the first touch of a chunk the chunk, for its checksum.
        case scattered
    }

    private let reads: Reads
    let file: MappedFile
    /// The whole file, in place.
    var fileSpan: RawSpan {
        @_lifetime(borrow self)
        get {
            let file = file
            return unsafe _overrideLifetime(file.bytes, borrowing: self)
        }
    }

    let header: ShardHeader
    let directory: ShardDirectory
    let chunkTable: ChunkTable
    /// The chunks decoded last.
    let decoded: Mutex<DecodedChunks>

    /// - Parameters:
    ///   - expectedKind: another kind of file is refused; nil takes any.
    ///   - cacheBytes: decoded chunks to keep for random access; one is kept in any case.
    /// - Throws: `notFound`, `permissionDenied`, `corrupt`, `tooOld`, `tooNew`, `mismatch` (another kind).
    package init(
        path: String, expectedKind: String?, cacheBytes: Int = 64 << 20, reads: Reads = .inOrder
    ) throws(StorageError) {
        self.path = path
        self.reads = reads
        let file = try MappedFile(path: path)
        self.file = file
        header = try ShardHeader(decoding: file.bytes, path: path)
        _ = try ShardFooter(decoding: file.bytes, header: header, path: path)
        directory = try ShardDirectory(decoding: file.bytes, header: header, path: path)
        columns = directory.columns.map(\.description)
        attributes = directory.attributes
        chunkTable = ChunkTable(directory, chunks: header.chunkCount, of: file)
        decoded = Mutex(DecodedChunks(cacheBytes: cacheBytes))
        if reads == .scattered { file.advise(.random) }
        if let expectedKind, expectedKind != header.kind {
            throw StorageError(
                .mismatch, path: path, "is a shard file of kind '\(header.kind)', but '\(expectedKind)' is needed here")
        }
    }

    /// The description of a column.
    ///
    /// - Throws: `mismatch` where there is no such column.
    package func column(_ name: String) throws(StorageError) -> ColumnDescription {
        columns[try index(of: name)]
    }

    package func hasColumn(_ name: String) -> Bool { columns.contains { $0.name == name } }

    /// Bytes that each column takes: in the file, and before compression.
    package var byteCounts: [(column: String, stored: Int, decoded: Int)] {
        directory.columns.map { column in
            (column.description.name, column.storedBytes, column.chunks.reduce(0) { $0 + $1.decodedBytes })
        }
    }

    func index(of name: String) throws(StorageError) -> Int {
        guard let index = columns.firstIndex(where: { $0.name == name }) else {
            let names = columns.map { "'\($0.name)'" }.joined(separator: ", ")
            throw StorageError(.mismatch, path: path, "has no column '\(name)'; it has \(names)")
        }
        return index
    }
}

extension ShardReader {
    /// Chunks that were decoded not long ago.
    struct DecodedChunks: Sendable {
        struct Entry: Sendable {
            let column: Int
            let chunk: Int
            let bytes: [UInt8]
        }

        /// Least recently used first.
        var cache: [Entry] = []
        var cachedBytes = 0
        let cacheBytes: Int

        init(cacheBytes: Int) { self.cacheBytes = cacheBytes }

        mutating func cached(column: Int, chunk: Int) -> [UInt8]? {
            guard let index = cache.lastIndex(where: { $0.chunk == chunk && $0.column == column }) else { return nil }
            if index != cache.count - 1 { cache.append(cache.remove(at: index)) }
            return cache[cache.count - 1].bytes
        }

        mutating func insert(_ bytes: [UInt8], column: Int, chunk: Int) {
            if cache.contains(where: { $0.chunk == chunk && $0.column == column }) { return }
            cache.append(Entry(column: column, chunk: chunk, bytes: bytes))
            cachedBytes += bytes.count
            while cachedBytes > cacheBytes, cache.count > 1 { cachedBytes -= cache.removeFirst().bytes.count }
        }
    }

    /// Lets the file's pages leave memory; they are read again where they are needed. For a pass over many large files.
    package func release() { file.advise(.notNeeded) }

    /// Runs `body` on the bytes of a chunk as they were before compression: in place where they are stored so.
    func withChunk<R>(
        _ chunk: Int, of column: Int, _ body: (RawSpan) throws(StorageError) -> R
    ) throws(StorageError) -> R {
        if columns[column].codec.isVerbatim { return try body(try sound(chunk, of: column)) }
        if let bytes = decoded.withLock({ $0.cached(column: column, chunk: chunk) }) { return try body(bytes.rawBytes) }
        let bytes = try decode(chunk, of: column)
        decoded.withLock { $0.insert(bytes, column: column, chunk: chunk) }
        return try body(bytes.rawBytes)
    }

    /// Checks and decodes a chunk that is not stored as it lies in memory.
    func decode(_ chunk: Int, of column: Int) throws(StorageError) -> [UInt8] {
        let entry = directory.columns[column].chunks[chunk]
        let description = columns[column]
        guard
            let bytes = description.codec.decode(
                try sound(chunk, of: column), count: entry.decodedBytes, elementSize: description.element.size)
        else {
            throw damage("does not decode to \(entry.decodedBytes) bytes of \(description.codec)", chunk, of: column)
        }
        return bytes
    }

    /// A chunk as it is stored; its checksum is checked the first time.
    @inline(__always)
    @_lifetime(borrow self)
    func sound(_ chunk: Int, of column: Int) throws(StorageError) -> RawSpan {
        let table = chunkTable
        if !table.isSound(chunk, of: column) { try checkFirst(chunk, of: column) }
        return unsafe _overrideLifetime(table.stored(chunk, of: column), borrowing: self)
    }

    @inline(never)
    private func checkFirst(_ chunk: Int, of column: Int) throws(StorageError) {
        let table = chunkTable
        if reads == .scattered {
            let entry = directory.columns[column].chunks[chunk]
            file.willNeed(entry.offset..<entry.offset + entry.storedBytes)
        }
        try check(chunk, of: column, table.stored(chunk, of: column))
        table.markSound(chunk, of: column)
    }

    /// Compares a chunk's checksum with the directory's.
    func check(_ chunk: Int, of column: Int, _ stored: RawSpan) throws(StorageError) {
        let entry = directory.columns[column].chunks[chunk]
        let found = CRC32C.checksum(stored)
        guard found == entry.checksum else {
            throw StorageError.checksum(
                path: path, "chunk \(chunk) of column '\(columns[column].name)' at offset \(entry.offset)",
                expected: entry.checksum, found: found)
        }
    }

    func damage(_ message: String, _ chunk: Int, of column: Int) -> StorageError {
        let offset = directory.columns[column].chunks[chunk].offset
        return StorageError(
            .corrupt, path: path,
            "chunk \(chunk) of column '\(columns[column].name)' at offset \(offset) \(message); build the file again")
    }
}
