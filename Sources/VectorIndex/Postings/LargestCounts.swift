internal import Synchronization

/// The largest count among each word's postings, found when it is first asked for.
final class LargestCounts: Sendable {
    /// One a word; 0 where it is not known yet.
    private let known: Mutex<[UInt8]>

    init(words: Int) { known = Mutex([UInt8](repeating: 0, count: words)) }

    /// - Parameters:
    ///   - word: its position among the words.
    ///   - counts: of its postings.
    func largest(of word: Int, _ counts: Span<UInt8>) -> UInt8 {
        let found = known.withLock { $0[word] }
        if found > 0 { return found }
        var largest: UInt8 = 1
        for index in counts.indices { largest = max(largest, counts[index]) }
        known.withLock { $0[word] = largest }
        return largest
    }
}
