extension ShardReader {
    /// The rows of a column of `float32` that is stored raw, in place: row-major `[rows × width]`.
    ///
    /// The checksums of the chunks that hold these rows are checked the first time. The span depends on the variable that
    /// holds the reader: where that is a property, bind it to a local constant first (`let reader = reader`).
    ///
    /// - Parameter rows: all rows where nil.
    /// - Throws: `mismatch` (no such column, another element type, not stored raw), `corrupt`.
    @_lifetime(borrow self)
    package func floats(_ column: String, rows: Range<Int>? = nil) throws(StorageError) -> Span<Float> {
        try values(column, as: Float.self, rows: rows)
    }

    /// The rows of a column that is stored raw, in place: row-major `[rows × width]`. Otherwise like ``floats(_:rows:)``.
    @_lifetime(borrow self)
    package func values<T: ShardElement>(
        _ column: String, as type: T.Type, rows: Range<Int>? = nil
    ) throws(StorageError) -> Span<T> {
        let index = try index(of: column, element: T.element)
        let description = columns[index]
        guard let rowBytes = description.rowBytes, description.codec.isVerbatim else {
            throw StorageError(
                .mismatch, path: path,
                "column '\(column)' is stored as \(description.codec), so it cannot be read in place; copy its rows instead"
            )
        }
        let rows = checked(rows ?? 0..<self.rows)
        for chunk in chunks(of: rows) { _ = try sound(chunk, of: index) }
        let start = directory.columns[index].offset + rows.lowerBound * rowBytes
        let bytes = fileSpan.extracting(start..<start + rows.count * rowBytes)
        // Columns begin at multiples of 64, so every element is aligned.
        return unsafe _overrideLifetime(Span<T>(_bytes: bytes), borrowing: self)
    }

    /// Asks the system to read rows of a column of a fixed width that is stored raw ahead, and does not wait for it.
    ///
    /// - Throws: `mismatch` (no such column).
    package func willNeed(_ column: String, rows: Range<Int>) throws(StorageError) {
        guard let bytes = try bytes(of: column, rows: rows) else { return }
        file.willNeed(bytes)
    }

    /// Whether the first byte of a row is in memory, of a column of a fixed width that is stored raw.
    ///
    /// - Throws: `mismatch` (no such column).
    package func isResident(_ column: String, row: Int) throws(StorageError) -> Bool {
        guard let bytes = try bytes(of: column, rows: row..<row + 1) else { return true }
        return file.isResident(at: bytes.lowerBound)
    }

    private func bytes(of column: String, rows: Range<Int>) throws(StorageError) -> Range<Int>? {
        let index = try index(of: column)
        guard let rowBytes = columns[index].rowBytes, columns[index].codec.isVerbatim else { return nil }
        let rows = checked(rows)
        let offset = directory.columns[index].offset
        return offset + rows.lowerBound * rowBytes..<offset + rows.upperBound * rowBytes
    }

    /// Copies rows of any column of floats: `float16` is widened, `float64` narrowed to nearest.
    ///
    /// - Parameter destination: row-major `[rows.count × width]`.
    /// - Throws: `mismatch` (no such column, not of floats), `corrupt`.
    package func read(
        _ column: String, rows: Range<Int>, into destination: inout MutableSpan<Float>
    ) throws(StorageError) {
        let index = try index(of: column)
        let element = columns[index].element
        _ = try self.index(of: column, element: element.isFloat ? element : .float32)
        try forEachPiece(of: index, rows: rows, count: destination.count) { bytes, elements throws(StorageError) in
            var part = destination._mutatingExtracting(elements)
            part.widenOrNarrow(bytes, from: element)
        }
    }

    /// Copies rows of any column of floats into an array, which gets `rows.count × width` elements.
    package func read(_ column: String, rows: Range<Int>, into array: inout [Float]) throws(StorageError) {
        try resize(&array, toFit: rows, of: column, zero: 0)
        var span = array.mutableSpan
        try read(column, rows: rows, into: &span)
    }

    /// Copies rows of a column of this very element type.
    ///
    /// - Parameter destination: row-major `[rows.count × width]`.
    /// - Throws: `mismatch` (no such column, another element type), `corrupt`.
    package func read<T: ShardElement>(
        _ column: String, rows: Range<Int>, into destination: inout MutableSpan<T>
    ) throws(StorageError) {
        try copy(try index(of: column, element: T.element), rows: rows, into: &destination)
    }

    /// Copies rows of a column of this very element type into an array, which gets `rows.count × width` elements.
    package func read<T: ShardElement & ExpressibleByIntegerLiteral>(
        _ column: String, rows: Range<Int>, into array: inout [T]
    ) throws(StorageError) {
        try resize(&array, toFit: rows, of: column, zero: 0)
        var span = array.mutableSpan
        try read(column, rows: rows, into: &span)
    }

    /// A column of one element a row, of this very element type, whole.
    package func array<T: ShardElement & ExpressibleByIntegerLiteral>(
        _ column: String, of type: T.Type
    ) throws(StorageError) -> [T] {
        var result: [T] = []
        try read(column, rows: 0..<rows, into: &result)
        return result
    }
}

extension MutableSpan where Element: ShardElement {
    /// Takes over the bytes of as many elements.
    mutating func copy(_ bytes: RawSpan) {
        unsafe withUnsafeMutableBytes { output in
            precondition(output.count == bytes.byteCount)
            unsafe bytes.withUnsafeBytes { unsafe output.copyMemory(from: $0) }
        }
    }
}

extension MutableSpan where Element == Float {
    /// Takes over the bytes of as many numbers: `float16` is widened, `float64` narrowed to nearest.
    ///
    /// - Parameter element: of floats.
    mutating func widenOrNarrow(_ bytes: RawSpan, from element: ElementType) {
        precondition(bytes.byteCount == count * element.size, "\(bytes.byteCount) bytes for \(count) \(element)")
        switch element {
        case .float32: copy(bytes)
        case .float16: HalfPrecision.widen(Span<Float16>(_bytes: bytes), into: &self)
        case .float64:
            let doubles = Span<Double>(_bytes: bytes)
            for index in doubles.indices { self[index] = Float(doubles[index]) }
        default: preconditionFailure("\(element) are no floats")
        }
    }
}

extension ShardReader {
    /// The chunks that hold `rows`.
    func chunks(of rows: Range<Int>) -> Range<Int> {
        rows.isEmpty ? 0..<0 : rows.lowerBound / chunkRows..<(rows.upperBound - 1) / chunkRows + 1
    }

    func checked(_ rows: Range<Int>) -> Range<Int> {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= self.rows, "rows \(rows) of \(self.rows)")
        return rows
    }

    private func index(of column: String, element: ElementType) throws(StorageError) -> Int {
        let index = try index(of: column)
        guard columns[index].element == element, columns[index].width != .variable else {
            let found = columns[index].width == .variable ? "byte strings" : "\(columns[index].element)"
            throw StorageError(.mismatch, path: path, "column '\(column)' holds \(found), not \(element)")
        }
        return index
    }

    private func resize<T>(
        _ array: inout [T], toFit rows: Range<Int>, of column: String, zero: T
    ) throws(StorageError) {
        let count = rows.count * (columns[try index(of: column)].fixedWidth ?? 0)
        if array.count != count { array = [T](repeating: zero, count: count) }
    }

    private func copy<T: ShardElement>(
        _ column: Int, rows: Range<Int>, into destination: inout MutableSpan<T>
    ) throws(StorageError) {
        try forEachPiece(of: column, rows: rows, count: destination.count) { bytes, elements throws(StorageError) in
            var part = destination._mutatingExtracting(elements)
            part.copy(bytes)
        }
    }

    /// Calls `body` with the bytes of `rows`, chunk by chunk, and with the elements of the destination they are for.
    private func forEachPiece(
        of column: Int, rows: Range<Int>, count: Int, _ body: (RawSpan, Range<Int>) throws(StorageError) -> Void
    ) throws(StorageError) {
        let rows = checked(rows)
        guard let width = columns[column].fixedWidth, let rowBytes = columns[column].rowBytes else { return }
        precondition(count == rows.count * width, "\(count) elements for \(rows.count) rows of \(width)")
        for chunk in chunks(of: rows) {
            let held = header.rows(ofChunk: chunk)
            let part = held.clamped(to: rows)
            let first = (part.lowerBound - rows.lowerBound) * width
            let start = (part.lowerBound - held.lowerBound) * rowBytes
            try withChunk(chunk, of: column) { bytes throws(StorageError) in
                try body(bytes.extracting(start..<start + part.count * rowBytes), first..<first + part.count * width)
            }
        }
    }
}
