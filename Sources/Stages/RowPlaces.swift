/// In which of several files, whose rows follow one another, each row is.
struct RowPlaces: Sendable {
    /// Of all files.
    let rows: Int
    /// The number of each file's first row.
    let firstRows: [Int]

    /// - Parameter counts: rows of each file.
    init(_ counts: [Int]) {
        var (firstRows, rows): ([Int], Int) = ([], 0)
        for count in counts {
            firstRows.append(rows)
            rows += count
        }
        (self.firstRows, self.rows) = (firstRows, rows)
    }

    /// - Returns: the file, and the row's number in it.
    /// - Complexity: O(log files)
    @inline(__always)
    func place(of row: Int) -> (file: Int, row: Int) {
        precondition(row >= 0 && row < rows, "row \(row) of \(rows)")
        // The last file that begins at or before the row; it has rows.
        let firstRows = firstRows.span
        var (low, high) = (0, firstRows.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if firstRows[middle] <= row { low = middle } else { high = middle }
        }
        return (low, row - firstRows[low])
    }
}

/// Rows that are read one after another, here and there, are asked for some rows before.
enum LookAhead {
    /// How many rows before a row's bytes are asked for, and before that where these lie.
    private static let (bytes, places) = (4, 8)

    /// Calls `prefetch` with rows that come soon.
    ///
    /// - Parameters:
    ///   - position: of the row that is read next, of `count`.
    ///   - prefetch: asks for the bytes of the row at a position, or only for where they lie.
    @inline(__always)
    static func ask(at position: Int, of count: Int, _ prefetch: (_ position: Int, _ placeOnly: Bool) -> Void) {
        if position + places < count { prefetch(position + places, true) }
        if position + bytes < count { prefetch(position + bytes, false) }
    }
}
