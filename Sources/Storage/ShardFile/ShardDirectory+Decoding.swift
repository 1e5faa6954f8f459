extension ShardDirectory {
    /// Decodes the directory and checks that what it describes fits the file: columns and chunks lie one after the other
    /// without overlap, and fill the file up to the directory. After this, every range in it may be read.
    ///
    /// - Parameter bytes: the whole file, whose directory has the right checksum.
    init(decoding bytes: RawSpan, header: ShardHeader, path: String) throws(StorageError) {
        let end = header.directoryOffset + header.directoryBytes
        var cursor = Cursor(bytes: bytes, position: header.directoryOffset, end: end, path: path)
        let columnCount = Int(try cursor.next(UInt32.self))
        let attributeCount = Int(try cursor.next(UInt32.self))
        try cursor.skipZeros(8)
        try cursor.require(columnCount * Self.columnBytes)

        columns = []
        attributes = [:]
        var recordedBytes: [Int] = []
        for _ in 0..<columnCount {
            let column = try cursor.nextColumn()
            guard !columns.contains(where: { $0.description.name == column.column.description.name }) else {
                throw cursor.damage("has two columns '\(column.column.description.name)'")
            }
            columns.append(column.column)
            recordedBytes.append(column.storedBytes)
        }
        try cursor.require(columnCount * header.chunkCount, of: Self.chunkBytes)
        for index in columns.indices {
            columns[index].chunks.reserveCapacity(header.chunkCount)
            for _ in 0..<header.chunkCount { columns[index].chunks.append(try cursor.nextChunk()) }
        }
        var previous: [UInt8]?
        for _ in 0..<attributeCount {
            let (key, value) = try cursor.nextAttribute()
            guard previous?.lexicographicallyPrecedes(Array(key.utf8)) ?? true else {
                throw cursor.damage("has attributes out of order at '\(key)'")
            }
            previous = Array(key.utf8)
            attributes[key] = value
        }
        guard cursor.position == end else { throw cursor.damage("has a directory longer than its content") }
        try checkLayout(header: header, recordedBytes: recordedBytes, path: path)
    }

    private func checkLayout(header: ShardHeader, recordedBytes: [Int], path: String) throws(StorageError) {
        var position = ShardFormat.headerBytes
        for (column, recorded) in zip(columns, recordedBytes) {
            position = position.roundedUp(to: ShardFormat.alignment)
            var isSound = column.offset == position
            for (index, chunk) in column.chunks.enumerated() where isSound {
                isSound =
                    chunk.offset == position && chunk.storedBytes <= header.directoryOffset - position
                    && chunk.decodedBytes <= ShardFormat.largestChunk
                if let rowBytes = column.description.rowBytes {
                    let (expected, overflow) = header.rows(ofChunk: index).count.multipliedReportingOverflow(
                        by: rowBytes)
                    isSound = isSound && !overflow && chunk.decodedBytes == expected
                }
                if column.description.codec.compression == .raw {
                    isSound = isSound && chunk.storedBytes == chunk.decodedBytes
                }
                if isSound { position += chunk.storedBytes }
            }
            guard isSound, position - column.offset == recorded else {
                throw StorageError(
                    .corrupt, path: path,
                    "has a directory at offset \(header.directoryOffset) whose column '\(column.description.name)' does not "
                        + "fit the file; build it again")
            }
        }
        guard position.roundedUp(to: ShardFormat.alignment) == header.directoryOffset else {
            throw StorageError(
                .corrupt, path: path,
                "has columns that end at offset \(position), but its directory begins at \(header.directoryOffset)")
        }
    }
}

/// Reads one field after the other, never past the end of the directory.
private struct Cursor: ~Escapable {
    let bytes: RawSpan
    var position: Int
    let end: Int
    let path: String

    @_lifetime(copy bytes)
    init(bytes: RawSpan, position: Int, end: Int, path: String) {
        self.bytes = bytes
        self.position = position
        self.end = end
        self.path = path
    }

    func damage(_ message: String) -> StorageError {
        StorageError(.corrupt, path: path, "\(message) (directory, near offset \(position)); build it again")
    }

    func require(_ count: Int, of size: Int = 1) throws(StorageError) {
        guard count <= (end - position) / size else { throw damage("has a directory that ends too early") }
    }

    @_lifetime(self: copy self)
    mutating func next<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) throws(StorageError) -> T {
        try require(MemoryLayout<T>.size)
        defer { position += MemoryLayout<T>.size }
        return bytes.integer(at: position, as: type)
    }

    @_lifetime(self: copy self)
    mutating func nextInt() throws(StorageError) -> Int {
        guard let value = Int(exactly: try next(UInt64.self)) else { throw damage("has an impossible offset or size") }
        return value
    }

    @_lifetime(self: copy self)
    mutating func nextBytes(_ count: Int) throws(StorageError) -> [UInt8] {
        try require(count)
        defer { position += count }
        return bytes.extracting(position..<position + count).copied()
    }

    @_lifetime(self: copy self)
    mutating func skipZeros(_ count: Int) throws(StorageError) {
        guard try nextBytes(count).allSatisfy({ $0 == 0 }) else { throw damage("has bytes that should be zero") }
    }

    @_lifetime(self: copy self)
    mutating func nextColumn() throws(StorageError) -> (column: ShardDirectory.Column, storedBytes: Int) {
        let padded = try nextBytes(32)
        let name = padded.prefix { $0 != 0 }
        guard let text = String(validating: name, as: UTF8.self), !name.isEmpty,
            padded[name.count...].allSatisfy({ $0 == 0 })
        else { throw damage("has a column whose name is no text") }
        let codes = try nextBytes(4)
        let width = Int(try next(UInt32.self))
        guard let element = ElementType(rawValue: codes[0]), let codec = Codec(codes: codes),
            width > 0 || (element == .uint8 && !codec.shuffle)
        else { throw damage("has a column '\(text)' of a type or codec that this program does not know") }
        let offset = try nextInt()
        let storedBytes = try nextInt()
        try skipZeros(8)
        let description = ColumnDescription(
            name: text, element: element, width: width == 0 ? .variable : .fixed(width), codec: codec)
        return (ShardDirectory.Column(description: description, offset: offset, chunks: []), storedBytes)
    }

    @_lifetime(self: copy self)
    mutating func nextChunk() throws(StorageError) -> ShardDirectory.Chunk {
        let offset = try nextInt()
        let storedBytes = try nextInt()
        let decodedBytes = try nextInt()
        let checksum = try next(UInt32.self)
        try skipZeros(4)
        return .init(offset: offset, storedBytes: storedBytes, decodedBytes: decodedBytes, checksum: checksum)
    }

    @_lifetime(self: copy self)
    mutating func nextAttribute() throws(StorageError) -> (key: String, value: String) {
        let keyBytes = Int(try next(UInt32.self))
        let valueBytes = Int(try next(UInt32.self))
        guard let key = String(validating: try nextBytes(keyBytes), as: UTF8.self),
            let value = String(validating: try nextBytes(valueBytes), as: UTF8.self)
        else { throw damage("has an attribute that is no UTF-8") }
        return (key, value)
    }
}

extension Codec {
    /// From compression, shuffle and level as stored after an element type.
    fileprivate init?(codes: [UInt8]) {
        guard codes[2] <= 1 else { return nil }
        switch codes[1] {
        case 0 where codes[3] == 0: self.init(.raw, shuffle: codes[2] == 1)
        case 1 where codes[3] == 0: self.init(.lz4, shuffle: codes[2] == 1)
        case 2 where Codec.zstdLevels.contains(Int(codes[3])):
            self.init(.zstd(level: Int(codes[3])), shuffle: codes[2] == 1)
        default: return nil
        }
    }
}
