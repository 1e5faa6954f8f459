internal import Storage

/// Cuts a text into its sentences, by rules that know no language.
///
/// A sentence ends
/// - with its line;
/// - after `.`, `!`, `?` or `…`, however many there are, and the quotes and brackets that close behind them, where white
///   space follows or the text ends; but not after the dot of a single letter, which is an initial;
/// - after a mark that ends sentences in another script (Unicode's Sentence_Terminal, such as `。`, `？`, `؟` and `।`),
///   likewise, whatever follows;
/// - after ``mostWords`` words, so that logs and code without any mark have parts too.
///
/// What has fewer than ``fewestWords`` words, such as a heading, a list's number or the words up to an abbreviation's dot,
/// is joined with the sentence after it; at the end of the text with the one before. In a text of more than
/// ``mostSentences`` neighbours are joined in pairs until there are no more. A word is a run of letters, digits and marks; in
/// scripts written without spaces each character is one.
package struct SentenceSplitter: Sendable {
    package static let fewestWords = 4
    package static let mostWords = 64
    package static let mostSentences = 4096

    package init() {}

    /// The sentences of a text, in order; none where it is blank.
    ///
    /// - Complexity: O(bytes)
    package func sentences(of text: String) -> [String] {
        let bytes = text.utf8Span.span
        return ranges(in: bytes.rawBytes).map { range in
            unsafe bytes.extracting(range).withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
        }
    }

    /// Where the sentences of a text lie: apart from each other, rising, beginning and ending between characters and without
    /// the white space around them. All else of the text lies in one of them.
    ///
    /// - Parameter text: UTF-8; what is broken counts as a character that ends nothing.
    /// - Complexity: O(bytes)
    package func ranges(in text: RawSpan) -> [Range<Int>] {
        let bytes = Span<UInt8>(_bytes: text)
        var found = Sentences()
        var position = 0
        while position < bytes.count {
            let begin = position
            let scalar = readScalar(bytes, at: &position)
            found.take(SentenceCharacter(scalar), begin..<position, isLetter: SentenceCharacter.isLetter(scalar))
        }
        return found.finish()
    }
}

/// The sentences of a text so far, fed character by character.
private struct Sentences {
    /// What has been read behind a sentence's words.
    private enum Mark {
        case none
        /// It ends the sentence if white space follows.
        case beforeSpace
        /// It ends the sentence.
        case always
    }

    private var ranges: [Range<Int>] = []
    /// Words of the last of `ranges`.
    private var wordsBefore = 0
    /// From the first character of the sentence to the last one that is not white space.
    private var sentence: Range<Int>?
    private var words = 0
    private var isInWord = false
    /// Whether a mark such as an apostrophe follows the letters of a word, which may go on.
    private var isJoined = false
    /// Of the word that is being read, or was read last; a digit counts as two, so that 1 is a single letter.
    private var letters = 0
    private var mark = Mark.none

    mutating func take(_ kind: SentenceCharacter, _ range: Range<Int>, isLetter: Bool) {
        let goesOn = isInWord || isJoined
        isJoined = kind == .closing && isInWord
        switch kind {
        case .lineEnd: return end()
        case .space:
            isInWord = false
            if mark != .none { end() }
            return
        case .letter, .wholeWord:
            let isNew = kind == .wholeWord || !goesOn
            if mark == .always || isNew && words == SentenceSplitter.mostWords { end() }
            if isNew { (words, letters) = (words + 1, 0) }
            letters += isLetter ? 1 : 2
            (isInWord, mark) = (kind == .letter, .none)
        case .dot, .stop:
            let isInitial = kind == .dot && isInWord && letters == 1
            if mark == .none, !isInitial { mark = .beforeSpace }
            isInWord = false
        case .fullStop: (isInWord, mark) = (false, .always)
        case .closing: isInWord = false
        case .other:
            if mark == .always { end() }
            (isInWord, mark) = (false, .none)
        }
        sentence = (sentence?.lowerBound ?? range.lowerBound)..<range.upperBound
    }

    /// Ends the sentence, if there is any.
    private mutating func end() {
        if let sentence {
            if let last = ranges.last, wordsBefore < SentenceSplitter.fewestWords {
                ranges[ranges.count - 1] = last.lowerBound..<sentence.upperBound
                wordsBefore += words
            } else {
                ranges.append(sentence)
                wordsBefore = words
            }
        }
        (sentence, words, isInWord, mark) = (nil, 0, false, .none)
    }

    mutating func finish() -> [Range<Int>] {
        end()
        if ranges.count > 1, wordsBefore < SentenceSplitter.fewestWords {
            let last = ranges.removeLast()
            ranges[ranges.count - 1] = ranges[ranges.count - 1].lowerBound..<last.upperBound
        }
        while ranges.count > SentenceSplitter.mostSentences {
            ranges = stride(from: 0, to: ranges.count, by: 2).map { first in
                ranges[first].lowerBound..<ranges[min(first + 1, ranges.count - 1)].upperBound
            }
        }
        return ranges
    }
}

/// What a character is to sentences.
private enum SentenceCharacter {
    case letter
    /// A word by itself.
    case wholeWord
    case space, lineEnd
    case dot
    /// Ends a sentence before white space, and is no dot.
    case stop
    case fullStop
    case closing
    case other

    init(_ scalar: UInt32) {
        switch scalar {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: self = .letter
        case 0x0a...0x0d: self = .lineEnd
        case 0x09, 0x20: self = .space
        case 0x2e: self = .dot
        case 0x21, 0x3f, 0x2026: self = .stop
        case 0x22, 0x27, 0x29, 0x5d, 0x7d: self = .closing
        case 0..<0x80: self = .other
        // Thai, Lao; Myanmar; Khmer; Hiragana, Katakana; Han.
        case 0xe01...0xeff, 0x1000...0x1049, 0x1780...0x17d3, 0x3041...0x3096, 0x30a1...0x30fa, 0x3400...0x4dbf,
            0x4e00...0x9fff, 0xf900...0xfaff, 0x20000...0x3ffff:
            self = .wholeWord
        default: self = Unicode.Scalar(scalar).map(Self.init) ?? .other
        }
    }

    /// By its properties.
    private init(_ scalar: Unicode.Scalar) {
        let properties = scalar.properties
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
            .letterNumber, .otherNumber, .nonspacingMark, .spacingMark, .enclosingMark:
            self = .letter
        case .closePunctuation, .finalPunctuation: self = .closing
        case .lineSeparator, .paragraphSeparator: self = .lineEnd
        default:
            self = properties.isSentenceTerminal ? .fullStop : properties.isWhitespace ? .space : .other
        }
    }

    /// Whether it may be an initial: no digit.
    static func isLetter(_ scalar: UInt32) -> Bool { !(0x30...0x39).contains(scalar) }
}
