package import Storage

/// Reads a ``CorpusShard``. All methods may be called from many threads.
package final class CorpusShardReader: Sendable {
    package let shard: ShardReader
    package let content: CorpusShard.Content
    /// The input files that places speak of.
    package let files: [String]

    package var rows: Int { shard.rows }
    package var path: String { shard.path }

    /// - Throws: as ``ShardReader/init(path:expectedKind:cacheBytes:)``; `mismatch` where columns are not those of a corpus.
    package init(path: String, cacheBytes: Int = 16 << 20) throws(StorageError) {
        shard = try ShardReader(path: path, expectedKind: CorpusShard.kind, cacheBytes: cacheBytes)
        content = shard.hasColumn("passage") ? .passages : .texts
        for column in CorpusShard.columns(content) {
            let found = try shard.column(column.name)
            guard found.element == column.element, found.width == column.width else {
                throw StorageError(.mismatch, path: path, "has a column '\(column.name)' that is not one of a corpus")
            }
        }
        var files: [String] = []
        while let file = shard.attributes["file.\(files.count)"] { files.append(file) }
        self.files = files
    }

    package func id(_ row: Int) throws(StorageError) -> String { try shard.string("id", row: row) }

    package func text(_ row: Int) throws(StorageError) -> String { try shard.string("text", row: row) }

    /// Nil where the sample had no other fields.
    package func metadata(_ row: Int) throws(StorageError) -> String? {
        let text = try shard.string("metadata", row: row)
        return text.isEmpty ? nil : text
    }

    /// The document that a row is a passage of, and its number; nil in a shard without passages.
    package func passage(_ row: Int) throws(StorageError) -> (document: String, number: Int)? {
        guard content == .passages else { return nil }
        var number: [UInt32] = []
        try shard.read("passage", rows: row..<row + 1, into: &number)
        return (try shard.string("document", row: row), Int(number[0]))
    }

    /// Where a row came from: the file as given, and the line from 1 (of a vector, its row from 0).
    package func place(_ row: Int) throws(StorageError) -> (file: String, line: Int) {
        var file: [UInt32] = []
        var line: [UInt64] = []
        try shard.read("file", rows: row..<row + 1, into: &file)
        try shard.read("line", rows: row..<row + 1, into: &line)
        let index = Int(file[0])
        return (index < files.count ? files[index] : "file \(index)", Int(clamping: line[0]))
    }

    /// The row of an id, the first where it is there twice; nil where it isn't there.
    ///
    /// - Complexity: O(log rows)
    package func row(ofID id: String) throws(StorageError) -> Int? {
        let hash = IdentifierHash(id)
        let shard = shard
        let hashes = try shard.values("id_hash", as: UInt64.self)
        let rows = try shard.values("id_row", as: UInt32.self)
        var low = 0
        var high = shard.rows
        while low < high {
            let middle = (low + high) / 2
            if IdentifierHash(high: hashes[2 * middle], low: hashes[2 * middle + 1]) < hash {
                low = middle + 1
            } else {
                high = middle
            }
        }
        while low < shard.rows, IdentifierHash(high: hashes[2 * low], low: hashes[2 * low + 1]) == hash {
            let row = Int(rows[low])
            guard row < shard.rows else { throw damagedIndex }
            if try self.id(row).utf8.elementsEqual(id.utf8) { return row }
            low += 1
        }
        return nil
    }

    /// Checks every byte, and that the index of ids is sorted, complete and right.
    package func verify() throws(StorageError) {
        let shard = shard
        try shard.verify()
        let hashes = try shard.values("id_hash", as: UInt64.self)
        let rows = try shard.values("id_row", as: UInt32.self)
        var found = [IdentifierHash?](repeating: nil, count: shard.rows)
        var previous: IdentifierHash?
        for index in 0..<shard.rows {
            let hash = IdentifierHash(high: hashes[2 * index], low: hashes[2 * index + 1])
            let row = Int(rows[index])
            guard row < shard.rows, found[row] == nil, previous.map({ $0 <= hash }) ?? true else { throw damagedIndex }
            found[row] = hash
            previous = hash
        }
        let expected = found
        try shard.forEachBytes("id", rows: 0..<shard.rows) { row, bytes throws(StorageError) in
            let words = Digest.words(bytes)
            guard expected[row] == IdentifierHash(high: words.high, low: words.low) else { throw damagedIndex }
        }
    }

    private var damagedIndex: StorageError {
        StorageError(.corrupt, path: path, "has an index of ids that does not fit its ids; ingest it again")
    }
}
