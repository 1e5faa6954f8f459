/// A tokenizer that remembers the ids of words it has seen.
///
/// BERT's normalisation and splitting treat what blanks and ASCII punctuation keep apart independently, so a text's ids
/// are those of its parts, one after another, whatever is remembered. A part is
/// - a run of ASCII letters and digits, as it is written, or one ASCII punctuation mark;
/// - from the first word with another scalar on, or the first byte that may begin an added token such as "[SEP]", all up
///   to the next blank, because marks, added tokens and wide blanks may reach across punctuation.
///
/// One thread uses a cache at a time. It holds at most ``capacity`` parts and then begins anew.
package struct WordCache: Sendable {
    private let tokenizer: WordPieceTokenizer
    /// A ``Role`` for each byte.
    private let roles: [UInt8]
    private var slots: [Slot]
    /// The parts' bytes, and the ids of those that have other than one.
    private var keys: [UInt8] = []
    private var ids: [Int32] = []
    private var used = 0
    private var scratch = WordPieceTokenizer.Scratch()
    /// Whether a text has to be taken as one part: an added token holds a blank.
    private let isWhole: Bool

    package static let capacity = 1 << 16
    /// In bytes; longer parts are not remembered.
    private static let longestKey = 48

    private struct Slot: Sendable {
        /// The hash; 0 for a free slot.
        var hash: UInt64 = 0
        var key: UInt32 = 0
        var keyCount: UInt16 = 0
        var idCount: UInt16 = 0
        /// The id itself when there is one, else where they begin.
        var id: Int32 = 0
    }

    private enum Role {
        static let word: UInt8 = 0
        static let blank: UInt8 = 1
        static let punctuation: UInt8 = 2
        static let other: UInt8 = 3
    }

    /// - Parameter addedTokens: what the tokenizer looks for in a text before it splits it.
    package init(_ tokenizer: WordPieceTokenizer, addedTokens: [String]) {
        self.tokenizer = tokenizer
        slots = [Slot](repeating: Slot(), count: Self.capacity * 2)
        var roles = [UInt8](repeating: Role.word, count: 256)
        for byte in 0x80..<0x100 { roles[byte] = Role.other }
        for byte in [0x09, 0x0a, 0x0d, 0x20] { roles[byte] = Role.blank }
        for range in [0x21...0x2f, 0x3a...0x40, 0x5b...0x60, 0x7b...0x7e] {
            for byte in range { roles[byte] = Role.punctuation }
        }
        var isWhole = false
        for token in addedTokens {
            // Some are looked for after letters were made lower-case.
            for first in [token.lowercased().utf8.first, token.uppercased().utf8.first, token.utf8.first] {
                if let first { roles[Int(first)] = Role.other }
            }
            if token.contains(where: \.isWhitespace) { isWhole = true }
        }
        self.isWhole = isWhole
        self.roles = roles
    }

    /// Appends the ids of a text, without special tokens around it, until there are `limit` or more in all.
    package mutating func append(_ text: Span<UInt8>, limit: Int, to output: inout [Int32]) {
        if isWhole {
            tokenizer.encode(text, addsSpecialTokens: false, into: &output, using: &scratch)
            return
        }
        var position = 0
        while position < text.count, output.count < limit {
            let start = position
            var hash = Self.seed
            var role = Role.word
            while position < text.count {
                role = roles[Int(text[position])]
                if role != Role.word { break }
                hash = Self.extend(hash, text[position])
                position += 1
            }
            if role == Role.other {
                while position < text.count, roles[Int(text[position])] != Role.blank { position += 1 }
                hash = Self.seed
                for index in start..<position { hash = Self.extend(hash, text[index]) }
                appendPart(text, start..<position, hash, to: &output)
                continue
            }
            if position > start { appendPart(text, start..<position, hash, to: &output) }
            if role == Role.punctuation {
                appendPart(text, position..<position + 1, Self.extend(Self.seed, text[position]), to: &output)
            }
            if role != Role.word { position += 1 }
        }
    }

    private static let seed: UInt64 = 0xcbf2_9ce4_8422_2325

    @inline(__always)
    private static func extend(_ hash: UInt64, _ byte: UInt8) -> UInt64 {
        let mixed = (hash ^ UInt64(byte)) &* 0x9e37_79b9_7f4a_7c15
        return mixed ^ mixed >> 32
    }

    private mutating func appendPart(
        _ text: Span<UInt8>, _ range: Range<Int>, _ hash: UInt64, to output: inout [Int32]
    ) {
        guard range.count <= Self.longestKey else {
            tokenizer.encode(text.extracting(range), addsSpecialTokens: false, into: &output, using: &scratch)
            return
        }
        let hash = hash | 1
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: hash >> 1) & mask
        while slots[index].hash != 0 {
            let slot = slots[index]
            if slot.hash == hash, Int(slot.keyCount) == range.count, holds(slot, text, range.lowerBound) {
                if slot.idCount == 1 {
                    output.append(slot.id)
                } else {
                    output += ids[Int(slot.id)..<Int(slot.id) + Int(slot.idCount)]
                }
                return
            }
            index = (index + 1) & mask
        }
        let first = output.count
        tokenizer.encode(text.extracting(range), addsSpecialTokens: false, into: &output, using: &scratch)
        remember(text, range, hash, ids: output[first...], at: index)
    }

    private func holds(_ slot: Slot, _ text: Span<UInt8>, _ start: Int) -> Bool {
        for offset in 0..<Int(slot.keyCount) where keys[Int(slot.key) + offset] != text[start + offset] { return false }
        return true
    }

    private mutating func remember(
        _ text: Span<UInt8>, _ range: Range<Int>, _ hash: UInt64, ids new: ArraySlice<Int32>, at index: Int
    ) {
        guard used < Self.capacity else {
            for index in slots.indices { slots[index] = Slot() }
            keys.removeAll(keepingCapacity: true)
            ids.removeAll(keepingCapacity: true)
            used = 0
            return
        }
        slots[index] = Slot(
            hash: hash, key: UInt32(keys.count), keyCount: UInt16(range.count), idCount: UInt16(new.count),
            id: new.count == 1 ? new.first! : Int32(ids.count))
        if new.count != 1 { ids += new }
        for position in range { keys.append(text[position]) }
        used += 1
    }
}
