internal import Kernels
internal import Storage

/// The search of one query in one inverted file: as exact as scoring every row that shares a word, but for a few.
///
/// Words are taken by rising number of rows. A few rare ones show what a row has to reach at least to be among the best. Then
/// words find rows as long as those after them could bring a row of none of them so far; of the rows found those that can
/// still reach it are looked up in the others. Sums are formed in the same order as if everything were read, so they are the
/// same to the bit.
///
/// It waits for memory more than it computes: nothing that is read in the loop over blocks holds a reference that threads
/// would count in turns, and ``prefetch()`` asks for a block's postings while another query is at work.
///
/// Source: Turtle & Flood, "Query evaluation: strategies and optimizations", Information Processing & Management 31(6),
/// 1995, section 4.2 (max_score).
struct PostingsSearch<Scorer: PostingsScorer> {
    let plan: PostingsPlan<Scorer>
    private var lists: [PostingList<Scorer>]
    /// The score that is to be reached.
    private var floor = -Float.infinity
    /// So many words find rows.
    private var finding: Int

    /// Postings that are read without a look at what they can bring: choosing costs more.
    private static var leastPostings: Int { 4096 }

    /// One in so many postings, those of the rarest words, shows what the best are like.
    private static var rareShare: Int { 128 }

    /// What it costs to look a row up in a list, in postings read.
    private static var lookupCost: Int { 32 }

    /// A word is read for the rows found while it has no more postings than so many for each: most rows then need no other
    /// look.
    private static var readingCost: Int { 2 }

    /// So many rows for each that is asked for show what the best are like.
    private static var leadingRows: Int { 4 }

    init(_ plan: PostingsPlan<Scorer>) {
        self.plan = plan
        lists = plan.lists
        finding = plan.finders
    }

    /// Finds out what a row has to reach; before blocks are read.
    ///
    /// - Parameter best: of other rows, with minus their scores as keys.
    @inline(__always)
    mutating func begin(with best: TopCandidates, _ sums: PostingSums) throws(StorageError) {
        floor = -best.worst
        let rare = rareWords(capacity: best.capacity)
        if rare < finding {
            var leading = try leadingRows(of: rare, count: Self.leadingRows * best.capacity, sums)
            complete(&leading, from: rare)
            var found = TopCandidates(capacity: best.capacity)
            for row in leading { found.offer(key: -row.score(with: 0), row: row.row) }
            floor = max(floor, -found.worst)
        }
        for word in lists.indices { lists[word].rewind() }
    }

    /// How many words show what the best are like.
    private func rareWords(capacity: Int) -> Int {
        let least = max(Self.leastPostings, 4 * capacity, lists.reduce(0) { $0 + $1.count } / Self.rareShare)
        var (end, postings) = (0, 0)
        while end < finding, postings < least {
            postings += lists[end].count
            end += 1
        }
        return end
    }

    /// A row whose words are known in part.
    private struct PartialRow {
        let row: UInt32
        var sum: Float
        let lengthScore: Float

        /// Its score, if the words that are left bring so much.
        func score(with rest: Float) -> Float { (sum + rest) + lengthScore }
    }

    /// The rows with the highest scores by the first few words, rising.
    @inline(__always)
    private mutating func leadingRows(
        of words: Int, count: Int, _ sums: PostingSums
    ) throws(StorageError) -> [PartialRow] {
        var leading: [PartialRow] = []
        var found = TopCandidates(capacity: count)
        for word in 0..<words { lists[word].rewind() }
        for block in plan.index.blocks {
            for word in 0..<words { try find(word, in: block, sums) }
            let worst = found.worst
            sums.take(least: -worst, word: lists.count, of: block, plan)
            sums.end { place, sum, lengthScore in
                let row = block.lowerBound + place
                guard plan.allows(row), -(sum + lengthScore) <= worst else { return }
                found.offer(key: -(sum + lengthScore), row: UInt32(row))
                leading.append(PartialRow(row: UInt32(row), sum: sum, lengthScore: lengthScore))
            }
        }
        let worst = found.worst
        return leading.filter { -$0.score(with: 0) <= worst }
    }

    /// Reads a block of rows, and offers those that can be among the best, with minus their scores as keys. Blocks come in
    /// their order.
    ///
    /// Words find rows as long as those after them could bring a row of none of them to the floor; the others only add to the
    /// rows found that can still reach it. As better rows are found, the floor rises.
    @inline(__always)
    mutating func read(
        _ block: Range<Int>, into best: inout TopCandidates, _ sums: PostingSums
    ) throws(StorageError) {
        let plan = plan
        while finding > 0, plan.unseen[finding - 1] < floor { finding -= 1 }
        guard finding > 0 else { return }
        for word in 0..<finding { try find(word, in: block, sums) }
        // A little less than the floor, for the sums are rounded; what is kept is looked at again.
        let least = floor - (abs(floor) + plan.rest[0]) * 0x1p-20
        sums.take(least: least, word: finding, of: block, plan)
        var word = finding
        while word < lists.count, sums.count > 0 {
            if word >= plan.firstFrequent || sums.count * Self.lookupCost < plan.shares[word] {
                sums.lookUp(in: &lists[word], least: least, next: word + 1, of: block, plan)
                word += 1
            } else {
                sums.open()
                repeat {
                    try add(word, in: block, sums)
                    word += 1
                } while word < plan.firstFrequent && plan.shares[word] < Self.readingCost * sums.count
                sums.close()
                sums.keep(least: least, word: word, plan)
            }
        }
        sums.end { place, sum, lengthScore in
            let row = block.lowerBound + place
            if plan.allows(row) { best.offer(key: -(sum + lengthScore), row: UInt32(plan.firstRow + row)) }
        }
        floor = max(floor, -best.worst)
    }

    /// Asks for the postings of a block, before it is read.
    @inline(__always)
    func prefetch() {
        for word in 0..<plan.firstFrequent { lists[word].prefetch(plan.shares[word]) }
    }

    /// Adds a word to the sums of a block.
    @inline(__always)
    private mutating func find(_ word: Int, in block: Range<Int>, _ sums: PostingSums) throws(StorageError) {
        sums.find(&lists[word], of: block, plan)
        try checkOrder(of: word, behind: block)
    }

    /// Adds a word to the rows of a block that were taken.
    @inline(__always)
    private mutating func add(_ word: Int, in block: Range<Int>, _ sums: PostingSums) throws(StorageError) {
        lists[word].skip(to: UInt32(block.lowerBound))
        sums.add(&lists[word], of: block, plan)
        try checkOrder(of: word, behind: block)
    }

    /// Looks at the posting that follows those of a block.
    @inline(__always)
    private func checkOrder(of word: Int, behind block: Range<Int>) throws(StorageError) {
        // A row of this block or an earlier one stands in a wrong order, or one is none of the index' rows.
        if let next = lists[word].nextRow, next < block.upperBound || block.upperBound == plan.index.rows {
            throw plan.index.damagedRows(near: lists[word].start + lists[word].position)
        }
    }

    /// Looks rows up in the words from `first` on, and leaves out what cannot reach the floor.
    ///
    /// - Parameter rows: rising.
    private mutating func complete(_ rows: inout [PartialRow], from first: Int) {
        for word in lists.indices.dropFirst(first) where !rows.isEmpty {
            lists[word].rewind()
            for index in rows.indices {
                let row = rows[index].row
                let length = Scorer.readsLengths ? plan.lengths[Int(row)] : 0
                let count = lists[word].count(in: row)
                rows[index].sum += lists[word].contribution(count: count, length: length, plan.scorer)
            }
            rows.removeAll { $0.score(with: plan.rest[word + 1]) < floor }
        }
    }
}
