/// A word's bytes in two registers: up to fifteen of them, and how many there are.
struct WordKey {
    static let capacity = 15

    private(set) var low: UInt64 = 0
    private(set) var high: UInt64 = 0
    /// How many bytes the word has, also beyond ``capacity``.
    private(set) var count = 0

    init() {}

    @inline(__always)
    init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        for position in range { append(bytes[position]) }
    }

    /// Bytes beyond ``capacity`` are only counted.
    @inline(__always)
    mutating func append(_ byte: UInt8) {
        if count < 8 {
            low |= UInt64(byte) &<< UInt64(count &* 8)
        } else if count < Self.capacity {
            high |= UInt64(byte) &<< UInt64((count &- 8) &* 8)
        }
        count &+= 1
    }

    /// The second register with the count, by which a word of zero bytes differs from a shorter one.
    @inline(__always)
    var sealedHigh: UInt64 { high | UInt64(count) &<< 56 }
}

/// The ids of words met before, so that a frequent word is taken apart once.
///
/// A table with one place a word; a newcomer takes the place of whoever was there. What it answers is what the vocabulary
/// would, so results do not depend on what was met before. It holds words of at most ``WordKey/capacity`` bytes and
/// ``pieces`` ids, which are nearly all there are in text, and grows with use.
struct WordCache: Sendable {
    static let pieces = 4
    private static let smallest = 64
    private static let largest = 1 << 15

    private struct Entry {
        var low: UInt64 = 0
        /// With the count on top; 0 in an empty place.
        var high: UInt64 = 0
        /// −1 after the last one.
        var ids = SIMD4<Int32>(repeating: -1)
    }

    private var entries: [Entry] = []
    private var arrivals = 0

    /// Appends the ids of a word of 1 to ``WordKey/capacity`` bytes; `false`, with nothing appended, when it isn't known.
    @inline(__always)
    func append(_ key: WordKey, to ids: inout [Int32]) -> Bool {
        guard !entries.isEmpty else { return false }
        let entry = entries[slot(key.low, key.sealedHigh)]
        guard entry.low == key.low, entry.high == key.sealedHigh else { return false }
        ids.append(entry.ids[0])
        for index in 1..<Self.pieces {
            guard entry.ids[index] >= 0 else { break }
            ids.append(entry.ids[index])
        }
        return true
    }

    /// Keeps a word's ids, where they are no more than ``pieces``.
    mutating func insert(_ key: WordKey, _ ids: ArraySlice<Int32>) {
        guard !ids.isEmpty, ids.count <= Self.pieces else { return }
        if entries.count < Self.largest, arrivals * 2 >= entries.count { grow() }
        arrivals += 1
        var entry = Entry(low: key.low, high: key.sealedHigh)
        for (index, id) in ids.enumerated() { entry.ids[index] = id }
        entries[slot(key.low, key.sealedHigh)] = entry
    }

    private mutating func grow() {
        let old = entries
        entries = [Entry](repeating: Entry(), count: max(Self.smallest, old.count * 4))
        for entry in old where entry.high != 0 { entries[slot(entry.low, entry.high)] = entry }
    }

    @inline(__always)
    private func slot(_ low: UInt64, _ high: UInt64) -> Int {
        let mixed = (low ^ high &* 0xff51_afd7_ed55_8ccd) &* 0x9e37_79b9_7f4a_7c15
        return Int(truncatingIfNeeded: mixed &>> 40) & (entries.count &- 1)
    }
}
