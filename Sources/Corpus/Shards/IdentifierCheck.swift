package import Storage

/// Finds ids that stand for two samples, in any of many shards, in one pass over their sorted hashes.
///
/// The hashes are read block by block, so memory does not grow with the corpus: it is one block a shard.
package struct IdentifierCheck {
    /// One sample of an id that is there more than once.
    package struct Place: Hashable, Sendable, CustomStringConvertible {
        package let shard: Int
        package let row: Int
        package let file: String
        package let line: Int

        package var description: String { "\(file):\(line)" }
    }

    package struct Duplicate: Hashable, Sendable, CustomStringConvertible {
        package let id: String
        /// The places of two samples, in the order of the corpus.
        package let first: Place
        package let second: Place

        package var description: String { "the id '\(id)' stands for two samples, at \(first) and at \(second)" }

        /// As an error at the second place.
        package var error: CorpusError {
            CorpusError(
                .duplicateID, path: second.file, line: second.line, "the id '\(id)' was used before, at \(first)")
        }
    }

    /// How many samples have an id that an earlier one has.
    package let count: Int
    /// The first of them in the order of their hashes, as many as were asked for.
    package let duplicates: [Duplicate]

    /// - Parameters:
    ///   - shards: of one corpus, in its order.
    ///   - limit: how many duplicates to report.
    /// - Throws: `corrupt`.
    /// - Complexity: O(rows × log shards) time, O(shards + limit) memory.
    package init(_ shards: [CorpusShardReader], limit: Int = 20) throws(StorageError) {
        var heap = MergeHeap()
        var cursors = shards.indices.map { HashCursor(shard: $0) }
        for index in shards.indices {
            if let entry = try cursors[index].next(in: shards[index]) { heap.push(entry) }
        }
        var count = 0
        var duplicates: [Duplicate] = []
        var previous: MergeHeap.Entry?
        while let entry = heap.pop() {
            if let next = try cursors[entry.shard].next(in: shards[entry.shard]) { heap.push(next) }
            if let earlier = previous, earlier.hash == entry.hash {
                let first = try Self.sample(earlier, in: shards)
                let second = try Self.sample(entry, in: shards)
                // Samples that were erased have no id.
                if !first.id.isEmpty, first.id.utf8.elementsEqual(second.id.utf8) {
                    count += 1
                    if duplicates.count < limit {
                        duplicates.append(Duplicate(id: first.id, first: first.place, second: second.place))
                    }
                    // The first place stays, so that a third sample is reported against it too.
                    continue
                }
            }
            previous = entry
        }
        self.count = count
        self.duplicates = duplicates
    }

    private static func sample(
        _ entry: MergeHeap.Entry, in shards: [CorpusShardReader]
    ) throws(StorageError) -> (id: String, place: Place) {
        let reader = shards[entry.shard]
        guard entry.row < reader.rows else {
            throw StorageError(.corrupt, path: reader.path, "has an index of ids that points past its rows")
        }
        let place = try reader.place(entry.row)
        return (
            try reader.id(entry.row), Place(shard: entry.shard, row: entry.row, file: place.file, line: place.line)
        )
    }
}

/// A binary min-heap of the next hash of each shard; equal hashes come in the order of shards and rows.
private struct MergeHeap {
    struct Entry {
        let hash: IdentifierHash
        let shard: Int
        let row: Int

        static func < (a: Entry, b: Entry) -> Bool { (a.hash, a.shard, a.row) < (b.hash, b.shard, b.row) }
    }

    private var entries: [Entry] = []

    mutating func push(_ entry: Entry) {
        entries.append(entry)
        var child = entries.count - 1
        while child > 0, entries[child] < entries[(child - 1) / 2] {
            entries.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop() -> Entry? {
        guard let top = entries.first, let last = entries.popLast() else { return nil }
        if entries.isEmpty { return top }
        entries[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < entries.count && entries[child] < entries[least]
            {
                least = child
            }
            if least == parent { return top }
            entries.swapAt(parent, least)
            parent = least
        }
    }
}

/// Reads the sorted hashes of one shard, a block at a time.
private struct HashCursor {
    private let shard: Int
    private var hashes: [UInt64] = []
    private var rows: [UInt32] = []
    private var start = 0
    private var index = 0
    private static let blockRows = 512

    init(shard: Int) { self.shard = shard }

    mutating func next(in reader: CorpusShardReader) throws(StorageError) -> MergeHeap.Entry? {
        if index == rows.count {
            start += rows.count
            index = 0
            let range = start..<min(start + Self.blockRows, reader.rows)
            if range.isEmpty { return nil }
            try reader.shard.read("id_hash", rows: range, into: &hashes)
            try reader.shard.read("id_row", rows: range, into: &rows)
        }
        defer { index += 1 }
        let hash = IdentifierHash(high: hashes[2 * index], low: hashes[2 * index + 1])
        return MergeHeap.Entry(hash: hash, shard: shard, row: Int(rows[index]))
    }
}
