package import Kernels
package import Storage

/// The commonest words of a corpus with their vectors: which of them are near to an output's words.
///
/// The token probe sees that a sample has an output's word, or that it has not. Where it has not, a word of it that is near
/// in meaning says something still, and the less the more words are as near. So weight for a sample whose nearest word to t
/// is u counts as half an occurrence of the class G(t, u) of words at least as near to t as u is, which raises the
/// probability of each of them by the same factor: its term in the loss is
///
///     log(1 + ½ / (μ·p(G)))    with    p(G) = p(t) + Σ p(v) over v ≠ t with cos(v, t) ≥ cos(u, t)
///
/// in the place of 0. No threshold says what is near; only the order of the cosines counts. A word that the sample has
/// counts as it does without. The one constant, ½, is what `docs/ranking.md` says of it.
///
/// Related: Berger & Lafferty, "Information retrieval as statistical translation", SIGIR 1999, section 3 (a document's
/// words translate into the query's); class-based smoothing as in Brown et al., Computational Linguistics 18(4), 1992.
package struct NearWords: Sendable {
    /// Rising.
    private let ids: [UInt32]
    /// `[words × d]`, of length 1 or 0.
    private let vectors: Matrix
    /// p of each.
    private let probabilities: [Double]
    /// μ, in words.
    private let prior: Double

    /// Words near to one, the nearest first.
    package struct List: Sendable, Equatable {
        package fileprivate(set) var ids: [UInt32] = []
        /// What the first of them that a sample has brings, in nats; never rising.
        package fileprivate(set) var terms: [Float] = []

        package init() {}
    }

    /// Words of a list.
    package static let listed = 32
    /// Words that are embedded, the commonest.
    package static let most = 32_768
    /// What a near word counts as, in occurrences of its class.
    static let occurrence = 0.5

    /// Words that are asked for, and words of the corpus, whose products are formed at once.
    private static let (blockWords, tileWords) = (64, 512)

    /// - Parameters:
    ///   - path: as ``NearWordFile/write(ids:vectors:embedder:to:)`` made it.
    ///   - probe: of the corpus.
    /// - Throws: `corrupt`, and `mismatch` for vectors of another dimension.
    package init(path: String, dimension: Int, probe: TokenProbe) throws(StorageError) {
        let reader = try ShardReader(path: path, expectedKind: NearWordFile.kind)
        let width = try reader.column(NearWordFile.vectors).fixedWidth ?? 0
        guard width == dimension else {
            throw StorageError(
                .mismatch, path: path,
                "its vectors have \(width) dimensions and the embeddings \(dimension); build the run again")
        }
        let ids = try reader.array(NearWordFile.ids, of: UInt32.self)
        var vectors = Matrix(rows: ids.count, columns: width)
        try reader.read(NearWordFile.vectors, rows: 0..<ids.count, into: &vectors.elements)
        try self.init(ids: ids, vectors: vectors, probe: probe)
    }

    /// - Parameters:
    ///   - ids: of the words, rising.
    ///   - vectors: `[ids.count × d]`, of length 1 or 0.
    package init(ids: [UInt32], vectors: Matrix, probe: TokenProbe) throws(StorageError) {
        precondition(ids.count == vectors.rows)
        self.ids = ids
        self.vectors = vectors
        prior = probe.prior
        var probabilities: [Double] = []
        probabilities.reserveCapacity(ids.count)
        for id in ids { probabilities.append(try probe.frequencies.probability(id)) }
        self.probabilities = probabilities
    }

    /// The words near to each of some words.
    ///
    /// - Parameters:
    ///   - words: their ids and p of each.
    ///   - directions: `[words.count × d]`, of length 1, or 0 for a word that is near to none.
    /// - Returns: a list each; it does not depend on the other words.
    /// - Complexity: 2·d operations a word and word of the corpus.
    package func lists(
        of words: [(id: UInt32, probability: Double)], directions: Matrix, workers: Int
    ) -> [List] {
        precondition(words.count == directions.rows && directions.columns == vectors.columns)
        let dimension = vectors.columns
        return Parallel.map(count: words.count, blockSize: Self.blockWords, workers: workers) { block in
            var best = block.map { _ in TopCandidates(capacity: Self.listed + 1) }
            var cosines = [Float](repeating: 0, count: block.count * Self.tileWords)
            // Tile by tile, so that the words of the corpus are read from a core's cache for all of the block.
            for start in stride(from: 0, to: ids.count, by: Self.tileWords) {
                let tile = start..<min(ids.count, start + Self.tileWords)
                var span = cosines.mutableSpan
                blockDots(
                    directions.elements.span.extracting(block.lowerBound * dimension..<block.upperBound * dimension),
                    rows: block.count,
                    vectors.elements.span.extracting(tile.lowerBound * dimension..<tile.upperBound * dimension),
                    count: tile.count, dimension: dimension, into: &span)
                for word in best.indices {
                    let products = cosines.span.extracting(word * tile.count..<(word + 1) * tile.count)
                    best[word].offer(dots: products, factor: -1, first: UInt32(tile.lowerBound))
                }
            }
            return zip(block, best).map { list(of: words[$0], $1) }
        }.flatMap(\.self)
    }

    private func list(of word: (id: UInt32, probability: Double), _ best: TopCandidates) -> List {
        let near = best.sorted.filter { $0.key < 0 && ids[Int($0.row)] != word.id }.prefix(Self.listed)
        var list = List()
        var mass = word.probability
        var first = 0
        while first < near.count {
            // Words that are exactly as near as each other share their class.
            let end = near[first...].firstIndex { $0.key != near[first].key } ?? near.count
            for (_, row) in near[first..<end] { mass += probabilities[Int(row)] }
            let term = Float(logarithm1p(Self.occurrence / (prior * mass)))
            for (_, row) in near[first..<end] {
                list.ids.append(ids[Int(row)])
                list.terms.append(term)
            }
            first = end
        }
        return list
    }
}

/// The file of near words: a shard file of kind `near-words`, a row for each word, with the embedder's digest.
///
/// | column | type | meaning |
/// |---|---|---|
/// | `id` | uint32, raw | the word, rising |
/// | `vector` | float32, raw | its embedding at length 1, or 0 |
package enum NearWordFile {
    package static let kind = "near-words"
    static let ids = "id"
    static let vectors = "vector"

    /// - Parameters:
    ///   - ids: rising.
    ///   - vectors: `[ids.count × d]`.
    /// - Throws: `noSpace`, `permissionDenied`, `inputOutput`.
    package static func write(
        ids: [UInt32], vectors: Matrix, embedder: String, to path: String
    ) throws(StorageError) {
        precondition(ids.count == vectors.rows)
        let writer = try ShardWriter(
            path: path, kind: kind,
            columns: [
                ColumnDescription(self.ids, .uint32),
                ColumnDescription(self.vectors, .float32, width: vectors.columns),
            ],
            attributes: ["embedder": embedder])
        try writer.append(self.ids, values: ids)
        try writer.append(self.vectors, floats: vectors.elements.span)
        _ = try writer.finish()
    }

    /// Checks a file completely: every byte, that ids rise, and that vectors have length 1 or 0.
    ///
    /// - Throws: `corrupt`.
    package static func verify(path: String) throws(StorageError) {
        let reader = try ShardReader(path: path, expectedKind: kind)
        try reader.verify()
        try SortedColumn(reader, column: ids).verify()
        let width = try reader.column(vectors).fixedWidth ?? 0
        let values = try reader.floats(vectors)
        for row in 0..<reader.rows {
            let vector = values.extracting(row * width..<(row + 1) * width)
            let square = dot(vector, vector)
            guard square == 0 || abs(square - 1) < 1e-3 else {
                throw StorageError(
                    .corrupt, path: path, "the vector of word \(row) has not the length 1; build the run again")
            }
        }
    }
}
