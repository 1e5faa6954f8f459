internal import Kernels
internal import Storage

/// The search of one query in one inverted file: as exact as scoring every row that shares a word, but for a few.
///
/// Words are taken by falling weight. A few rare ones show what a row has to reach at least to be among the best. Then words
/// are read until all that are left cannot bring a row of none of them so far; of the rows found those that can still reach
/// it are looked up in the longer lists. Sums are formed in the same order as if everything were read, so they are the same
/// to the bit.
///
/// Source: Turtle & Flood, "Query evaluation: strategies and optimizations", Information Processing & Management 31(6),
/// 1995, section 4.2 (max_score).
struct PostingsSearch<Scorer: PostingsScorer> {
    private let index: PostingsIndex
    private let query: Scorer.Query
    private let scorer: Scorer
    /// What the rows' numbers begin with in the result and in the filter.
    private let firstRow: Int
    private let filter: RowSet?
    private var lists: [PostingList<Scorer>]
    /// `rest[i]`: what the words from `i` on bring at most, and rounding beyond that.
    private let rest: [Float]
    /// `unseen[i]`: the score of a row that has none of the words before `i` at most.
    private let unseen: [Float]

    /// A row whose words are known in part.
    private struct PartialRow {
        let row: UInt32
        let length: UInt32
        var sum: Float
        let lengthScore: Float

        /// Its score, if the words that are left bring so much.
        @inline(__always)
        func score(with rest: Float) -> Float { (sum + rest) + lengthScore }
    }

    /// Postings that are read without a look at what they can bring: choosing costs more.
    private static var leastPostings: Int { 4096 }

    /// - Parameter lists: by falling weight.
    init(
        _ index: PostingsIndex, _ lists: [PostingList<Scorer>], of query: Scorer.Query, scorer: Scorer,
        firstRow: Int, filter: RowSet?
    ) {
        self.index = index
        self.lists = lists
        self.query = query
        self.scorer = scorer
        self.firstRow = firstRow
        self.filter = filter
        let cost = scorer.lengthCost(of: query)
        // A sum of n positive numbers is off by no more than n roundings of it.
        let total = lists.reduce(Double(cost.beyond)) { $0 + Double($1.bound) }
        let margin = total * Double(lists.count + 4) * 0x1p-23
        var (sum, net) = (margin, margin)
        var (rest, unseen) = ([Float(sum)], [Float(net)])
        for list in lists.reversed() {
            sum += Double(list.bound)
            net += Double(list.net)
            rest.append(Float(sum))
            unseen.append(Float(max(net, sum - Double(cost.beyond))))
        }
        self.rest = rest.reversed()
        self.unseen = unseen.reversed()
    }

    /// Offers the best rows, with minus their scores as keys.
    @inline(__always)
    mutating func run(into best: inout TopCandidates, sums: PostingSums) throws(StorageError) {
        var floor = -best.worst
        let rare = rareWords(capacity: best.capacity)
        if rare < lists.count {
            var found = TopCandidates(capacity: best.capacity)
            var leading = try read(0..<rare, finding: rare, floor: &floor, sums: sums, found: &found, rest: 0)
            complete(&leading, from: rare, floor: floor)
            found = TopCandidates(capacity: best.capacity)
            for row in leading { found.offer(key: -row.score(with: 0), row: row.row) }
            floor = max(-best.worst, -found.worst)
        }
        // Rows of none of these words cannot reach the floor; the words after them say which of the others can.
        let end = unseen.firstIndex { $0 < floor } ?? lists.count
        guard end > 0 else { return }
        let last = max(end, rest.firstIndex { $0 < floor } ?? lists.count)
        var found = best
        var rows = try read(0..<last, finding: end, floor: &floor, sums: sums, found: &found, rest: rest[last])
        complete(&rows, from: last, floor: floor)
        for row in rows { best.offer(key: -row.score(with: 0), row: UInt32(firstRow) + row.row) }
    }

    /// How many words show what the best are like.
    private func rareWords(capacity: Int) -> Int {
        let least = max(Self.leastPostings, 4 * capacity, lists.reduce(0) { $0 + $1.count } / 32)
        var (end, postings) = (0, 0)
        while end < lists.count, postings < least {
            postings += lists[end].count
            end += 1
        }
        return end
    }

    /// Reads some words over all rows, block after block.
    ///
    /// - Parameters:
    ///   - finding: how many of the words find rows; those after them only add to what was found.
    ///   - floor: the score that is to be reached; raised to that of the last of the best.
    ///   - found: gets the best by these words alone.
    ///   - rest: what a row gains by other words at most.
    /// - Returns: the rows that can still reach the floor, rising.
    @inline(__always)
    private mutating func read(
        _ words: Range<Int>, finding: Int, floor: inout Float, sums: PostingSums, found: inout TopCandidates,
        rest: Float
    ) throws(StorageError) -> [PartialRow] {
        let lengths = index.lengths
        var rows: [PartialRow] = []
        var least = floor
        for word in words { lists[word].rewind() }
        for start in stride(from: 0, to: index.rows, by: PostingSums.capacity) {
            let block = start..<min(index.rows, start + PostingSums.capacity)
            let blockLengths = try lengths.values(PostingsFormat.length, as: UInt32.self, rows: block)
            for word in words {
                guard let next = lists[word].nextRow, next < block.upperBound else { continue }
                if word < finding {
                    lists[word].add(
                        to: sums, onlyToFound: false, firstRow: UInt32(start), size: UInt32(block.count),
                        lengths: blockLengths)
                } else {
                    lists[word].add(
                        to: sums, onlyToFound: true, firstRow: UInt32(start), size: UInt32(block.count),
                        lengths: blockLengths)
                }
                // A row of this block or an earlier one stands in a wrong order.
                if let next = lists[word].nextRow, next < block.upperBound {
                    throw index.damagedRows(near: lists[word].start + lists[word].position)
                }
            }
            // A little less than the floor, for the sums are rounded; what is kept is looked at again.
            let leastScore = least - rest - (abs(least) + self.rest[0]) * 0x1p-20
            sums.drain(least: leastScore, leastScore: leastScore) { offset in
                scorer.rowScore(of: query, length: blockLengths[offset])
            } _: { offset, sum in
                let length = blockLengths[offset]
                let row = PartialRow(
                    row: UInt32(start + offset), length: length, sum: sum,
                    lengthScore: scorer.rowScore(of: query, length: length))
                guard row.score(with: rest) >= least else { return }
                if let filter, !filter.contains(firstRow + start + offset) { return }
                rows.append(row)
                found.offer(key: -row.score(with: 0), row: UInt32(firstRow) + row.row)
                least = max(least, -found.worst)
            }
        }
        for word in words where lists[word].nextRow != nil {
            throw index.damagedRows(near: lists[word].start + lists[word].position)
        }
        floor = least
        rows.removeAll { $0.score(with: rest) < least }
        rows.sort { $0.row < $1.row }
        return rows
    }

    /// Looks rows up in the words from `first` on, and leaves out what cannot reach the floor.
    ///
    /// - Parameter rows: rising.
    private func complete(_ rows: inout [PartialRow], from first: Int, floor: Float) {
        for word in lists.indices.dropFirst(first) where !rows.isEmpty {
            var kept = 0
            var list = lists[word]
            list.rewind()
            for index in rows.indices {
                var row = rows[index]
                let count = list.skip(to: row.row)
                if count > 0 { row.sum += list.contribution(count: count, length: row.length) }
                guard row.score(with: rest[word + 1]) >= floor else { continue }
                rows[kept] = row
                kept += 1
            }
            rows.removeSubrange(kept...)
        }
    }
}
