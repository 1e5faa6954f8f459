internal import Kernels
internal import Pipeline
internal import Probing
internal import Storage
internal import VectorIndex

/// The token probe over one generation: rows whose words explain an output's, and by how much.
struct WordCandidates: Sendable {
    private let probe: TokenProbe
    private let postings: SegmentedPostings
    private let rows: TokenRows
    private let tokenizer = WordTokenizer()
    private let near: NearWordSource?
    private let budget: Int?

    /// - Parameters:
    ///   - budget: postings of the words that find rows; all words find rows where nil.
    ///   - nearTo: what embeds outputs' words, where near ones count.
    init(
        _ parts: some ArtifactSource, settings: TokenSettings, budget: Int?, nearTo embeddings: EmbeddingSource?
    ) throws {
        self.budget = budget
        let frequencies = try TokenFrequencies(
            path: try parts.only(TokenProbeStage.name).path(ArtifactFile.frequencies))
        probe = TokenProbe(frequencies, settings: TokenProbe.Settings(priorStrength: settings.prior))
        postings = try SegmentedPostings(parts: parts)
        rows = try TokenRows(try parts.all(TokenizeStage.name))
        if let embeddings {
            let words = try NearWords(
                path: try parts.only(NearWordsStage.name).path(ArtifactFile.nearWords),
                dimension: embeddings.dimension, probe: probe)
            near = NearWordSource(words, probe: probe, embeddings: embeddings)
        } else {
            near = nil
        }
    }

    var usesNearWords: Bool { near != nil }

    /// Outputs as the probe sees them.
    func queries(_ texts: [String], workers: Int) throws -> [TokenQuery] {
        let lists = try near?.lists(of: texts, workers: workers)
        let none = NearWords.List()
        let parts = Parallel.map(count: texts.count, blockSize: 32, workers: workers) { range in
            Result { () throws(StorageError) in
                let counts = TokenCounts(texts: Array(texts[range]), tokenizer: tokenizer)
                var queries: [TokenQuery] = []
                for row in 0..<counts.rows {
                    let bag = counts.bag(row)
                    let near = lists.map { lists in bag.ids.map { lists[$0] ?? none } } ?? []
                    queries.append(try probe.query(bag, near: near))
                }
                return queries
            }
        }
        var queries: [TokenQuery] = []
        for part in parts { queries += try part.get() }
        return queries
    }

    /// Whether two rows have the same words, each as often.
    func haveSameWords(_ a: Int, _ b: Int) throws(StorageError) -> Bool {
        let (a, b) = (try rows.bag(row: a), try rows.bag(row: b))
        return a.length == b.length && a.ids == b.ids && a.counts == b.counts
    }

    /// For each output the rows of the most negative influence, best first; that of the whole row.
    ///
    /// - Parameter filter: the rows that may be found; all where nil.
    func search(
        _ queries: [TokenQuery], count: Int, filter: RowSet?, workers: Int
    ) throws(IndexError) -> [[Int]] {
        let prepared = queries.map { query in
            QueryLikelihood.Query(
                ids: query.output.ids, counts: query.output.counts, gains: query.gains, length: query.output.length)
        }
        let found = try postings.search(
            prepared, scorer: QueryLikelihood(prior: probe.prior), count: count, budget: budget, filter: filter,
            workers: workers)
        return found.map { $0.map(\.row) }
    }

    /// The change of the loss on an output, in nats, by each of some rows.
    func influences(of rows: [Int], on query: TokenQuery) throws(StorageError) -> [Double] {
        try query.influences(count: rows.count) { sample, bag throws(StorageError) in
            try self.rows.read(rows, at: sample, into: &bag)
        }
    }
}

extension SegmentedPostings {
    /// The postings of all segments.
    init(parts: some ArtifactSource) throws {
        var indexes: [PostingsIndex] = []
        for part in try parts.all(TokenIndexStage.name) { indexes.append(try PostingsIndex(folder: part.folder)) }
        self.init(indexes)
    }
}
