internal import CKernels

extension ShardReader {
    /// A column that is stored raw, found by its name once: its rows are then read without looking anything up.
    package struct RawColumn: Sendable {
        fileprivate let number: Int
        package let element: ElementType
        /// Bytes of a row; 0 where each has its own length.
        package let rowBytes: Int
    }

    /// - Parameter element: of a column of numbers; nil for byte strings.
    /// - Throws: `mismatch` where there is no such column, it is not of this type, or not stored raw.
    package func rawColumn(_ name: String, of element: ElementType?) throws(StorageError) -> RawColumn {
        let number = try index(of: name)
        let found = columns[number].width == .variable ? nil : columns[number].element
        guard found == element else {
            func text(_ type: ElementType?) -> String { type.map { "\($0)" } ?? "byte strings" }
            throw StorageError(
                .mismatch, path: path, "column '\(name)' holds \(text(found)), not \(text(element))")
        }
        guard columns[number].codec.isVerbatim else {
            throw StorageError(
                .mismatch, path: path,
                "column '\(name)' is stored as \(columns[number].codec), so it cannot be read in place")
        }
        return RawColumn(number: number, element: columns[number].element, rowBytes: columns[number].rowBytes ?? 0)
    }

    /// The bytes of one row, in place. The row's chunk is checked the first time.
    ///
    /// - Parameter column: of this file.
    /// - Throws: `corrupt`.
    /// - Complexity: O(1)
    @inline(__always)
    @_lifetime(borrow self)
    package func bytes(_ column: RawColumn, row: Int) throws(StorageError) -> RawSpan {
        let (chunk, local) = place(ofRow: row)
        let stored = try sound(chunk, of: column.number)
        if column.rowBytes > 0 {
            let bytes = stored.extracting(local * column.rowBytes..<(local + 1) * column.rowBytes)
            return unsafe _overrideLifetime(bytes, borrowing: self)
        }
        guard let range = ByteStringChunk.range(local, of: header.rows(ofChunk: chunk).count, in: stored) else {
            throw damage("has rows that do not fit it", chunk, of: column.number)
        }
        return unsafe _overrideLifetime(stored.extracting(range), borrowing: self)
    }

    /// Copies one row of a column of floats: `float16` is widened, `float64` narrowed to nearest.
    ///
    /// - Parameter destination: as many numbers as the row has.
    /// - Throws: `corrupt`.
    @inline(__always)
    package func read(
        _ column: RawColumn, row: Int, into destination: inout MutableSpan<Float>
    ) throws(StorageError) {
        destination.widenOrNarrow(try bytes(column, row: row), from: column.element)
    }

    /// Asks a core's cache for the bytes of a row, or for where they lie, where each row has its own length: ask for that
    /// first, some rows before.
    @inline(__always)
    package func prefetch(_ column: RawColumn, row: Int, placeOnly: Bool) {
        let (chunk, local) = place(ofRow: row)
        let table = chunkTable
        let stored = table.stored(chunk, of: column.number)
        var range = local * column.rowBytes..<(local + 1) * column.rowBytes
        if column.rowBytes == 0 {
            let offsets = min(4 * local, stored.byteCount)..<min(4 * local + 8, stored.byteCount)
            let held = header.rows(ofChunk: chunk).count
            range = placeOnly ? offsets : ByteStringChunk.range(local, of: held, in: stored) ?? offsets
        }
        unsafe stored.extracting(range).withUnsafeBytes { unsafe ck_prefetch($0.baseAddress, $0.count) }
    }

    @inline(__always)
    private func place(ofRow row: Int) -> (chunk: Int, local: Int) {
        precondition(row >= 0 && row < rows, "row \(row) of \(rows)")
        let (chunk, local) = row.quotientAndRemainder(dividingBy: chunkRows)
        return (chunk, local)
    }
}
