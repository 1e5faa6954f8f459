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
    /// The first posting that is still to be read in the order of rows.
    private(set) var position = 0

    /// - Parameters:
    ///   - place: of the word; it has postings.
    ///   - lengthCost: of each word of a row.
    init(
        _ place: PostingsIndex.Place, of index: PostingsIndex, term: Scorer.Term, scorer: Scorer, lengthCost: Float
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
    ///   - lengths: of the block's rows; of no account unless the scorer reads lengths.
    @inline(__always)
    mutating func add(
        to sums: PostingSums, onlyToFound: Bool, firstRow: UInt32, size: UInt32, lengths: Span<UInt32>
    ) {
        precondition(Int(size) <= PostingSums.capacity && (!Scorer.readsLengths || lengths.count >= Int(size)))
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
                ? scorer.contribution(of: term, count: times, length: lengths[place])
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

    /// What a row gains that has the word so often.
    @inline(__always)
    func contribution(count: UInt8, length: UInt32) -> Float {
        Scorer.readsLengths
            ? scorer.contribution(of: term, count: count, length: length) : contributions[Int(count)]
    }

    /// How often a row has the word, 0 where it has not.
    ///
    /// Rows have to be asked for in rising order, from ``rewind()`` on. As a word's rows lie about evenly in a corpus, the
    /// search begins where the row would be if they did.
    ///
    /// - Complexity: O(log count), and far less for rows that lie evenly.
    @inline(__always)
    mutating func skip(to row: UInt32) -> UInt8 {
        guard position < count else { return 0 }
        guard unsafe rows[position] < row else { return unsafe rows[position] == row ? counts[position] : 0 }
        // Invariant: rows[low] < row, and rows[high] ≥ row where high < count.
        var (low, high) = (position, count)
        let (here, last) = unsafe (rows[position], rows[count - 1])
        guard last >= row else {
            position = count
            return 0
        }
        let share = Double(row - here) / Double(last - here)
        let guess = min(count - 1, position + Int(share * Double(count - 1 - position)))
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
        position = high
        return unsafe high < count && rows[high] == row ? counts[high] : 0
    }
}
