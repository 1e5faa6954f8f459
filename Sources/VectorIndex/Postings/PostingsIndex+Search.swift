internal import Kernels
internal import Storage

extension PostingsIndex {
    /// The `count` best rows of each query, best first; fewer where fewer share a word with it.
    ///
    /// Words are read one after another over a block of rows whose sums stay in a core's cache. The order in which a row's
    /// contributions are added is that of falling weights, so the result depends neither on the workers nor on the batch.
    ///
    /// - Parameters:
    ///   - budget: read at most so many postings for a query: words are taken in falling order of weight, and those that
    ///     do not fit are left out. Exact where nil.
    ///   - workers: threads.
    /// - Throws: `damaged`.
    /// - Complexity: a few operations for each posting of the query's words.
    @_specialize(where Scorer == QueryLikelihood)
    @_specialize(where Scorer == BM25)
    package func search<Scorer: PostingsScorer>(
        _ queries: [Scorer.Query], scorer: Scorer, count: Int, budget: Int? = nil, workers: Int
    ) throws(IndexError) -> [[Neighbor]] {
        guard count > 0, rows > 0 else { return Array(repeating: [], count: queries.count) }
        let parts = Parallel.map(count: queries.count, blockSize: 1, workers: workers) { range in
            Result { () throws(StorageError) in
                let query = queries[range.lowerBound]
                let lists = try self.lists(of: query, scorer: scorer, budget: budget)
                return try self.search(lists, of: query, scorer: scorer, count: min(count, rows))
            }
        }
        var results: [[Neighbor]] = []
        for part in parts { results.append(try indexed { () throws(StorageError) in try part.get() }) }
        return results
    }

    /// Rows whose sums are kept at once: 256 KiB.
    private static let blockRows = 1 << 16

    /// The lists to read, by falling weight.
    private func lists<Scorer: PostingsScorer>(
        of query: Scorer.Query, scorer: Scorer, budget: Int?
    ) throws(StorageError) -> [PostingList<Scorer.Term>] {
        var found: [(list: PostingList<Scorer.Term>, weight: Float)] = []
        for (position, id) in scorer.ids(of: query).enumerated() {
            guard let range = try list(of: id), !range.isEmpty else { continue }
            let term = scorer.term(position, of: query, documents: range.count)
            let first = try firstRow(of: range.lowerBound)
            found.append((PostingList(term: term, postings: range, nextRow: first, id: id), scorer.weight(of: term)))
        }
        found.sort { $0.weight != $1.weight ? $0.weight > $1.weight : $0.list.id < $1.list.id }
        guard let budget else { return found.map(\.list) }
        var left = budget
        return found.map(\.list).filter { list in
            guard list.postings.count <= left else { return false }
            left -= list.postings.count
            return true
        }
    }

    private func firstRow(of posting: Int) throws(StorageError) -> UInt32 {
        let lists = lists
        return try lists.values(PostingsFormat.row, as: UInt32.self, rows: posting..<posting + 1)[0]
    }

    private func search<Scorer: PostingsScorer>(
        _ given: [PostingList<Scorer.Term>], of query: Scorer.Query, scorer: Scorer, count: Int
    ) throws(StorageError) -> [Neighbor] {
        var lists = given
        let lengths = self.lengths
        // With few rows found it pays to remember which.
        let isSparse = lists.reduce(0) { $0 + $1.postings.count } < rows / 16
        var sums = [Float](repeating: 0, count: min(rows, Self.blockRows))
        var touched = [UInt32](repeating: 0, count: isSparse ? sums.count + 1 : 1)
        var best = TopCandidates(capacity: count)
        for start in stride(from: 0, to: rows, by: Self.blockRows) {
            let block = start..<min(rows, start + Self.blockRows)
            var touchedCount = 0
            var isTouched = false
            guard lists.contains(where: { $0.nextRow < block.upperBound }) else { continue }
            let blockLengths = try lengths.values(PostingsFormat.length, as: UInt32.self, rows: block)
            for index in lists.indices where lists[index].nextRow < block.upperBound {
                isTouched = true
                try add(
                    &lists[index], block, blockLengths, scorer, to: &sums, touched: &touched, count: &touchedCount,
                    isSparse: isSparse)
            }
            guard isTouched else { continue }
            if isSparse {
                for index in 0..<touchedCount {
                    let offset = Int(touched[index])
                    let score = sums[offset] + scorer.rowScore(of: query, length: blockLengths[offset])
                    best.offer(key: -score, row: UInt32(start + offset))
                    sums[offset] = 0
                }
            } else {
                finish(&sums, lengths: blockLengths, of: query, scorer: scorer)
                best.offer(dots: sums.span.extracting(0..<block.count), factor: -1, first: UInt32(start))
                var clean = sums.mutableSpan
                for offset in 0..<clean.count { clean[offset] = 0 }
            }
        }
        for list in lists where !list.postings.isEmpty { throw damagedRows(near: list.postings.lowerBound) }
        return best.sorted.map { Neighbor(row: Int($0.row), score: -$0.key) }
    }

    /// Makes scores of a block's sums; rows that share no word get no number, which is never kept.
    @inline(__always)
    private func finish<Scorer: PostingsScorer>(
        _ sums: inout [Float], lengths: Span<UInt32>, of query: Scorer.Query, scorer: Scorer
    ) {
        var scores = sums.mutableSpan
        for offset in lengths.indices {
            // The score is made in any case: whether a row shares a word is no branch that could be foreseen.
            let sum = scores[offset]
            let score = sum + scorer.rowScore(of: query, length: lengths[offset])
            scores[offset] = sum == 0 ? .nan : score
        }
    }

    /// Adds a word's contributions to the rows of a block.
    ///
    /// - Parameter touched: gets the rows whose sum was 0, where `isSparse`.
    @inline(__always)
    private func add<Scorer: PostingsScorer>(
        _ list: inout PostingList<Scorer.Term>, _ block: Range<Int>, _ lengths: Span<UInt32>, _ scorer: Scorer,
        to sums: inout [Float], touched: inout [UInt32], count touchedCount: inout Int, isSparse: Bool
    ) throws(StorageError) {
        let lists = self.lists
        // A block has at most as many postings of one word as rows.
        let range = list.postings.lowerBound..<min(list.postings.upperBound, list.postings.lowerBound + block.count)
        let rows = try lists.values(PostingsFormat.row, as: UInt32.self, rows: range)
        let counts = try lists.values(PostingsFormat.count, as: UInt8.self, rows: range)
        let (first, size) = (UInt32(block.lowerBound), UInt32(block.count))
        let term = list.term
        var sums = sums.mutableSpan
        var index = 0
        if isSparse {
            var touched = touched.mutableSpan
            var newlyTouched = touchedCount
            while index < rows.count {
                let offset = rows[index] &- first
                guard offset < size else { break }
                let place = Int(offset)
                let length = Scorer.readsLengths ? lengths[place] : 0
                let sum = sums[place]
                touched[newlyTouched] = offset
                newlyTouched += sum == 0 ? 1 : 0
                sums[place] = sum + scorer.contribution(of: term, count: counts[index], length: length)
                index += 1
            }
            touchedCount = newlyTouched
        } else {
            while index < rows.count {
                let offset = rows[index] &- first
                guard offset < size else { break }
                let place = Int(offset)
                let length = Scorer.readsLengths ? lengths[place] : 0
                sums[place] += scorer.contribution(of: term, count: counts[index], length: length)
                index += 1
            }
        }
        list.postings = list.postings.lowerBound + index..<list.postings.upperBound
        // The row that the next block begins with. One of this block or an earlier one stands in a wrong order.
        list.nextRow = .max
        guard !list.postings.isEmpty else { return }
        let next = index < rows.count ? rows[index] : try firstRow(of: list.postings.lowerBound)
        guard next >= block.upperBound else { throw damagedRows(near: list.postings.lowerBound) }
        list.nextRow = next
    }
}

/// A word of a query and its postings that are still to be read.
private struct PostingList<Term: Sendable>: Sendable {
    let term: Term
    var postings: Range<Int>
    /// The row of the first posting that is left.
    var nextRow: UInt32
    let id: UInt32
}
