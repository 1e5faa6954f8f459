internal import Pipeline
internal import Storage

/// The files that stages hand each other: one name and one kind each, and how their rows are read.
enum ArtifactFile {
    static let embeddings = "embeddings.shard"
    static let centroids = "centroids.shard"
    static let labels = "labels.shard"
    static let probe = "probe.shard"
    static let curvature = "curvature.shard"
    static let sketch = "sketch.shard"
    static let gradients = "gradients.shard"
    static let fingerprints = "fingerprints.shard"
    static let segment = "segment.shard"
    static let tokens = "tokens.shard"
    static let sentences = "sentences.shard"
    static let frequencies = "frequencies.shard"
    static let nearWords = "near-words.shard"
    static let replaced = "replaced.shard"
}

/// Names of the shard kinds.
enum ShardKind {
    static let embeddings = "embeddings"
    static let centroids = "centroids"
    static let labels = "labels"
    static let probe = "probe"
    static let curvature = "curvature"
    static let sketch = "sketch"
    static let gradients = "gradients"
    static let fingerprints = "fingerprints"
    static let tokens = "tokens"
    static let sentences = "sentences"
    static let replaced = "replaced"
}

/// The rows of a whole corpus in one column, spread over its shards' files.
struct ShardedColumn: Sendable {
    let width: Int
    private let column: String
    private let readers: [ShardReader]
    /// The column of each, where it is stored raw.
    private let raw: [ShardReader.RawColumn]
    private let places: RowPlaces
    /// Where rows are read here and there.
    private let readAhead: ReadAhead?

    /// - Parameter artifacts: one for each shard, in order.
    init(
        _ artifacts: [Artifact], file: String, kind: String, column: String, reads: ShardReader.Reads = .inOrder
    ) throws(StorageError) {
        var readers: [ShardReader] = []
        for artifact in artifacts {
            readers.append(try ShardReader(path: artifact.path(file), expectedKind: kind, reads: reads))
        }
        self.readers = readers
        readAhead = reads == .scattered ? ReadAhead() : nil
        self.column = column
        var raw: [ShardReader.RawColumn] = []
        for reader in readers {
            let found = try reader.column(column)
            guard found.codec.isVerbatim, found.element.isFloat else { break }
            raw.append(try reader.rawColumn(column, of: found.element))
        }
        self.raw = raw.count == readers.count ? raw : []
        places = RowPlaces(readers.map(\.rows))
        width = try readers.first?.column(column).fixedWidth ?? 0
    }

    var rows: Int { places.rows }

    /// Copies some rows into one array, `[rows.count × width]`, in the order given.
    ///
    /// - Parameter releases: whether a file's pages leave memory when the next file's turn comes; for rows in rising order.
    func floats(_ rows: [Int], releases: Bool = false) throws(StorageError) -> [Float] {
        try prefetch(rows)
        var result = [Float](repeating: 0, count: rows.count * width)
        var span = result.mutableSpan
        var last: Int?
        for (position, row) in rows.enumerated() {
            let (shard, local) = places.place(of: row)
            if releases, let last, last != shard { readers[last].release() }
            last = shard
            var part = span._mutatingExtracting(position * width..<(position + 1) * width)
            guard !raw.isEmpty else {
                try readers[shard].read(column, rows: local..<local + 1, into: &part)
                continue
            }
            LookAhead.ask(at: position, of: rows.count) { position, placeOnly in
                // Where the bytes of a row of fixed width lie is known.
                guard !placeOnly else { return }
                let (shard, local) = places.place(of: rows[position])
                readers.span[shard].prefetch(raw.span[shard], row: local, placeOnly: false)
            }
            try readers.span[shard].read(raw.span[shard], row: local, into: &part)
        }
        return result
    }

    /// Asks the system for all rows at once where they seem not to be in memory, so that they are not waited for one by one.
    private func prefetch(_ rows: [Int]) throws(StorageError) {
        guard let readAhead, let first = rows.first else { return }
        let column = self.column
        let (shard, row) = places.place(of: first)
        let reader = readers[shard]
        let isWanted = try readAhead.isWanted(isFirst: false) { () throws(StorageError) in
            try reader.isResident(column, row: row)
        }
        guard isWanted else { return }
        for row in rows {
            let (shard, local) = places.place(of: row)
            try readers[shard].willNeed(column, rows: local..<local + 1)
        }
    }

    /// The first file's attributes.
    var attributes: [String: String] { readers.first?.attributes ?? [:] }

    /// Calls `body` with block after block, and the number of each one's first row.
    ///
    /// - Parameter rows: of a block; fewer at a shard's end.
    func forEachBlock(of rows: Int, _ body: (_ firstRow: Int, _ values: Span<Float>) throws -> Void) throws {
        for (reader, firstRow) in zip(readers, places.firstRows) {
            let reader = reader
            for block in ranges(reader.rows, of: rows) {
                try body(firstRow + block.lowerBound, try reader.floats(column, rows: block))
            }
            reader.release()
        }
    }

    func unsignedIntegers(_ rows: [Int]) throws(StorageError) -> [UInt32] {
        var result: [UInt32] = []
        var loaded = -1
        var values: [UInt32] = []
        for row in rows {
            let (shard, local) = places.place(of: row)
            if shard != loaded {
                values = try readers[shard].array(column, of: UInt32.self)
                loaded = shard
            }
            result.append(values[local])
        }
        return result
    }
}

/// `0 ..< count` in steps of `size`.
func ranges(_ count: Int, of size: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: size).map { $0..<min(count, $0 + size) }
}
