internal import Kernels
internal import Storage

extension PostingsIndex {
    /// The `count` best rows of each query: ``SegmentedPostings/search(_:scorer:count:budget:filter:workers:)`` of this
    /// index alone.
    package func search<Scorer: PostingsScorer>(
        _ queries: [Scorer.Query], scorer: Scorer, count: Int, budget: Int? = nil, workers: Int
    ) throws(IndexError) -> [[Neighbor]] {
        try SegmentedPostings([self]).search(
            queries, scorer: scorer, count: count, budget: budget, filter: nil, workers: workers)
    }

    /// Rows whose sums are kept at once: 256 KiB.
    private static let blockRows = 1 << 16

    /// The best rows of one query by some words, in the order given.
    ///
    /// - Parameters:
    ///   - firstRow: what the rows' numbers begin with in the result and the filter.
    @inline(__always)
    func best<Scorer: PostingsScorer>(
        _ terms: [(id: UInt32, term: Scorer.Term)], of query: Scorer.Query, scorer: Scorer, count: Int, firstRow: Int,
        filter: RowSet?
    ) throws(StorageError) -> TopCandidates {
        var lists: [PostingList<Scorer.Term>] = []
        for (id, term) in terms {
            guard let range = try list(of: id), !range.isEmpty else { continue }
            lists.append(
                PostingList(term: term, postings: range, nextRow: try self.firstRow(of: range.lowerBound)))
        }
        return try search(&lists, of: query, scorer: scorer, count: count, firstRow: firstRow, filter: filter)
    }

    private func firstRow(of posting: Int) throws(StorageError) -> UInt32 {
        let lists = lists
        return try lists.values(PostingsFormat.row, as: UInt32.self, rows: posting..<posting + 1)[0]
    }

    private func search<Scorer: PostingsScorer>(
        _ lists: inout [PostingList<Scorer.Term>], of query: Scorer.Query, scorer: Scorer, count: Int, firstRow: Int,
        filter: RowSet?
    ) throws(StorageError) -> TopCandidates {
        let allowed = filter?.words ?? []
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
                    sums[offset] = 0
                    if let filter, !filter.contains(firstRow + start + offset) { continue }
                    best.offer(key: -score, row: UInt32(firstRow + start + offset))
                }
            } else {
                finish(&sums, lengths: blockLengths, of: query, scorer: scorer)
                best.offer(
                    dots: sums.span.extracting(0..<block.count), factor: -1, first: UInt32(firstRow + start),
                    allowed: allowed.span)
                var clean = sums.mutableSpan
                for offset in 0..<clean.count { clean[offset] = 0 }
            }
        }
        for list in lists where !list.postings.isEmpty { throw damagedRows(near: list.postings.lowerBound) }
        return best
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
}
