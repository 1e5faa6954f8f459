internal import Kernels
internal import Storage

/// The search of one query in one inverted file: as exact as scoring every row that shares a word, but for a few.
///
/// Words are taken by rising number of rows. A few rare ones show what a row has to reach at least to be among the best. Then
/// words find rows as long as those after them could bring a row of none of them so far; of the rows found those that can
/// still reach it are looked up in the others. Sums are formed in the same order as if
/// everything were read, so they are the same to the bit.
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
    /// From here on lists are those of frequent words.
    private let firstFrequent: Int
    /// `rest[i]`: what the words from `i` on bring at most, and rounding beyond that.
    private let rest: [Float]
    /// `unseen[i]`: the score of a row that has none of the words before `i` at most.
    private let unseen: [Float]
    /// `gain[i]`: what a row that has some of the words before `i` gains at most beyond their sum: other words bring something,
    /// and all cost length.
    private let gain: [Float]
    private let lengths: RowLengths
    /// The score that is to be reached.
    private var floor = -Float.infinity
    /// So many words find rows.
    private var finding: Int

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

    /// One in so many postings, those of the rarest words, shows what the best are like.
    private static var rareShare: Int { 128 }

    /// What it costs to look a row up in a list, in postings read.
    private static var lookupCost: Int { 32 }

    /// A word is read for the rows found while it has no more postings than so many for each: most rows then need no other
    /// look.
    private static var readingCost: Int { 2 }

    /// So many rows for each that is asked for show what the best are like.
    private static var leadingRows: Int { 4 }

    /// - Parameters:
    ///   - lists: by rising number of rows.
    ///   - finders: so many of them find rows; the others only add to rows that these found.
    init(
        _ index: PostingsIndex, _ lists: [PostingList<Scorer>], finders: Int, of query: Scorer.Query, scorer: Scorer,
        firstRow: Int, filter: RowSet?
    ) throws(StorageError) {
        self.index = index
        self.lists = lists
        lengths = try index.rowLengths()
        finding = finders
        firstFrequent = lists.firstIndex { $0.isFrequent } ?? lists.count
        self.query = query
        self.scorer = scorer
        self.firstRow = firstRow
        self.filter = filter
        let cost = scorer.lengthCost(of: query)
        // A sum of n positive numbers is off by no more than n roundings of it.
        let total = lists.reduce(Double(cost.beyond)) { $0 + Double($1.bound) }
        let margin = total * Double(lists.count + 4) * 0x1p-23
        var (sum, net) = (margin, margin)
        let (eachWord, beyond) = (Double(cost.eachWord), Double(cost.beyond))
        var rest: [Float] = []
        var unseen: [Float] = []
        var gain: [Float] = []
        for list in lists.reversed() + [nil] {
            rest.append(Float(sum))
            unseen.append(Float(max(net, sum - beyond)))
            gain.append(Float(max(net - eachWord, sum - beyond)))
            guard let list else { break }
            sum += Double(list.bound)
            net += Double(list.net)
        }
        self.rest = rest.reversed()
        self.unseen = unseen.reversed()
        self.gain = gain.reversed()
    }

    /// The counts of the frequent words, which rows are looked up in.
    var frequentWords: [FrequentWordCounts] { lists[firstFrequent...].compactMap(\.frequent) }

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

    /// The rows with the highest sums of the first few words.
    @inline(__always)
    private mutating func leadingRows(
        of words: Int, count: Int, _ sums: PostingSums
    ) throws(StorageError) -> [PartialRow] {
        var found = TopCandidates(capacity: count)
        for word in 0..<words { lists[word].rewind() }
        for start in stride(from: 0, to: index.rows, by: PostingSums.capacity) {
            for word in 0..<words { try add(word, onlyToFound: false, start: start, sums) }
            let taken = sums.take(least: -found.worst)
            sums.forEach(of: taken) { offset, sum in
                let row = start + offset
                if let filter, !filter.contains(firstRow + row) { return }
                found.offer(key: -sum, row: UInt32(row))
            }
        }
        return found.sorted.map { key, row in
            let length = lengths[Int(row)]
            return PartialRow(
                row: row, length: length, sum: -key, lengthScore: scorer.rowScore(of: query, length: length))
        }.sorted { $0.row < $1.row }
    }

    /// Reads the block of rows that begins at one, and offers those that can be among the best, with minus their scores as
    /// keys. Blocks come in their order.
    ///
    /// Words find rows as long as those after them could bring a row of none of them to the floor; the others only add to the
    /// rows found that can still reach it. As better rows are found, the floor rises.
    @inline(__always)
    mutating func read(
        block start: Int, into best: inout TopCandidates, _ sums: PostingSums
    ) throws(StorageError) {
        while finding > 0, unseen[finding - 1] < floor { finding -= 1 }
        guard finding > 0 else { return }
        let lengths = lengths
        for word in 0..<finding { try add(word, onlyToFound: false, start: start, sums) }
        var words = finding
        while words < firstFrequent, share(of: words) < Self.readingCost * sums.count {
            lists[words].skip(toBlock: UInt32(start))
            try add(words, onlyToFound: true, start: start, sums)
            words += 1
        }
        // A little less than the floor, for the sums are rounded; what is kept is looked at again.
        let least = floor - (abs(floor) + rest[0]) * 0x1p-20
        var taken = sums.take(least: least - gain[words])
        taken = sums.addLengths(to: taken, least: least - rest[words]) { offset in
            scorer.rowScore(of: query, length: lengths[start + offset])
        }
        for word in words..<lists.count where taken > 0 {
            let least = least - rest[word + 1]
            let list = lists[word]
            if list.isFrequent {
                taken = sums.update(taken, least: least) { $1 + list.contribution(to: start + $0, lengths) }
            } else if taken * Self.lookupCost < share(of: word) {
                taken = sums.update(taken, least: least) { $1 + list.lookedUpContribution(to: start + $0, lengths) }
            } else {
                sums.putBack(taken)
                lists[word].skip(toBlock: UInt32(start))
                try add(word, onlyToFound: true, start: start, sums)
                taken = sums.update(taken, least: least) { offset, _ in sums.takeAgain(offset) }
            }
        }
        sums.forEach(of: taken) { offset, sum, lengthScore in
            if let filter, !filter.contains(firstRow + start + offset) { return }
            best.offer(key: -(sum + lengthScore), row: UInt32(firstRow + start + offset))
        }
        floor = max(floor, -best.worst)
    }

    /// About how many postings of a word are in a block.
    private func share(of word: Int) -> Int { lists[word].count * PostingSums.capacity / index.rows }

    /// Adds a word to the sums of the block that begins at a row.
    @inline(__always)
    private mutating func add(
        _ word: Int, onlyToFound: Bool, start: Int, _ sums: PostingSums
    ) throws(StorageError) {
        let size = min(index.rows - start, PostingSums.capacity)
        lists[word].add(
            to: sums, onlyToFound: onlyToFound, firstRow: UInt32(start), size: UInt32(size), lengths: lengths)
        // A row of this block or an earlier one stands in a wrong order, or one is none of the index' rows.
        if let next = lists[word].nextRow, next < start + size || start + size == index.rows {
            throw index.damagedRows(near: lists[word].start + lists[word].position)
        }
    }

    /// Looks rows up in the words from `first` on, and leaves out what cannot reach the floor.
    ///
    /// - Parameter rows: rising.
    private func complete(_ rows: inout [PartialRow], from first: Int) {
        for word in lists.indices.dropFirst(first) where !rows.isEmpty {
            var kept = 0
            var list = lists[word]
            list.rewind()
            for index in rows.indices {
                var row = rows[index]
                if list.isFrequent {
                    row.sum += list.contribution(to: Int(row.row), lengths)
                } else {
                    row.sum += list.contribution(count: list.skip(to: row.row), length: row.length)
                }
                guard row.score(with: rest[word + 1]) >= floor else { continue }
                rows[kept] = row
                kept += 1
            }
            rows.removeSubrange(kept...)
        }
    }
}
