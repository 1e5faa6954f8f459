/// A column of rising, distinct `uint32` keys of a shard file, stored raw: finds the row of a key in place.
///
/// In memory it holds the first key of each chunk.
package struct SortedColumn: Sendable {
    package let reader: ShardReader
    package let column: String
    private let firstKeys: [UInt32]

    /// - Throws: `mismatch` (no such column, not raw `uint32`), `corrupt` (a checksum, or keys that do not rise).
    /// - Complexity: reads the column once, for its checksums.
    package init(_ reader: ShardReader, column: String) throws(StorageError) {
        self.reader = reader
        self.column = column
        var firstKeys: [UInt32] = []
        for start in stride(from: 0, to: reader.rows, by: reader.chunkRows) {
            let keys = try reader.values(column, as: UInt32.self, rows: start..<start + 1)
            firstKeys.append(keys[0])
        }
        self.firstKeys = firstKeys
        for index in firstKeys.indices.dropFirst() where firstKeys[index - 1] >= firstKeys[index] {
            throw unsorted(near: index * reader.chunkRows)
        }
    }

    /// The row that holds a key; nil where none does.
    ///
    /// - Throws: `corrupt`.
    /// - Complexity: O(log rows)
    package func row(of key: UInt32) throws(StorageError) -> Int? {
        // The last chunk whose first key is not above the key.
        var (low, high) = (0, firstKeys.count)
        while low < high {
            let middle = (low + high) / 2
            if firstKeys[middle] <= key { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return nil }
        let start = (low - 1) * reader.chunkRows
        let reader = reader
        let keys = try reader.values(
            column, as: UInt32.self, rows: start..<min(reader.rows, start + reader.chunkRows))
        (low, high) = (0, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low < keys.count && keys[low] == key ? start + low : nil
    }

    /// Checks that every key is above the one before it.
    ///
    /// - Throws: `corrupt`.
    package func verify() throws(StorageError) {
        let reader = reader
        let keys = try reader.values(column, as: UInt32.self)
        for row in keys.indices.dropFirst() where keys[row - 1] >= keys[row] { throw unsorted(near: row) }
    }

    private func unsorted(near row: Int) -> StorageError {
        StorageError(
            .corrupt, path: reader.path, "column '\(column)' does not rise near row \(row); build the file again")
    }
}
