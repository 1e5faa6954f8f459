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

    private let budget: Int?

    /// - Parameter budget: postings of the words that find rows; all words find rows where nil.
    init(_ parts: some ArtifactSource, settings: TokenSettings, budget: Int?) throws {
        self.budget = budget
        let frequencies = try TokenFrequencies(
            path: try parts.only(TokenProbeStage.name).path(ArtifactFile.frequencies))
        probe = TokenProbe(frequencies, settings: TokenProbe.Settings(priorStrength: settings.prior))
        postings = try SegmentedPostings(parts: parts)
        rows = try TokenRows(try parts.all(TokenizeStage.name))
    }

    /// Outputs as the probe sees them.
    func queries(_ texts: [String], workers: Int) throws(StorageError) -> [TokenQuery] {
        let parts = Parallel.map(count: texts.count, blockSize: 32, workers: workers) { range in
            Result { () throws(StorageError) in
                let counts = TokenCounts(texts: Array(texts[range]), tokenizer: tokenizer)
                var queries: [TokenQuery] = []
                for row in 0..<counts.rows { queries.append(try probe.query(counts.bag(row))) }
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

    /// For each output the rows of the most negative influence, best first.
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
        var bag = TokenBag(ids: [], counts: [], length: 0)
        var influences: [Double] = []
        influences.reserveCapacity(rows.count)
        for row in rows {
            try self.rows.read(row: row, into: &bag)
            influences.append(query.influence(of: bag))
        }
        return influences
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
