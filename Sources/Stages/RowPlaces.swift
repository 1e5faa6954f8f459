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

/// How far rows that are read one after another, here and there, are asked for ahead.
enum LookAhead {
    /// Rows whose bytes are asked for before they are read, and rows before that of which it is asked where these lie.
    static let (bytes, places) = (4, 8)
}
