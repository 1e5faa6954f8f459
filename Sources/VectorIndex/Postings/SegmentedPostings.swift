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
    /// Rare words are read whole; rows that cannot be among the best are left out of the longer lists (see
    /// ``PostingsSearch``). A row's contributions are added by rising number of rows that have the word, so the result depends
    /// neither on what is left out, nor on the workers, the batch, or how the rows are cut into segments.
    ///
    /// - Parameters:
    ///   - budget: the rarest words find rows, one at least and more while they have no more postings than this together; the
    ///     others only add to rows found, so a row that has none of the rarest is not found. Exact where nil.
    ///   - filter: the rows that may be found, of all; all where nil. Others take nobody's place.
    ///   - workers: threads.
    /// - Throws: `damaged`.
    /// - Complexity: a few operations for each posting of the query's rare words; for each of all its words at worst.
    @_specialize(where Scorer == QueryLikelihood)
    @_specialize(where Scorer == BM25)
    package func search<Scorer: PostingsScorer>(
        _ queries: [Scorer.Query], scorer: Scorer, count: Int, budget: Int? = nil, filter: RowSet? = nil, workers: Int
    ) throws(IndexError) -> [[Neighbor]] {
        precondition(filter.map { $0.count == rows } ?? true, "a filter speaks of all rows")
        let capacity = min(count, filter?.population ?? rows)
        guard capacity > 0 else { return Array(repeating: [], count: queries.count) }
        // Fewer together where there are few, so that each worker has some.
        let together = min(Self.largestBlock, max(Self.leastBlock, queries.count / (4 * workers)))
        let parts = Parallel.map(count: queries.count, blockSize: together, workers: workers) { range in
            Result { () throws(StorageError) in
                try best(of: queries[range], scorer: scorer, count: capacity, budget: budget, filter: filter)
            }
        }
        var results: [[Neighbor]] = []
        for part in parts { results += try indexed { () throws(StorageError) in try part.get() } }
        return results
    }

    /// Queries that are searched together: what is known of a block of rows is in a core's cache for all of them.
    private static let (leastBlock, largestBlock) = (16, 64)

    @inline(__always)
    private func best<Scorer: PostingsScorer>(
        of queries: ArraySlice<Scorer.Query>, scorer: Scorer, count: Int, budget: Int?, filter: RowSet?
    ) throws(StorageError) -> [[Neighbor]] {
        let sums = PostingSums()
        var words: [[Word<Scorer.Term>]] = []
        for query in queries { words.append(try self.words(of: query, scorer: scorer, budget: budget)) }
        var best = [TopCandidates](repeating: TopCandidates(capacity: count), count: queries.count)
        for (number, segment) in segments.enumerated() {
            var searches: [PostingsSearch<Scorer>] = []
            // Which queries they are of.
            var owners: [Int] = []
            for (place, query) in queries.enumerated() {
                let found = words[place].compactMap { word in
                    word.places[number].flatMap { at in
                        at.postings.isEmpty
                            ? nil
                            : PostingsPlan<Scorer>.Word(
                                term: word.term, place: at, finds: word.finds, isFrequent: word.isFrequent)
                    }
                }
                guard found.contains(where: \.finds) else { continue }
                var search = PostingsSearch(
                    try PostingsPlan(
                        segment.index, found, of: query, scorer: scorer, firstRow: segment.firstRow, filter: filter))
                try search.begin(with: best[place], sums)
                searches.append(search)
                owners.append(place)
            }
            guard !searches.isEmpty else { continue }
            let lengths = try segment.index.rowLengths()
            let shared = Self.shared(searches.map(\.plan.frequent))
            for block in segment.index.blocks {
                // What the next block's look-ups need is asked for while this one is searched.
                let next = block.upperBound..<min(block.upperBound + PostingSums.capacity, segment.index.rows)
                lengths.prefetch(next)
                for number in searches.indices {
                    for word in stride(from: number, to: shared.count, by: searches.count) {
                        shared[word].prefetch(next)
                    }
                    // And what the next query reads, while this one reads.
                    if number + 1 < searches.count { searches[number + 1].prefetch() }
                    try searches[number].read(block, into: &best[owners[number]], sums)
                }
            }
        }
        return best.map { $0.sorted.map { Neighbor(row: Int($0.row), score: -$0.key) } }
    }

    /// The frequent words that several queries have.
    private static func shared(_ queries: [[FrequentWordCounts]]) -> [FrequentWordCounts] {
        var uses: [ObjectIdentifier: Int] = [:]
        var found: [FrequentWordCounts] = []
        for word in queries.joined() {
            let number = uses[ObjectIdentifier(word), default: 0] + 1
            uses[ObjectIdentifier(word)] = number
            if number == 2 { found.append(word) }
        }
        return found
    }

    /// A word of a query, and where each segment has its postings.
    private struct Word<Term> {
        let id: UInt32
        let term: Term
        let documents: Int
        /// Whether so many rows have it that it is better looked up than read.
        let isFrequent: Bool
        let places: [PostingsIndex.Place?]
        /// Whether it finds rows, or only adds to those found.
        var finds = true
    }

    /// In how many rows a frequent word is at least, and of how many rows it is in one.
    private static let frequentDocuments = 1024
    private static let frequentShare = 32

    /// A query's words by rising number of rows, those that find rows first.
    private func words<Scorer: PostingsScorer>(
        of query: Scorer.Query, scorer: Scorer, budget: Int?
    ) throws(StorageError) -> [Word<Scorer.Term>] {
        var found: [Word<Scorer.Term>] = []
        for (position, id) in scorer.ids(of: query).enumerated() {
            var places: [PostingsIndex.Place?] = []
            for segment in segments { places.append(try segment.index.place(of: id)) }
            let documents = places.reduce(0) { $0 + ($1?.postings.count ?? 0) }
            guard documents > 0 else { continue }
            let term = scorer.term(position, of: query, documents: documents)
            found.append(
                Word(
                    id: id, term: term, documents: documents,
                    isFrequent: documents >= max(Self.frequentDocuments, rows / Self.frequentShare), places: places))
        }
        found.sort { ($0.documents, $0.id) < ($1.documents, $1.id) }
        guard let budget else { return found }
        var postings = 0
        for place in found.indices {
            postings += found[place].documents
            found[place].finds = place == 0 || postings <= budget
        }
        return found
    }
}
