package import Pipeline
package import Probing
package import Storage

/// The words of any rows of the corpus, read from their shards in place. May be used from many threads.
package struct TokenRows: Sendable {
    package let rows: Int
    private let readers: [ShardReader]
    private let firstRows: [Int]

    /// - Parameter artifacts: those of the tokenize stage, all shards in order.
    /// - Throws: as ``ShardReader/init(path:expectedKind:cacheBytes:)``.
    package init(_ artifacts: [Artifact]) throws(StorageError) {
        var readers: [ShardReader] = []
        var firstRows: [Int] = []
        var rows = 0
        for artifact in artifacts {
            let reader = try TokenFile.reader(artifact)
            readers.append(reader)
            firstRows.append(rows)
            rows += reader.rows
        }
        self.readers = readers
        self.firstRows = firstRows
        self.rows = rows
    }

    /// The words of one row.
    ///
    /// - Throws: `corrupt`.
    /// - Complexity: O(words + log shards)
    package func bag(row: Int) throws(StorageError) -> TokenBag {
        var bag = TokenBag(ids: [], counts: [], length: 0)
        try read(row: row, into: &bag)
        return bag
    }

    /// The same into a bag whose memory is used again.
    package func read(row: Int, into bag: inout TokenBag) throws(StorageError) {
        precondition((0..<rows).contains(row), "row \(row) of \(rows)")
        // The last shard that begins at or before the row and has rows.
        var (low, high) = (0, firstRows.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if firstRows[middle] <= row { low = middle } else { high = middle }
        }
        try TokenFile.read(readers[low], row: row - firstRows[low], into: &bag)
    }
}
