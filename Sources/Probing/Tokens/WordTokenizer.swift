internal import Storage

/// Cuts a text into words: the tokens of the token probe.
///
/// A word is a maximal run of letters, numbers, marks (Unicode categories L, N, M) and `_`, lower-cased scalar by scalar;
/// there is no stemming and no normalisation. Of scripts that write no spaces between words (Han, Hiragana, Katakana, Thai,
/// Lao, Khmer, Myanmar) each scalar is a word of its own. Broken UTF-8 separates words.
///
/// A word is known by a 32-bit id: the lower half of a 64-bit hash of its lower-cased UTF-8 (FNV-1a, finished as
/// SplitMix64 does). Ids are the same in every run. Among V words a given one shares its id with another with a probability
/// of about V / 2³²: 0.02 % among a million words, and then both count as one.
package struct WordTokenizer: Sendable {
    private let ascii = WordCharacter.ofASCII
    private let basicPlane = WordCharacter.ofBasicPlane

    package init() {}

    /// Where a word lies in a text, in bytes, and its id.
    package struct Word: Hashable, Sendable {
        package let range: Range<Int>
        package let id: UInt32

        package init(range: Range<Int>, id: UInt32) {
            self.range = range
            self.id = id
        }
    }

    /// Appends the ids of a text's words, in the order of the text.
    ///
    /// - Parameter text: UTF-8.
    /// - Complexity: linear in the bytes; no allocation but that of `ids`.
    package func append(wordsOf text: Span<UInt8>, to ids: inout [UInt32]) {
        forEachWord(text) { _, _, id in ids.append(id) }
    }

    /// The words of a text and where they lie, for who marks them.
    ///
    /// - Parameter text: UTF-8.
    package func words(of text: Span<UInt8>) -> [Word] {
        var words: [Word] = []
        forEachWord(text) { start, end, id in words.append(Word(range: start..<end, id: id)) }
        return words
    }

    package func words(of text: String) -> [Word] { words(of: text.utf8Span.span) }

    @inline(__always)
    private func forEachWord(_ text: Span<UInt8>, _ body: (_ start: Int, _ end: Int, _ id: UInt32) -> Void) {
        let (ascii, basicPlane) = (ascii.span, basicPlane.span)
        var position = 0
        var start = 0
        var hash = WordHash()
        var isInside = false
        while position < text.count {
            let byte = text[position]
            if byte < 0x80 {
                let lower = ascii[Int(byte)]
                if lower != 0 {
                    if !isInside { (start, hash, isInside) = (position, WordHash(), true) }
                    hash.feed(lower)
                } else if isInside {
                    body(start, position, hash.id)
                    isInside = false
                }
                position += 1
                continue
            }
            let begin = position
            let scalar = readScalar(text, at: &position)
            let kind = scalar < 0x10000 ? basicPlane[Int(scalar)] : Self.kind(beyondBasicPlane: scalar)
            let continues = kind == WordCharacter.letter.rawValue || kind == WordCharacter.capital.rawValue
            if isInside, !continues {
                body(start, begin, hash.id)
                isInside = false
            }
            if kind == WordCharacter.separator.rawValue { continue }
            if !isInside { (start, hash) = (begin, WordHash()) }
            isInside = continues
            if kind == WordCharacter.capital.rawValue {
                Self.feedLowerCase(scalar, to: &hash)
            } else {
                for index in begin..<position { hash.feed(text[index]) }
            }
            if !continues { body(begin, position, hash.id) }
        }
        if isInside { body(start, position, hash.id) }
    }

    @inline(never)
    private static func kind(beyondBasicPlane scalar: UInt32) -> UInt8 {
        Unicode.Scalar(scalar).map { WordCharacter($0).rawValue } ?? WordCharacter.separator.rawValue
    }

    @inline(never)
    private static func feedLowerCase(_ scalar: UInt32, to hash: inout WordHash) {
        guard let scalar = Unicode.Scalar(scalar) else { return }
        for byte in scalar.properties.lowercaseMapping.utf8 { hash.feed(byte) }
    }
}

/// The hash of a word, fed byte by byte.
///
/// Source: Fowler, Noll & Vo, FNV-1a of 64 bits; the end is SplitMix64's (Steele, Lea & Flood 2014), because the lower half
/// of FNV-1a alone is weak.
struct WordHash {
    private var state: UInt64 = 0xcbf2_9ce4_8422_2325

    @inline(__always)
    mutating func feed(_ byte: UInt8) { state = (state ^ UInt64(byte)) &* 0x100_0000_01b3 }

    @inline(__always)
    var id: UInt32 {
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return UInt32(truncatingIfNeeded: word ^ word >> 31)
    }
}
