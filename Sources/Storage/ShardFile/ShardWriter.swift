internal import Foundation

/// What a finished shard file holds.
package struct ShardSummary: Hashable, Sendable {
    package let rows: Int
    package let bytes: Int
}

/// Writes one shard file, column by column or row by row, holding one chunk of each column in memory.
///
/// The first column goes straight to the file; the others go to files beside it (`PATH.column-1` …) that ``finish()``
/// appends and removes, so that each column's chunks lie together. Put the largest column first. A writer that goes away
/// unfinished removes what it wrote. The file is not flushed to disk: whoever renames it into place does that.
///
/// The same rows, chunk size and codecs give the same bytes, however they are split over calls.
package final class ShardWriter {
    package let path: String
    private let kind: String
    private let chunkRows: Int
    private let attributes: [String: String]
    private let columns: [ShardColumnWriter]
    private var isFinished = false

    /// - Parameters:
    ///   - path: where to write; a file of that name is replaced.
    ///   - kind: what the file is, at most 16 bytes of UTF-8, such as `corpus`; readers ask for it.
    ///   - columns: with names of their own.
    ///   - chunkRows: rows a chunk, the unit of compression and of checksums.
    ///   - attributes: facts about the whole file.
    /// - Throws: `permissionDenied`, `noSpace`, `notFound` (the folder), `inputOutput`.
    package init(
        path: String, kind: String, columns: [ColumnDescription], chunkRows: Int = 4096,
        attributes: [String: String] = [:]
    ) throws(StorageError) {
        precondition((1...ShardFormat.longestKind).contains(kind.utf8.count), "kind '\(kind)'")
        precondition(chunkRows > 0 && chunkRows <= Int(UInt32.max))
        precondition(Set(columns.map(\.name)).count == columns.count, "two columns of one name")
        self.path = path
        self.kind = kind
        self.chunkRows = chunkRows
        self.attributes = attributes
        var writers: [ShardColumnWriter] = []
        do {
            for (index, column) in columns.enumerated() {
                let file = try OpenFile(creating: index == 0 ? path : "\(path).column-\(index)")
                if index == 0 { try file.write([UInt8](repeating: 0, count: ShardFormat.headerBytes).rawBytes) }
                writers.append(ShardColumnWriter(column, chunkRows: chunkRows, file: file))
            }
        } catch {
            for writer in writers { unsafe unlink(writer.path) }
            throw error
        }
        precondition(!writers.isEmpty, "a shard file has a column at least")
        self.columns = writers
    }

    deinit {
        for column in columns where !isFinished { unsafe unlink(column.path) }
    }

    /// Appends rows to a column of floats: stored as they are, narrowed (`float16`, to nearest) or widened (`float64`).
    ///
    /// - Parameter floats: row-major `[rows × width]`, any number of whole rows.
    /// - Throws: `noSpace`, `inputOutput`.
    package func append(_ column: String, floats: Span<Float>) throws(StorageError) {
        let writer = self.column(column)
        switch writer.description.element {
        case .float16:
            var halves = [Float16](repeating: 0, count: floats.count)
            var output = halves.mutableSpan
            HalfPrecision.narrow(floats, into: &output)
            try writer.append(rows: halves.rawBytes)
        case .float64:
            var doubles: [Double] = []
            doubles.reserveCapacity(floats.count)
            for index in floats.indices { doubles.append(Double(floats[index])) }
            try writer.append(rows: doubles.rawBytes)
        default:
            try append(column, values: floats)
        }
    }

    /// Appends rows to a column of floats, from an array.
    package func append(_ column: String, floats: [Float]) throws(StorageError) {
        try append(column, floats: floats.span)
    }

    /// Appends rows to a column of this very element type.
    ///
    /// - Parameter values: row-major `[rows × width]`, any number of whole rows.
    /// - Throws: `noSpace`, `inputOutput`.
    package func append<T: ShardElement>(_ column: String, values: Span<T>) throws(StorageError) {
        let writer = self.column(column)
        precondition(writer.description.element == T.element, "'\(column)' holds \(writer.description.element)")
        try writer.append(rows: values.rawBytes)
    }

    /// Appends rows to a column of this very element type, from an array (also of a temporary one, whose span the 6.3
    /// compiler crashes on where the call may throw).
    package func append<T: ShardElement>(_ column: String, values: [T]) throws(StorageError) {
        try append(column, values: values.span)
    }

    /// Appends one row to a column of one element a row.
    package func append<T: ShardElement>(_ column: String, value: T) throws(StorageError) {
        let writer = self.column(column)
        precondition(writer.description.element == T.element && writer.description.fixedWidth == 1)
        try writer.append(rows: [value].rawBytes)
    }

    /// Appends one row to a column of byte strings.
    ///
    /// - Throws: `noSpace`, `inputOutput`, and `mismatch` where a chunk grows over 1.9 GiB: lower `chunkRows` then.
    package func append(_ column: String, bytes: RawSpan) throws(StorageError) {
        try self.column(column).append(variable: bytes)
    }

    /// Appends one row to a column of byte strings, as UTF-8.
    package func append(_ column: String, string: String) throws(StorageError) {
        try append(column, bytes: string.utf8Span.span.rawBytes)
    }

    /// Appends rows of a fixed width as they lie in memory.
    func append(_ column: String, rawRows: RawSpan) throws(StorageError) {
        try self.column(column).append(rows: rawRows)
    }

    /// Rows that a column has so far.
    package func rowCount(_ column: String) -> Int { self.column(column).rows }

    /// Writes what is buffered, the directory and the footer, and closes the file. To be called once.
    ///
    /// - Throws: `mismatch` where columns have different numbers of rows; `noSpace`, `inputOutput`.
    package func finish() throws(StorageError) -> ShardSummary {
        precondition(!isFinished, "finish() is called once")
        let rows = columns[0].rows
        for column in columns where column.rows != rows {
            throw StorageError(
                .mismatch, path: path,
                "cannot be finished: column '\(columns[0].description.name)' has \(rows) rows, but "
                    + "'\(column.description.name)' has \(column.rows)")
        }
        for column in columns { try column.flush() }
        var position = ShardFormat.headerBytes + columns[0].storedBytes
        var entries = [columns[0].directoryEntry(at: ShardFormat.headerBytes)]
        for column in columns.dropFirst() {
            position += try pad(from: position)
            entries.append(column.directoryEntry(at: position))
            position += try columns[0].appendContents(of: column)
        }
        position += try pad(from: position)
        try writeEnd(directory: ShardDirectory(columns: entries, attributes: attributes), at: position, rows: rows)
        isFinished = true
        for column in columns.dropFirst() { unsafe unlink(column.path) }
        return ShardSummary(rows: rows, bytes: fileBytes)
    }

    private var fileBytes = 0

    private func writeEnd(directory: ShardDirectory, at position: Int, rows: Int) throws(StorageError) {
        var tail = directory.encoded()
        let header = ShardHeader(
            kind: kind, rows: rows, chunkRows: chunkRows, directoryOffset: position, directoryBytes: tail.count)
        let directoryBytes = tail
        tail.pad(to: ShardFormat.alignment)
        fileBytes = position + tail.count + ShardFormat.footerBytes
        tail += ShardFooter(header: header, directory: directoryBytes, fileBytes: fileBytes).encoded()
        try columns[0].writeThrough(tail.rawBytes)
        try columns[0].overwriteStart(with: header.encoded().rawBytes)
    }

    private func pad(from position: Int) throws(StorageError) -> Int {
        let count = position.roundedUp(to: ShardFormat.alignment) - position
        try columns[0].writeThrough([UInt8](repeating: 0, count: count).rawBytes)
        return count
    }

    private func column(_ name: String) -> ShardColumnWriter {
        guard let column = columns.first(where: { $0.description.name == name }) else {
            preconditionFailure("no column '\(name)' was declared")
        }
        return column
    }
}
