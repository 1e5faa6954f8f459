internal import Corpus
internal import Pipeline
internal import Storage
internal import VectorIndex

/// The corpus by row number and by id, over its memory-mapped shards.
struct CorpusRows: Sendable {
    /// What a reader sees of a row.
    struct Source: Sendable {
        /// The document's id, for a passage; else the sample's.
        let id: String
        let passage: Int?
        let text: String
    }

    private let shards: [CorpusShardReader]
    private let places: RowPlaces

    private static let cacheBytes = 64 << 20

    /// - Parameter ingest: the ingest tasks' artifacts, in file order.
    init(_ catalog: Catalog, ingest: [Artifact]) throws(StorageError) {
        var shards: [CorpusShardReader] = []
        // Decoded chunks are kept within one budget, however many shards there are.
        let cacheBytes = Self.cacheBytes / max(1, catalog.shards.count)
        for shard in catalog.shards {
            let path = ingest[shard.file].path(Catalog.shardFile(part: shard.part))
            shards.append(try CorpusShardReader(path: path, cacheBytes: cacheBytes))
        }
        self.shards = shards
        places = RowPlaces(shards.map(\.rows))
    }

    private func place(_ row: Int) -> (reader: CorpusShardReader, local: Int) {
        let place = places.place(of: row)
        return (shards[place.file], place.row)
    }

    /// The rows that have not been erased; nil where none has.
    func present() throws(StorageError) -> RowSet? {
        var rows = RowSet(allOf: places.rows)
        var isWhole = true
        for (shard, firstRow) in zip(shards, places.firstRows) {
            for row in try shard.erasedRows() {
                rows.remove(firstRow + row)
                isWhole = false
            }
        }
        return isWhole ? nil : rows
    }

    /// A row's other fields, as JSON.
    func metadata(row: Int) throws(StorageError) -> String? {
        let (reader, local) = place(row)
        return try reader.metadata(local)
    }

    func source(row: Int, withText: Bool) throws(StorageError) -> Source {
        let (reader, local) = place(row)
        let text = withText ? try reader.text(local) : ""
        if let passage = try reader.passage(local) {
            return Source(id: passage.document, passage: passage.number, text: text)
        }
        return Source(id: try reader.id(local), passage: nil, text: text)
    }

    /// Whether a sample, or a document's first passage, has this id.
    ///
    /// - Parameter live: the rows that count; all where nil.
    func contains(id: String, among live: RowSet?) -> Bool {
        zip(shards, places.firstRows).contains { shard, firstRow in
            let known = shard.content == .passages ? PassageCutter.id(document: id, passage: 0) : id
            guard let row = (try? shard.row(ofID: known)) ?? nil else { return false }
            return live?.contains(firstRow + row) ?? true
        }
    }
}
