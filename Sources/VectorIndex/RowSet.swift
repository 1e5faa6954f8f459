/// Which rows a search may return: one bit for each row of the index.
///
/// Bits at and after ``count`` are zero.
package struct RowSet: Sendable, Hashable {
    /// How many rows it speaks of: 0 ..< count.
    package let count: Int
    /// Bit `row % 64` of word `row / 64` says whether a row is in the set.
    package private(set) var words: [UInt64]

    /// No row.
    package init(count: Int) {
        precondition(count >= 0)
        self.count = count
        words = [UInt64](repeating: 0, count: (count + 63) / 64)
    }

    /// - Parameter rows: each in 0 ..< count.
    package init(count: Int, containing rows: some Sequence<Int>) {
        self.init(count: count)
        for row in rows { insert(row) }
    }

    /// Every row.
    package init(allOf count: Int) {
        self.init(count: count)
        for index in words.indices { words[index] = .max }
        if count % 64 > 0 { words[words.count - 1] = (1 << UInt64(count % 64)) - 1 }
    }

    package func contains(_ row: Int) -> Bool {
        precondition(row >= 0 && row < count, "row \(row) of \(count)")
        return words[row / 64] >> UInt64(row % 64) & 1 == 1
    }

    package mutating func insert(_ row: Int) {
        precondition(row >= 0 && row < count, "row \(row) of \(count)")
        words[row / 64] |= 1 << UInt64(row % 64)
    }

    package mutating func remove(_ row: Int) {
        precondition(row >= 0 && row < count, "row \(row) of \(count)")
        words[row / 64] &= ~(1 << UInt64(row % 64))
    }

    /// How many rows are in the set.
    ///
    /// - Complexity: O(count / 64)
    package var population: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
}
