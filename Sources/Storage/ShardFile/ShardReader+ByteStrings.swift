extension ShardReader {
    /// One row of a column of byte strings. Rows near one another are cheap: their chunk stays decoded for a while.
    ///
    /// - Throws: `mismatch` (no such column, or of numbers), `corrupt`.
    package func bytes(_ column: String, row: Int) throws(StorageError) -> [UInt8] {
        var result: [UInt8] = []
        try forEachBytes(column, rows: row..<row + 1) { _, bytes in result = bytes.copied() }
        return result
    }

    /// One row of a column of byte strings as text; bytes that are not UTF-8 become U+FFFD.
    package func string(_ column: String, row: Int) throws(StorageError) -> String {
        var result = ""
        try forEachBytes(column, rows: row..<row + 1) { _, bytes in
            result = unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
        }
        return result
    }

    /// Rows of a column of byte strings as texts; bytes that are not UTF-8 become U+FFFD.
    package func strings(_ column: String, rows: Range<Int>) throws(StorageError) -> [String] {
        var result: [String] = []
        result.reserveCapacity(rows.count)
        try forEachBytes(column, rows: rows) { _, bytes in
            result.append(unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) })
        }
        return result
    }

    /// Calls `body` with each row and its bytes, in order; each chunk is decoded once.
    ///
    /// - Throws: `mismatch` (no such column, or of numbers), `corrupt`, what `body` throws.
    package func forEachBytes(
        _ column: String, rows: Range<Int>, _ body: (_ row: Int, _ bytes: RawSpan) throws(StorageError) -> Void
    ) throws(StorageError) {
        let index = try index(of: column)
        guard columns[index].width == .variable else {
            throw StorageError(
                .mismatch, path: path, "column '\(column)' holds \(columns[index].element), not byte strings")
        }
        let rows = checked(rows)
        for chunk in chunks(of: rows) {
            let held = header.rows(ofChunk: chunk)
            try withChunk(chunk, of: index) { bytes throws(StorageError) in
                for row in held.clamped(to: rows) {
                    guard let range = ByteStringChunk.range(row - held.lowerBound, of: held.count, in: bytes) else {
                        throw damage("has rows that do not fit it", chunk, of: index)
                    }
                    try body(row, bytes.extracting(range))
                }
            }
        }
    }
}

/// The layout of a chunk of `n` byte strings: `n + 1` offsets (u32, from 0, never falling), then the bytes.
enum ByteStringChunk {
    /// Where a row's bytes lie in the chunk; nil where the offsets make no sense.
    static func range(_ row: Int, of count: Int, in bytes: RawSpan) -> Range<Int>? {
        let base = 4 * (count + 1)
        guard bytes.byteCount >= base else { return nil }
        let start = base + Int(bytes.integer(at: 4 * row, as: UInt32.self))
        let end = base + Int(bytes.integer(at: 4 * row + 4, as: UInt32.self))
        guard start <= end, end <= bytes.byteCount else { return nil }
        return start..<end
    }

    /// Whether the offsets begin at 0, never fall and end at the end.
    static func isSound(_ bytes: RawSpan, count: Int) -> Bool {
        guard bytes.byteCount >= 4 * (count + 1), bytes.integer(at: 0, as: UInt32.self) == 0 else { return false }
        for row in 0..<count where range(row, of: count, in: bytes) == nil { return false }
        return 4 * (count + 1) + Int(bytes.integer(at: 4 * count, as: UInt32.self)) == bytes.byteCount
    }
}
