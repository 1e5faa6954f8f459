/// Copies shard files without the content of some rows, which stay and keep their numbers: numbers become zero, byte strings
/// empty.
package enum ShardEraser {
    /// Copies a file.
    ///
    /// - Parameters:
    ///   - rows: to be erased, rising.
    ///   - replacing: columns of uint32 or uint64 that get other content, as their rows' bytes.
    /// - Throws: `corrupt` from a damaged source, `noSpace`, `inputOutput`.
    package static func copy(
        _ reader: ShardReader, to path: String, erasing rows: [Int], replacing: [String: [UInt8]] = [:]
    ) throws(StorageError) {
        let writer = try ShardWriter(
            path: path, kind: reader.kind, columns: reader.columns, chunkRows: reader.chunkRows,
            attributes: reader.attributes)
        for (index, column) in reader.columns.enumerated() {
            if let bytes = replacing[column.name] {
                try writer.append(column.name, rawRows: bytes.rawBytes)
                continue
            }
            var next = 0
            for chunk in 0..<reader.header.chunkCount {
                let held = reader.header.rows(ofChunk: chunk)
                let first = next
                while next < rows.count, rows[next] < held.upperBound { next += 1 }
                let erased = rows[first..<next]
                try reader.withChunk(chunk, of: index) { bytes throws(StorageError) in
                    if let rowBytes = column.rowBytes {
                        try writer.append(column.name, rawRows: blank(bytes, erased, held, rowBytes).rawBytes)
                    } else {
                        try copy(bytes, column.name, erased, held, reader, to: writer)
                    }
                }
            }
        }
        _ = try writer.finish()
    }

    private static func blank(
        _ bytes: RawSpan, _ rows: ArraySlice<Int>, _ held: Range<Int>, _ rowBytes: Int
    ) -> [UInt8] {
        var copy = bytes.copied()
        for row in rows {
            let start = (row - held.lowerBound) * rowBytes
            for offset in start..<start + rowBytes { copy[offset] = 0 }
        }
        return copy
    }

    private static func copy(
        _ bytes: RawSpan, _ column: String, _ rows: ArraySlice<Int>, _ held: Range<Int>, _ reader: ShardReader,
        to writer: ShardWriter
    ) throws(StorageError) {
        var next = rows.startIndex
        for row in held {
            if next < rows.endIndex, rows[next] == row {
                try writer.append(column, bytes: [UInt8]().rawBytes)
                next += 1
                continue
            }
            guard let range = ByteStringChunk.range(row - held.lowerBound, of: held.count, in: bytes) else {
                throw StorageError(.corrupt, path: reader.path, "column '\(column)' has rows that do not fit it")
            }
            try writer.append(column, bytes: bytes.extracting(range))
        }
    }

    /// The first of some rows that has content in any column but those named; nil where all are blank.
    ///
    /// - Parameter rows: rising.
    package static func firstWithContent(
        _ reader: ShardReader, rows: [Int], except: Set<String> = []
    ) throws(StorageError) -> (row: Int, column: String)? {
        for (index, column) in reader.columns.enumerated() where !except.contains(column.name) {
            var next = 0
            for chunk in 0..<reader.header.chunkCount where next < rows.count {
                let held = reader.header.rows(ofChunk: chunk)
                guard rows[next] < held.upperBound else { continue }
                var found: Int?
                try reader.withChunk(chunk, of: index) { bytes throws(StorageError) in
                    while next < rows.count, rows[next] < held.upperBound {
                        let local = rows[next] - held.lowerBound
                        let range =
                            column.rowBytes.map { local * $0..<(local + 1) * $0 }
                            ?? ByteStringChunk.range(local, of: held.count, in: bytes) ?? 0..<0
                        for offset in range where bytes.integer(at: offset, as: UInt8.self) != 0 && found == nil {
                            found = rows[next]
                        }
                        next += 1
                    }
                }
                if let found { return (found, column.name) }
            }
        }
        return nil
    }
}
