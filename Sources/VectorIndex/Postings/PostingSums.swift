internal import CKernels

/// The rows of a block that a query's words found, and their sums.
///
/// Rows are found by words that add to the sums of the whole block; then they are taken out, and other words add to the rows
/// taken. The block's sums and slots are all 0 between blocks.
@safe final class PostingSums {
    /// Rows of a block: what is known of them stays in a core's cache.
    static let capacity = 1 << 14

    /// A row's place in the block, of rows taken, whose lengths stand above it.
    private static let place = UInt32(CK_POSTINGS_PLACE)

    /// Rows that a vector kernel may write beyond those it has found.
    private static let margin = 16

    /// `[capacity]`
    private let sums: UnsafeMutablePointer<Float>
    /// `[capacity + 1]`: one more than where a row is among those taken, where words add to them; else 0.
    private let slots: UnsafeMutablePointer<UInt16>
    /// Rows found, then those taken.
    private let rows: ck_partial_rows
    /// Rows among those taken of which a kernel could not say all.
    private let more: UnsafeMutablePointer<UInt32>
    /// How many rows have been found, or taken.
    private(set) var count = 0

    init() {
        func zeros<Value: BitwiseCopyable & ExpressibleByIntegerLiteral>(_ count: Int) -> UnsafeMutablePointer<Value> {
            let memory = UnsafeMutablePointer<Value>.allocate(capacity: count)
            unsafe memory.initialize(repeating: 0, count: count)
            return unsafe memory
        }
        unsafe sums = zeros(Self.capacity)
        unsafe slots = zeros(Self.capacity + 1)
        let room = Self.capacity + Self.margin
        unsafe rows = ck_partial_rows(places: zeros(room), sums: zeros(room), others: zeros(room))
        unsafe more = zeros(Self.capacity)
    }

    deinit {
        unsafe sums.deallocate()
        unsafe slots.deallocate()
        unsafe rows.places.deallocate()
        unsafe rows.sums.deallocate()
        unsafe rows.others.deallocate()
        unsafe more.deallocate()
    }

    /// Adds a word to the block's sums: rows that have it are found.
    @inline(__always)
    func find<Scorer>(_ list: inout PostingList<Scorer>, of block: Range<Int>, _ plan: PostingsPlan<Scorer>) {
        let first = UInt32(block.lowerBound)
        if Scorer.readsLengths {
            forEachPosting(of: &list, in: block, plan) { place, contribution in
                unsafe rows.places[count] = UInt32(place)
                // Never more than there are rows, whatever nonsense a file may hold.
                if unsafe sums[place] == 0, count < Self.capacity { count += 1 }
                unsafe sums[place] += contribution
            }
        } else {
            let read = unsafe ck_postings_find(
                list.rows + list.position, list.counts + list.position, list.count - list.position, first,
                UInt32(block.count), list.contributions, sums, rows.places, &count)
            list.advance(by: read)
        }
    }

    /// Takes the rows found out of the block, with what their lengths bring, and keeps those whose score can be at least so
    /// much with the words from `word` on.
    @inline(__always)
    func take<Scorer>(least: Float, word: Int, of block: Range<Int>, _ plan: PostingsPlan<Scorer>) {
        var unknown = 0
        count = unsafe ck_postings_take(
            sums, plan.lengths.bytes(of: block), plan.lengthScores, plan.restByLength(word), least, rows, count, more,
            &unknown)
        for index in 0..<unknown {
            let row = unsafe Int(more[index])
            let place = unsafe Int(rows.places[row] & Self.place)
            unsafe rows.others[row] = plan.scorer.rowScore(
                of: plan.query, length: plan.lengths[block.lowerBound + place])
        }
    }

    /// Lets words add to the rows taken.
    @inline(__always)
    func open() {
        unsafe ck_postings_open(slots, rows.places, count)
    }

    /// Ends what ``open()`` began.
    @inline(__always)
    func close() {
        unsafe ck_postings_close(slots, rows.places, count)
    }

    /// Adds a word to the rows taken, between ``open()`` and ``close()``.
    @inline(__always)
    func add<Scorer>(_ list: inout PostingList<Scorer>, of block: Range<Int>, _ plan: PostingsPlan<Scorer>) {
        let first = UInt32(block.lowerBound)
        if Scorer.readsLengths {
            forEachPosting(of: &list, in: block, plan) { place, contribution in
                let slot = unsafe Int(slots[place])
                if slot > 0 { unsafe rows.sums[slot - 1] += contribution }
            }
        } else {
            let read = unsafe ck_postings_add_to_slots(
                list.rows + list.position, list.counts + list.position, list.count - list.position, first,
                UInt32(block.count), slots, list.contributions, rows.sums)
            list.advance(by: read)
        }
    }

    /// Keeps the rows taken whose score can be at least so much with the words from `word` on.
    @inline(__always)
    func keep<Scorer>(least: Float, word: Int, _ plan: PostingsPlan<Scorer>) {
        count = unsafe ck_postings_keep(plan.restByLength(word), least, rows, count)
    }

    /// Looks the rows taken up in a word, and keeps those whose score can be at least so much with the words from `next` on.
    @inline(__always)
    func lookUp<Scorer>(
        in list: inout PostingList<Scorer>, least: Float, next: Int, of block: Range<Int>, _ plan: PostingsPlan<Scorer>
    ) {
        if let codes = unsafe list.codes, !Scorer.readsLengths {
            var unknown = 0
            count = unsafe ck_postings_add_frequent(
                codes + block.lowerBound / 32, list.contributions, list.bound, plan.restByLength(next), least, rows,
                count,
                more, &unknown)
            for index in 0..<unknown {
                let row = unsafe Int(more[index])
                let times = unsafe list.exactCount(in: UInt32(block.lowerBound) + rows.places[row] & Self.place)
                unsafe rows.sums[row] += list.contributions[Int(times)]
            }
        } else {
            for index in 0..<count {
                let row = unsafe block.lowerBound + Int(rows.places[index] & Self.place)
                let length = Scorer.readsLengths ? plan.lengths[row] : 0
                unsafe rows.sums[index] += list.contribution(
                    count: list.count(in: UInt32(row)), length: length, plan.scorer)
            }
            keep(least: least, word: next, plan)
        }
    }

    /// Calls `body` with each of the rows taken, and ends the block.
    @inline(__always)
    func end(_ body: (_ place: Int, _ sum: Float, _ lengthScore: Float) -> Void) {
        for index in 0..<count {
            unsafe body(Int(rows.places[index] & Self.place), rows.sums[index], rows.others[index])
        }
        count = 0
    }

    /// The postings of a word in a block, for a scorer that reads lengths.
    @inline(__always)
    private func forEachPosting<Scorer>(
        of list: inout PostingList<Scorer>, in block: Range<Int>, _ plan: PostingsPlan<Scorer>,
        _ body: (_ place: Int, _ contribution: Float) -> Void
    ) {
        var read = list.position
        while read < list.count {
            let row = unsafe Int(list.rows[read])
            guard block.contains(row) else { break }
            let contribution = unsafe plan.scorer.contribution(
                of: list.term, count: list.counts[read], length: plan.lengths[row])
            body(row - block.lowerBound, contribution)
            read += 1
        }
        list.advance(by: read - list.position)
    }
}
