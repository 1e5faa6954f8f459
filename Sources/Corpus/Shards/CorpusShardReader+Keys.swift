package import Storage

extension IdentifierHash {
    /// The first 32 digits of a SHA-256 sum in hexadecimal; nil for anything else.
    package init?(hexadecimal text: String) {
        let digits = Array(text.utf8.prefix(32))
        guard digits.count == 32, let high = UInt64(String(decoding: digits[..<16], as: UTF8.self), radix: 16),
            let low = UInt64(String(decoding: digits[16...], as: UTF8.self), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }
}

extension CorpusShardReader {
    /// The hashes of the ids by which other shards find this one's samples: of every id, and of documents in passages that
    /// of the first passage. Rising.
    package func keys() throws(StorageError) -> [IdentifierHash] {
        let shard = shard
        let hashes = try shard.values("id_hash", as: UInt64.self)
        let rows = try shard.values("id_row", as: UInt32.self)
        var numbers: [UInt32] = []
        if content == .passages { try shard.read("passage", rows: 0..<shard.rows, into: &numbers) }
        var keys: [IdentifierHash] = []
        for index in 0..<shard.rows where content == .texts || numbers[Int(rows[index])] == 0 {
            keys.append(IdentifierHash(high: hashes[2 * index], low: hashes[2 * index + 1]))
        }
        return keys
    }

    /// Whether a row has an id of this hash.
    ///
    /// - Complexity: O(log rows)
    package func holds(_ key: IdentifierHash) throws(StorageError) -> Bool {
        let shard = shard
        let hashes = try shard.values("id_hash", as: UInt64.self)
        var (low, high) = (0, shard.rows)
        while low < high {
            let middle = (low + high) / 2
            if IdentifierHash(high: hashes[2 * middle], low: hashes[2 * middle + 1]) < key {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low < shard.rows && IdentifierHash(high: hashes[2 * low], low: hashes[2 * low + 1]) == key
    }

    /// The rows whose ids have one of some hashes, in rising order.
    ///
    /// - Parameter keys: rising.
    /// - Complexity: O(rows + keys), or O(keys · log rows) where keys are few.
    package func rows(ofKeys keys: [IdentifierHash]) throws(StorageError) -> [Int] {
        let shard = shard
        let hashes = try shard.values("id_hash", as: UInt64.self)
        let rows = try shard.values("id_row", as: UInt32.self)
        func hash(_ index: Int) -> IdentifierHash {
            IdentifierHash(high: hashes[2 * index], low: hashes[2 * index + 1])
        }
        let isSparse = keys.count < shard.rows / 32
        var found: [Int] = []
        var index = 0
        for key in keys {
            if isSparse {
                var high = shard.rows
                while index < high {
                    let middle = (index + high) / 2
                    if hash(middle) < key { index = middle + 1 } else { high = middle }
                }
            } else {
                while index < shard.rows, hash(index) < key { index += 1 }
            }
            var next = index
            while next < shard.rows, hash(next) == key {
                found.append(Int(rows[next]))
                next += 1
            }
        }
        guard found.allSatisfy({ $0 < shard.rows }) else {
            throw StorageError(
                .corrupt, path: path, "has an index of ids that does not fit its ids; ingest it again")
        }
        return found.sorted()
    }
}
