/// The pieces that a word is made of: those that begin a word, and those that continue one ("##…").
///
/// Two open-addressing hash tables over the pieces' UTF-8 bytes; the longest piece at a place is found by hashing all
/// prefixes in one pass and looking them up from the longest down.
struct WordPieceVocabulary: Sendable {
    /// The pieces by id, as the tokenizer's file has them; empty where no piece has that id.
    let pieces: [[UInt8]]
    private let beginnings: Table
    private let continuations: Table

    /// - Parameters:
    ///   - pieces: each piece's bytes and id; of two equal pieces the later one counts.
    ///   - continuationPrefix: what marks a piece that continues a word, "##".
    init(_ pieces: [(bytes: [UInt8], id: Int32)], continuationPrefix: [UInt8]) {
        var list = [[UInt8]](repeating: [], count: (pieces.map { Int($0.id) }.max() ?? -1) + 1)
        for piece in pieces { list[Int(piece.id)] = piece.bytes }
        self.pieces = list
        beginnings = Table(pieces)
        continuations = Table(
            pieces.filter { $0.bytes.starts(with: continuationPrefix) }
                .map { (Array($0.bytes.dropFirst(continuationPrefix.count)), $0.id) })
    }

    func id(of piece: [UInt8]) -> Int32? {
        var hash = Table.seed
        for byte in piece { hash = Table.extend(hash, byte) }
        return beginnings.find(piece.span, 0, piece.count, hash)
    }

    /// Appends the ids of a word's pieces, longest match first.
    ///
    /// - Parameters:
    ///   - range: the word in `text`.
    ///   - hashes: scratch.
    /// - Returns: `false`, with nothing appended, when some part of the word is no piece.
    func append(_ text: Span<UInt8>, _ range: Range<Int>, to ids: inout [Int32], hashes: inout [UInt64]) -> Bool {
        let first = ids.count
        var start = range.lowerBound
        while start < range.upperBound {
            let isBeginning = start == range.lowerBound
            let longest = isBeginning ? beginnings.longest : continuations.longest
            let limit = min(range.upperBound, start + longest)
            hashes.removeAll(keepingCapacity: true)
            var hash = Table.seed
            for position in start..<limit {
                hash = Table.extend(hash, text[position])
                hashes.append(hash)
            }
            var end = limit
            var match: Int32?
            while end > start {
                // Only whole scalars: the byte after the piece does not continue one.
                if end == range.upperBound || text[end] & 0xc0 != 0x80 {
                    let hash = hashes[end - start - 1]
                    match =
                        isBeginning
                        ? beginnings.find(text, start, end, hash) : continuations.find(text, start, end, hash)
                    if match != nil { break }
                }
                end -= 1
            }
            guard let match else {
                ids.removeSubrange(first...)
                return false
            }
            ids.append(match)
            start = end
        }
        return true
    }

    /// Byte strings to ids.
    private struct Table: Sendable {
        /// In bytes.
        let longest: Int
        private var slots: [Slot]
        private var arena: [UInt8] = []
        private let mask: Int

        private struct Slot: Sendable {
            var tag: UInt32 = 0
            var id: Int32 = -1
            var start: Int32 = 0
            var count: Int32 = 0
        }

        static let seed: UInt64 = 0xcbf2_9ce4_8422_2325

        @inline(__always)
        static func extend(_ hash: UInt64, _ byte: UInt8) -> UInt64 { (hash ^ UInt64(byte)) &* 0x9e37_79b9_7f4a_7c15 }

        init(_ entries: [(bytes: [UInt8], id: Int32)]) {
            var size = 16
            while size < entries.count * 2 { size *= 2 }
            mask = size - 1
            slots = [Slot](repeating: Slot(), count: size)
            longest = entries.map(\.bytes.count).max() ?? 0
            for entry in entries {
                var hash = Self.seed
                for byte in entry.bytes { hash = Self.extend(hash, byte) }
                var index = Int(truncatingIfNeeded: hash >> 32) & mask
                while slots[index].id >= 0, !holds(slots[index], entry.bytes.span, 0, entry.bytes.count) {
                    index = (index + 1) & mask
                }
                slots[index] = Slot(
                    tag: UInt32(truncatingIfNeeded: hash >> 24), id: entry.id, start: Int32(arena.count),
                    count: Int32(entry.bytes.count))
                arena += entry.bytes
            }
        }

        @inline(__always)
        func find(_ text: Span<UInt8>, _ start: Int, _ end: Int, _ hash: UInt64) -> Int32? {
            let tag = UInt32(truncatingIfNeeded: hash >> 24)
            var index = Int(truncatingIfNeeded: hash >> 32) & mask
            while true {
                let slot = slots[index]
                guard slot.id >= 0 else { return nil }
                if slot.tag == tag, holds(slot, text, start, end) { return slot.id }
                index = (index + 1) & mask
            }
        }

        private func holds(_ slot: Slot, _ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
            guard Int(slot.count) == end - start else { return false }
            for offset in 0..<(end - start) where arena[Int(slot.start) + offset] != text[start + offset] {
                return false
            }
            return true
        }
    }
}
