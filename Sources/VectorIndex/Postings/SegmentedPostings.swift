internal import Kernels
internal import Storage

/// Several inverted files as one: their rows follow one another, and the numbers that words are weighed by are those of all
/// of them, so a search finds what it would find in a single file of the same rows.
package struct SegmentedPostings: Sendable {
    private let segments: [(index: PostingsIndex, firstRow: Int)]
    /// How many rows they hold.
    package let rows: Int
    /// All words of all rows.
    package let tokens: Int

    /// - Parameter indexes: in the order of their rows.
    package init(_ indexes: [PostingsIndex]) {
        var segments: [(index: PostingsIndex, firstRow: Int)] = []
        var (rows, tokens) = (0, 0)
        for index in indexes {
            segments.append((index, rows))
            rows += index.rows
            tokens += index.tokens
        }
        (self.segments, self.rows, self.tokens) = (segments, rows, tokens)
    }

    /// Words a row; 0 without rows.
    package var meanLength: Double { rows == 0 ? 0 : Double(tokens) / Double(rows) }

    /// The `count` best rows of each query, best first; fewer where fewer share a word with it.
    ///
    /// Words are read one after another over a block of rows whose sums stay in a core's cache. The order in which a row's
    /// contributions are added is that of falling weights, so the result depends neither on the workers nor on the batch,
    /// nor on how the rows are cut into segments.
    ///
    /// - Parameters:
    ///   - budget: read at most so many postings for a query: words are taken in falling order of weight, and those that
    ///     do not fit are left out. Exact where nil.
    ///   - filter: the rows that may be found, of all; all where nil. Others take nobody's place.
    ///   - workers: threads.
    /// - Throws: `damaged`.
    /// - Complexity: a few operations for each posting of the query's words.
    @_specialize(where Scorer == QueryLikelihood)
    @_specialize(where Scorer == BM25)
    package func search<Scorer: PostingsScorer>(
        _ queries: [Scorer.Query], scorer: Scorer, count: Int, budget: Int? = nil, filter: RowSet? = nil, workers: Int
    ) throws(IndexError) -> [[Neighbor]] {
        precondition(filter.map { $0.count == rows } ?? true, "a filter speaks of all rows")
        let capacity = min(count, filter?.population ?? rows)
        guard capacity > 0 else { return Array(repeating: [], count: queries.count) }
        let parts = Parallel.map(count: queries.count, blockSize: 1, workers: workers) { range in
            Result { () throws(StorageError) in
                let query = queries[range.lowerBound]
                let terms = try self.terms(of: query, scorer: scorer, budget: budget)
                var best = TopCandidates(capacity: capacity)
                for (index, firstRow) in segments where index.rows > 0 {
                    best.merge(
                        try index.best(
                            terms, of: query, scorer: scorer, count: min(capacity, index.rows), firstRow: firstRow,
                            filter: filter))
                }
                return best.sorted.map { Neighbor(row: Int($0.row), score: -$0.key) }
            }
        }
        var results: [[Neighbor]] = []
        for part in parts { results.append(try indexed { () throws(StorageError) in try part.get() }) }
        return results
    }

    /// The words to read, by falling weight.
    private func terms<Scorer: PostingsScorer>(
        of query: Scorer.Query, scorer: Scorer, budget: Int?
    ) throws(StorageError) -> [(id: UInt32, term: Scorer.Term)] {
        var found: [(id: UInt32, term: Scorer.Term, documents: Int, weight: Float)] = []
        for (position, id) in scorer.ids(of: query).enumerated() {
            var documents = 0
            for (index, _) in segments { documents += try index.list(of: id)?.count ?? 0 }
            guard documents > 0 else { continue }
            let term = scorer.term(position, of: query, documents: documents)
            found.append((id, term, documents, scorer.weight(of: term)))
        }
        found.sort { $0.weight != $1.weight ? $0.weight > $1.weight : $0.id < $1.id }
        var left = budget ?? .max
        return found.filter { word in
            guard word.documents <= left else { return false }
            left -= word.documents
            return true
        }.map { ($0.id, $0.term) }
    }
}
