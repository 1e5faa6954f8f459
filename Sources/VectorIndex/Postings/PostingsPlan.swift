internal import Kernels
internal import Storage

/// What a search of one query in one inverted file goes by; nothing of it changes while blocks are read.
@safe final class PostingsPlan<Scorer: PostingsScorer> {
    let index: PostingsIndex
    let query: Scorer.Query
    let scorer: Scorer
    /// What the rows' numbers begin with in the result and in the filter.
    let firstRow: Int
    private let filter: RowSet?
    /// By rising number of rows.
    let lists: [PostingList<Scorer>]
    /// So many of them find rows at most; the others only add to rows that these found.
    let finders: Int
    /// From here on lists are those of frequent words.
    let firstFrequent: Int
    /// The counts of the frequent words: rows are looked up in them.
    let frequent: [FrequentWordCounts]
    /// About how many postings of each word are in a block.
    let shares: [Int]
    /// `rest[i]`: what the words from `i` on bring at most, and rounding beyond that.
    let rest: [Float]
    /// `unseen[i]`: the score of a row that has none of the words before `i` at most.
    let unseen: [Float]
    let lengths: RowLengths
    /// `[tables × 256]`: what the words from `i · tableStep` on bring a row of so many words at most, the last for all that are
    /// longer.
    private let restsByLength: UnsafePointer<Float>
    /// Words that share a table.
    private let tableStep: Int
    /// `[256]`: what a row's length brings, the last for all that are longer at most.
    let lengthScores: [Float]
    private let tables = PlanTables()

    /// A word of the query that the index has.
    struct Word {
        let term: Scorer.Term
        let place: PostingsIndex.Place
        /// Whether it finds rows, or only adds to those found.
        let finds: Bool
        /// Whether so many rows have it that it is better looked up than read.
        let isFrequent: Bool
    }

    /// - Parameter words: by rising number of rows in all; those that find come first, and frequent ones last.
    /// - Throws: `corrupt`.
    init(
        _ index: PostingsIndex, _ words: [Word], of query: Scorer.Query, scorer: Scorer, firstRow: Int, filter: RowSet?
    ) throws(StorageError) {
        self.index = index
        self.query = query
        self.scorer = scorer
        self.firstRow = firstRow
        self.filter = filter
        let cost = scorer.lengthCost(of: query)
        var lists: [PostingList<Scorer>] = []
        var frequent: [FrequentWordCounts] = []
        for word in words {
            let counts = word.isFrequent ? try index.frequentCounts(of: word.place) : nil
            lists.append(
                try PostingList(
                    word.place, of: index, term: word.term, scorer: scorer, lengthCost: cost.eachWord, frequent: counts,
                    tables: tables))
            if let counts { frequent.append(counts) }
        }
        (self.lists, self.frequent) = (lists, frequent)
        finders = words.count(where: \.finds)
        firstFrequent = lists.count - frequent.count
        shares = lists.map { $0.count * PostingSums.capacity / max(1, index.rows) }
        lengths = try index.rowLengths()
        lengthScores = (0...255).map { scorer.rowScore(of: query, length: $0) }
        // A sum of n positive numbers is off by no more than n roundings of it.
        let total = lists.reduce(Double(cost.beyond)) { $0 + Double($1.bound) }
        let margin = total * Double(lists.count + 4) * 0x1p-23
        var (sum, net) = (margin, margin)
        var rest = [Float(sum)]
        var unseen = [Float(max(net, sum - Double(cost.beyond)))]
        for list in lists.reversed() {
            sum += Double(list.bound)
            net += Double(list.net)
            rest.append(Float(sum))
            unseen.append(Float(max(net, sum - Double(cost.beyond))))
        }
        rest.reverse()
        unseen.reverse()
        let step = (rest.count + Self.mostTables - 1) / Self.mostTables
        let byLength = Self.restsByLength(lists, rest: rest, step: step, margin: margin, longest: lengths.longest)
        if !Scorer.readsLengths {
            let (all, longest) = (lengthScores, lengths.longest)
            for word in unseen.indices {
                let table = Self.lengths * (word / step)
                let scores = (0...longest).map { byLength[table + $0] + all[$0] }
                unseen[word] = min(unseen[word], scores.max()! + Float(margin))
            }
        }
        (self.rest, self.unseen, tableStep) = (rest, unseen, step)
        unsafe restsByLength = UnsafePointer(tables.add(byLength))
    }

    /// Lengths that are told from each other, the last for all that are longer.
    private static var lengths: Int { 256 }
    /// Tables of a query of many words: neighbours share that of the first of them, which brings the most.
    private static var mostTables: Int { 256 }

    /// `[256]`: what the words from `word` on bring a row of so many words at most.
    @inline(__always)
    func restByLength(_ word: Int) -> UnsafePointer<Float> {
        unsafe restsByLength + Self.lengths * (tableStep == 1 ? word : word / tableStep)
    }

    /// What the words from each on bring a row of so many words at most.
    ///
    /// A row cannot have more of the query's words than it has words. Each further occurrence of a word brings less than the
    /// one before, so the most that n words can bring is the sum of the n largest gains of one occurrence.
    ///
    /// - Parameters:
    ///   - rest: the same for a row of any length.
    ///   - step: only of every so many words.
    ///   - longest: words of the longest row; 255 stands for more.
    /// - Returns: `[tables × 256]`
    /// - Complexity: O(lists · longest)
    private static func restsByLength(
        _ lists: [PostingList<Scorer>], rest: [Float], step: Int, margin: Double, longest: Int
    ) -> [Float] {
        var tables = [Float](repeating: 0, count: ((rest.count - 1) / step + 1) * lengths)
        // The largest gains of one occurrence, falling.
        var gains: [Float] = []
        for word in rest.indices.reversed() {
            if word < lists.count, !Scorer.readsLengths { gains = merged(gains, lists[word].gains, count: longest) }
            guard word % step == 0 else { continue }
            var sum = margin
            for length in 0..<lengths {
                if length > 0, length <= gains.count { sum += Double(gains[length - 1]) }
                let isKnown = !Scorer.readsLengths && length < lengths - 1
                tables[lengths * (word / step) + length] = isKnown ? min(Float(sum), rest[word]) : rest[word]
            }
        }
        return tables
    }

    /// The largest of two falling lists, falling.
    private static func merged(_ a: [Float], _ b: [Float], count: Int) -> [Float] {
        var result: [Float] = []
        result.reserveCapacity(count)
        var (i, j) = (0, 0)
        while result.count < count, i < a.count || j < b.count {
            if j == b.count || i < a.count && a[i] >= b[j] {
                result.append(a[i])
                i += 1
            } else {
                result.append(b[j])
                j += 1
            }
        }
        return result
    }

    /// Whether a row of the index may be found.
    @inline(__always)
    func allows(_ row: Int) -> Bool { filter?.contains(firstRow + row) ?? true }
}
