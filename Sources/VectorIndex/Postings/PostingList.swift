internal import Storage

/// A word of a query and its postings in one inverted file, in place: rows that rise, and how often each has the word.
///
/// Valid as long as the ``PostingsIndex`` it was made of.
@safe struct PostingList<Scorer: PostingsScorer> {
    private let scorer: Scorer
    private let term: Scorer.Term
    /// What a row gains by the word, by its count; empty for a scorer that reads lengths.
    private let contributions: [Float]
    /// What a row gains by the word at most.
    let bound: Float
    /// The same, less what the length costs that the word takes.
    let net: Float
    let count: Int
    /// Where the list begins among all postings.
    let start: Int
    private let rows: UnsafePointer<UInt32>
    private let counts: UnsafePointer<UInt8>
    /// Of a word that is looked up in the rows others found.
    let frequent: FrequentWordCounts?
    /// The first posting that is still to be read in the order of rows.
    private(set) var position = 0

    /// - Parameters:
    ///   - place: of the word; it has postings.
    ///   - lengthCost: of each word of a row.
    ///   - isFrequent: whether so many rows have the word that it is better looked up than read.
    init(
        _ place: PostingsIndex.Place, of index: PostingsIndex, term: Scorer.Term, scorer: Scorer, lengthCost: Float,
        isFrequent: Bool
    ) throws(StorageError) {
        let (lists, postings) = (index.lists, place.postings)
        self.scorer = scorer
        self.term = term
        count = postings.count
        start = postings.lowerBound
        let rows = try lists.values(PostingsFormat.row, as: UInt32.self, rows: postings)
        let counts = try lists.values(PostingsFormat.count, as: UInt8.self, rows: postings)
        unsafe self.rows = rows.withUnsafeBufferPointer { $0.baseAddress! }
        unsafe self.counts = counts.withUnsafeBufferPointer { $0.baseAddress! }
        let largest = index.largestCounts.largest(of: place.word, counts)
        if isFrequent {
            frequent = try index.frequentWords.counts(of: place.word) { () throws(StorageError) in
                guard let made = FrequentWordCounts(rows: index.rows, postings: rows, counts: counts) else {
                    throw index.damagedRows(near: postings.lowerBound)
                }
                return made
            }
        } else {
            frequent = nil
        }
        bound = scorer.contribution(of: term, count: largest, length: 0)
        let all = (0...largest).map { scorer.contribution(of: term, count: $0, length: 0) }
        contributions = Scorer.readsLengths ? [] : all
        net = all.indices.reduce(0) { max($0, all[$1] - Float($1) * lengthCost) }
    }

    /// The row of the next posting; nil at the end.
    var nextRow: UInt32? { position < count ? unsafe rows[position] : nil }

    mutating func rewind() { position = 0 }

    /// Adds the word's contributions to the rows of a block, up to the first posting that is not of it.
    ///
    /// - Parameters:
    ///   - onlyToFound: whether rows that have no sum yet stay without.
    ///   - lengths: of all rows.
    @inline(__always)
    mutating func add(
        to sums: PostingSums, onlyToFound: Bool, firstRow: UInt32, size: UInt32, lengths: RowLengths
    ) {
        precondition(Int(size) <= PostingSums.capacity)
        // Copies, which writing the sums cannot change.
        let (rows, counts, values, places) = unsafe (self.rows, self.counts, sums.values, sums.places)
        let (count, table) = (self.count, self.contributions)
        let contributions = table.span
        var (position, found) = (self.position, sums.count)
        while position < count {
            let offset = unsafe rows[position] &- firstRow
            guard offset < size else { break }
            let place = Int(offset)
            let times = unsafe counts[position]
            let contribution =
                Scorer.readsLengths
                ? scorer.contribution(of: term, count: times, length: lengths[Int(firstRow) + place])
                : unsafe contributions[unchecked: Int(times)]
            let sum = unsafe values[place]
            if onlyToFound {
                unsafe values[place] = sum == 0 ? 0 : sum + contribution
            } else {
                // Written in any case: whether the row is new is no branch that could be foreseen.
                unsafe places[found] = offset
                // Never more than there are rows, whatever nonsense a file may hold.
                found = min(found &+ (sum == 0 ? 1 : 0), PostingSums.capacity)
                unsafe values[place] = sum + contribution
            }
            position &+= 1
        }
        self.position = position
        sums.count = found
    }

    /// Whether it was made as a frequent word.
    var isFrequent: Bool { frequent != nil }

    /// What a row gains that has the word so often, or never.
    @inline(__always)
    func contribution(count: UInt8, length: UInt32) -> Float {
        Scorer.readsLengths
            ? (count == 0 ? 0 : scorer.contribution(of: term, count: count, length: length))
            : contributions[Int(count)]
    }

    /// What the word brings a row of any place; for a word that was made as a frequent one.
    @inline(__always)
    func contribution(to row: Int, _ lengths: RowLengths) -> Float {
        let code = frequent!.code(of: row)
        let count = code < FrequentWordCounts.more ? UInt8(truncatingIfNeeded: code) : exactCount(of: UInt32(row))
        return contribution(count: count, length: Scorer.readsLengths ? lengths[row] : 0)
    }

    /// The same for any word.
    @inline(__always)
    func lookedUpContribution(to row: Int, _ lengths: RowLengths) -> Float {
        contribution(count: exactCount(of: UInt32(row)), length: Scorer.readsLengths ? lengths[row] : 0)
    }

    /// - Complexity: O(log count)
    @inline(never)
    private func exactCount(of row: UInt32) -> UInt8 {
        let place = firstPosition(of: row, from: 0)
        return unsafe place < count && rows[place] == row ? counts[place] : 0
    }

    /// How often a row has the word, 0 where it has not.
    ///
    /// Rows have to be asked for in rising order, from ``rewind()`` on.
    ///
    /// - Complexity: O(log count), and far less for rows that lie evenly.
    @inline(__always)
    mutating func skip(to row: UInt32) -> UInt8 {
        position = firstPosition(of: row, from: position)
        return unsafe position < count && rows[position] == row ? counts[position] : 0
    }

    /// Goes on to the first posting of a row that is not before this one.
    @inline(__always)
    mutating func skip(toBlock row: UInt32) { position = firstPosition(of: row, from: position) }

    /// The first posting at or behind `start` whose row is not before this one.
    ///
    /// As a word's rows lie about evenly in a corpus, the search begins where the row would be if they did.
    @inline(__always)
    private func firstPosition(of row: UInt32, from start: Int) -> Int {
        guard start < count, unsafe rows[start] < row else { return start }
        // Invariant: rows[low] < row, and rows[high] ≥ row where high < count.
        var (low, high) = (start, count)
        let (here, last) = unsafe (rows[start], rows[count - 1])
        guard last >= row else { return count }
        let share = Double(row - here) / Double(last - here)
        let guess = min(count - 1, start + Int(share * Double(count - 1 - start)))
        var step = 16
        if unsafe rows[guess] < row {
            low = guess
            while low + step < high, unsafe rows[low + step] < row {
                low += step
                step *= 2
            }
            high = min(high, low + step)
        } else {
            high = guess
            while high - step > low, unsafe rows[high - step] >= row {
                high -= step
                step *= 2
            }
            low = max(low, high - step)
        }
        while high - low > 1 {
            let middle = (low + high) / 2
            if unsafe rows[middle] < row { low = middle } else { high = middle }
        }
        return high
    }
}
