internal import Kernels
internal import Storage

/// What a search of one query in one inverted file goes by; nothing of it changes while blocks are read.
final class PostingsPlan<Scorer: PostingsScorer> {
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
    /// `[256]`: what a row's length brings, the last for all that are longer at most.
    let lengthScores: [Float]
    private let contributions = ContributionTable()

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
                    table: contributions))
            if let counts { frequent.append(counts) }
        }
        (self.lists, self.frequent) = (lists, frequent)
        finders = words.count(where: \.finds)
        firstFrequent = lists.count - frequent.count
        shares = lists.map { $0.count * PostingSums.capacity / index.rows }
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
        self.rest = rest.reversed()
        self.unseen = unseen.reversed()
    }

    /// Whether a row of the index may be found.
    @inline(__always)
    func allows(_ row: Int) -> Bool { filter?.contains(firstRow + row) ?? true }
}
