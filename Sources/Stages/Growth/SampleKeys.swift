internal import Corpus
internal import Pipeline
internal import Storage

/// Finds samples by their ids' hashes in the shards of one corpus file.
enum SampleKeys {
    /// The hash by which shards of this content find a sample or document: of documents in passages that of the first one.
    static func key(of id: String, in content: CorpusShard.Content) -> IdentifierHash {
        IdentifierHash(content == .passages ? PassageCutter.id(document: id, passage: 0) : id)
    }

    /// The shards of an ingest task, in order.
    static func shards(_ artifact: Artifact) throws(StorageError) -> [CorpusShardReader] {
        var readers: [CorpusShardReader] = []
        for part in artifact.manifest.outputs.indices {
            readers.append(
                try CorpusShardReader(path: artifact.path(Catalog.shardFile(part: part)), cacheBytes: 1 << 20))
        }
        return readers
    }

    /// The ids that none of the shards has.
    ///
    /// - Complexity: O(ids · shards · log rows)
    static func missing(_ ids: [String], in shards: [CorpusShardReader]) throws(StorageError) -> [String] {
        var missing = ids
        for shard in shards where !missing.isEmpty {
            var left: [String] = []
            for id in missing where try !shard.holds(key(of: id, in: shard.content)) { left.append(id) }
            missing = left
        }
        return missing
    }

    /// The rows that some keys stand for, shard by shard in rising order: a sample's own, and all passages of a document.
    ///
    /// - Parameters:
    ///   - keys: rising.
    ///   - shards: of one corpus file, in order: a document's passages follow one another, from shard to shard.
    static func rows(ofKeys keys: [IdentifierHash], in shards: [CorpusShardReader]) throws(StorageError) -> [[Int]] {
        var result: [[Int]] = []
        // A document whose passages go on in the next shard.
        var open: String?
        for shard in shards {
            let found = try shard.rows(ofKeys: keys)
            guard shard.content == .passages else {
                result.append(found)
                continue
            }
            var rows: [Int] = []
            func follow(_ document: String, from start: Int) throws(StorageError) {
                var row = start
                while row < shard.rows, let next = try shard.passage(row)?.document,
                    next.utf8.elementsEqual(document.utf8)
                {
                    rows.append(row)
                    row += 1
                }
                open = row == shard.rows ? document : nil
            }
            if let document = open {
                open = nil
                try follow(document, from: 0)
            }
            for row in found where row > (rows.last ?? -1) {
                rows.append(row)
                guard let document = try shard.passage(row)?.document else { continue }
                try follow(document, from: row + 1)
            }
            result.append(rows)
        }
        return result
    }
}

/// The rows of earlier batches that a batch replaces, on disk: a shard file of kind `replaced` with one column `row`
/// (uint32), the rows' numbers in the corpus, rising.
enum ReplacedRows {
    private static let column = "row"

    /// - Parameters:
    ///   - own: the shards of the batch.
    ///   - earlier: the ingest tasks of all batches before it, in order.
    static func find(of own: [CorpusShardReader], in earlier: ArraySlice<Artifact>) throws(StorageError) -> [UInt32] {
        guard !earlier.isEmpty else { return [] }
        var keys: [IdentifierHash] = []
        for shard in own { keys += try shard.keys() }
        keys.sort()
        var replaced: [UInt32] = []
        var firstRow = 0
        for artifact in earlier {
            let shards = try SampleKeys.shards(artifact)
            for (shard, rows) in zip(shards, try SampleKeys.rows(ofKeys: keys, in: shards)) {
                replaced += rows.map { UInt32(firstRow + $0) }
                firstRow += shard.rows
            }
        }
        return replaced
    }

    static func write(_ rows: [UInt32], path: String) throws(StorageError) {
        let writer = try ShardWriter(
            path: path, kind: ShardKind.replaced, columns: [ColumnDescription(column, .uint32, codec: .lz4)])
        try writer.append(column, values: rows)
        _ = try writer.finish()
    }

    /// - Parameter catalog: the catalog task of a batch.
    static func read(_ catalog: Artifact) throws(StorageError) -> [UInt32] {
        guard catalog.manifest.outputs.contains(where: { $0.name == ArtifactFile.replaced }) else { return [] }
        return try ShardReader(path: catalog.path(ArtifactFile.replaced), expectedKind: ShardKind.replaced)
            .array(column, of: UInt32.self)
    }
}
