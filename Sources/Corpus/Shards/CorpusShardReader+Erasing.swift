package import Storage

extension CorpusShardReader {
    /// Writes the shard once more with some rows emptied: no text, id, metadata, passage or place. The index of ids has them
    /// under the empty id.
    ///
    /// - Parameter rows: rising.
    package func copy(to path: String, erasing rows: [Int]) throws(StorageError) {
        let shard = shard
        let hashes = try shard.values("id_hash", as: UInt64.self)
        let indexed = try shard.values("id_row", as: UInt32.self)
        let erased = Set(rows)
        let empty = IdentifierHash("")
        var entries: [(hash: IdentifierHash, row: UInt32)] = []
        for index in 0..<shard.rows {
            let hash = IdentifierHash(high: hashes[2 * index], low: hashes[2 * index + 1])
            entries.append((erased.contains(Int(indexed[index])) ? empty : hash, indexed[index]))
        }
        entries.sort { ($0.hash, $0.row) < ($1.hash, $1.row) }
        var (hashBytes, rowBytes): ([UInt8], [UInt8]) = ([], [])
        for (hash, row) in entries {
            hashBytes.appendInteger(hash.high)
            hashBytes.appendInteger(hash.low)
            rowBytes.appendInteger(row)
        }
        try ShardEraser.copy(
            shard, to: path, erasing: rows, replacing: ["id_hash": hashBytes, "id_row": rowBytes])
    }

    /// The rows that were emptied, rising.
    package func erasedRows() throws(StorageError) -> [Int] { try rows(ofKeys: [IdentifierHash("")]) }

    /// The first of some rows that has content anywhere but in the index of ids.
    package func firstWithContent(among rows: [Int]) throws(StorageError) -> (row: Int, column: String)? {
        try ShardEraser.firstWithContent(shard, rows: rows, except: ["id_hash", "id_row"])
    }
}
