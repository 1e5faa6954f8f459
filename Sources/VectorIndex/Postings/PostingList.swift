internal import CKernels
internal import Storage

/// A word of a query and its postings in one inverted file, in place: rows that rise, and how often each has the word.
///
/// Holds no references, only addresses: valid as long as the ``PostingsPlan`` it belongs to.
@safe struct PostingList<Scorer: PostingsScorer> {
    let term: Scorer.Term
    /// What a row gains by the word, by its count, twice at least; none for a scorer that reads lengths.
    let contributions: UnsafePointer<Float>
    /// How often a row has the word at most.
    let largest: Int
    /// What a row gains by the word at most.
    let bound: Float
    /// The same, less what the length costs that the word takes.
    let net: Float
    let count: Int
    /// Where the list begins among all postings.
    let start: Int
    let rows: UnsafePointer<UInt32>
    let counts: UnsafePointer<UInt8>
    /// Of a frequent word, how often each row has it (see ``FrequentWordCounts``).
    let codes: UnsafePointer<UInt64>?
    /// How many postings there are for each row of the index.
    private let density: Float
    /// The first posting that is still to be read in the order of rows.
    private(set) var position = 0

    /// - Parameters:
    ///   - place: of the word; it has postings.
    ///   - lengthCost: of each word of a row.
    ///   - frequent: of a word that is better looked up than read; to be kept as long as the list.
    ///   - tables: take the contributions.
    init(
        _ place: PostingsIndex.Place, of index: PostingsIndex, term: Scorer.Term, scorer: Scorer, lengthCost: Float,
        frequent: FrequentWordCounts?, tables: PlanTables
    ) throws(StorageError) {
        let (lists, postings) = (index.lists, place.postings)
        self.term = term
        count = postings.count
        start = postings.lowerBound
        density = Float(postings.count) / Float(index.rows)
        let rows = try lists.values(PostingsFormat.row, as: UInt32.self, rows: postings)
        let counts = try lists.values(PostingsFormat.count, as: UInt8.self, rows: postings)
        unsafe self.rows = rows.withUnsafeBufferPointer { $0.baseAddress! }
        unsafe self.counts = counts.withUnsafeBufferPointer { $0.baseAddress! }
        unsafe codes = frequent?.codes
        let largest = index.largestCounts.largest(of: place.word, counts)
        let all = (0...max(2, largest)).map { scorer.contribution(of: term, count: $0, length: 0) }
        self.largest = Int(largest)
        bound = all[Int(largest)]
        net = (0...Int(largest)).reduce(0) { max($0, all[$1] - Float($1) * lengthCost) }
        unsafe contributions = UnsafePointer(tables.add(Scorer.readsLengths ? [] : all))
    }

    /// What each occurrence of the word brings beyond those before, never rising; of a scorer that does not read lengths.
    var gains: [Float] {
        (1...max(1, largest)).map { count in
            unsafe contributions[count] - contributions[count - 1]
        }
    }

    /// The row of the next posting; nil at the end.
    var nextRow: UInt32? { position < count ? unsafe rows[position] : nil }

    mutating func rewind() { position = 0 }

    /// Goes on behind so many postings.
    mutating func advance(by postings: Int) { position += postings }

    /// What a row gains that has the word so often, or never.
    @inline(__always)
    func contribution(count: UInt8, length: UInt32, _ scorer: Scorer) -> Float {
        Scorer.readsLengths
            ? (count == 0 ? 0 : scorer.contribution(of: term, count: count, length: length))
            : unsafe contributions[Int(count)]
    }

    /// Goes on, or back, to the first posting of a row that is not before this one.
    ///
    /// As a word's rows lie about evenly in a corpus, the search begins where the row would be if they did, seen from here.
    ///
    /// - Complexity: O(log count), and far less for rows that lie evenly.
    @inline(__always)
    mutating func skip(to row: UInt32) {
        // Invariant: rows[low] < row where low ≥ 0, and rows[high] ≥ row where high < count.
        var (low, high) = (-1, count)
        let here = min(position, count - 1)
        let distance = unsafe Float(Int(row) - Int(rows[here])) * density
        let guess = max(0, min(count - 1, here + Int(distance)))
        var step = 8
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
    }

    /// How often any row has the word.
    @inline(__always)
    mutating func count(in row: UInt32) -> UInt8 {
        guard let codes = unsafe codes else { return exactCount(in: row) }
        let code = unsafe FrequentWordCounts.code(of: Int(row), codes)
        return code < FrequentWordCounts.more ? code : exactCount(in: row)
    }

    /// The same by its postings; goes there.
    @inline(never)
    mutating func exactCount(in row: UInt32) -> UInt8 {
        skip(to: row)
        return unsafe position < count && rows[position] == row ? counts[position] : 0
    }

    /// Asks for the postings of the next block, before they are needed.
    ///
    /// - Parameter share: about how many these are.
    @inline(__always)
    func prefetch(_ share: Int) {
        let next = min(position, count)
        let postings = min(count - next, share)
        unsafe ck_prefetch(rows + next, 4 * postings + 64)
        unsafe ck_prefetch(counts + next, postings + 1)
    }
}
