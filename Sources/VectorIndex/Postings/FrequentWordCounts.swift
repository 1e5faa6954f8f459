internal import CKernels
internal import Kernels
internal import Storage
internal import Synchronization

/// How often each row of an index has one frequent word, two bits a row: never, once, twice, or more often.
///
/// To look a row up costs a few instructions, and rows that lie near one another share a cache line: a word that every tenth
/// row has is added to the few rows that matter without reading its postings.
@safe final class FrequentWordCounts: @unchecked Sendable {
    // Unchecked because of the pointer: what it leads to is written before anyone else has it.
    private let memory: UnsafeMutablePointer<UInt64>
    private let rows: Int

    /// The code of a count that does not fit.
    static let more: UInt8 = 3

    /// - Parameters:
    ///   - rows: of the index.
    ///   - postings: rows that have the word, rising.
    ///   - counts: how often each has it.
    /// - Returns: nil where rows do not rise or are out of range.
    /// - Complexity: O(postings); takes rows / 4 bytes.
    init?(rows: Int, postings: Span<UInt32>, counts: Span<UInt8>) {
        precondition(postings.count == counts.count)
        self.rows = rows
        unsafe memory = LargePages.zeros(rows / 32 + 1)
        var next = 0
        for index in postings.indices {
            let row = Int(postings[index])
            guard row >= next, row < rows else { return nil }
            next = row + 1
            unsafe memory[row >> 5] |= UInt64(min(Self.more, counts[index])) << (2 * UInt64(row & 31))
        }
    }

    /// 32 rows in each, lowest bits first; valid as long as this.
    var codes: UnsafePointer<UInt64> { unsafe UnsafePointer(memory) }

    deinit { unsafe memory.deallocate() }

    /// Asks for what looking rows up will need, before it is needed.
    @inline(__always)
    func prefetch(_ rows: Range<Int>) {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= self.rows)
        unsafe ck_prefetch(memory + rows.lowerBound / 32, rows.count / 4)
    }

    /// How often a row has the word, at most ``more``.
    ///
    /// - Parameter row: of the index.
    @inline(__always)
    static func code(of row: Int, _ codes: UnsafePointer<UInt64>) -> UInt8 {
        unsafe UInt8(truncatingIfNeeded: codes[row >> 5] >> (2 * UInt64(row & 31))) & 3
    }
}

/// The counts of an index' frequent words, made when they are first asked for.
final class FrequentWordCache: Sendable {
    private let known: Mutex<[Int: FrequentWordCounts]> = Mutex([:])

    /// - Parameters:
    ///   - word: its position among the words.
    ///   - make: the counts; may be called by several threads at once, for the same.
    func counts(
        of word: Int, make: () throws(StorageError) -> FrequentWordCounts
    ) throws(StorageError) -> FrequentWordCounts {
        if let found = known.withLock({ $0[word] }) { return found }
        let made = try make()
        return known.withLock { known in
            if let other = known[word] { return other }
            known[word] = made
            return made
        }
    }
}
