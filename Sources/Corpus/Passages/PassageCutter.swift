internal import Storage

/// Cuts long texts into passages that overlap, each of so many word tokens.
///
/// A token is a maximal run of letters, digits and marks (Unicode categories L, N, M), or one other character that is not
/// whitespace. A passage reaches from the beginning of its first token to the end of its last, so it never splits a
/// character, and every token lies in at least one passage. The last passage ends with the text and holds at least one
/// token that the one before it does not.
package struct PassageCutter: Hashable, Sendable {
    /// Tokens a passage.
    package let tokens: Int
    /// Tokens from the beginning of a passage to that of the next.
    package let stride: Int

    /// - Parameter stride: at most `tokens`, or tokens would be lost.
    package init(tokens: Int, stride: Int) {
        precondition(tokens > 0 && (1...tokens).contains(stride), "\(tokens) tokens, stride \(stride)")
        self.tokens = tokens
        self.stride = stride
    }

    /// The id of a passage: `DOCUMENT#NUMBER`, numbers from 0.
    package static func id(document: String, passage: Int) -> String { "\(document)#\(passage)" }

    /// The passages of a text, in order; none where it has no token.
    ///
    /// - Complexity: O(bytes)
    package func passages(of text: String) -> [String] {
        var result: [String] = []
        for range in ranges(in: text.utf8Span.span.rawBytes) {
            let bytes = text.utf8Span.span.rawBytes.extracting(range)
            result.append(unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) })
        }
        return result
    }

    /// Where the passages lie in a text.
    ///
    /// - Parameter bytes: valid UTF-8.
    package func ranges(in bytes: RawSpan) -> [Range<Int>] {
        let found = Self.tokenRanges(in: bytes)
        guard !found.isEmpty else { return [] }
        var passages: [Range<Int>] = []
        var first = 0
        while true {
            let end = min(first + tokens, found.count)
            passages.append(found[first].lowerBound..<found[end - 1].upperBound)
            if end == found.count { return passages }
            first += stride
        }
    }

    /// Where the tokens lie in a text.
    static func tokenRanges(in bytes: RawSpan) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var wordStart: Int?
        var position = 0
        while position < bytes.byteCount {
            let (scalar, length) = bytes.scalar(at: position)
            let kind = CharacterKind(scalar)
            if kind != .word, let start = wordStart {
                ranges.append(start..<position)
                wordStart = nil
            }
            switch kind {
            case .word: wordStart = wordStart ?? position
            case .other: ranges.append(position..<position + length)
            case .space: break
            }
            position += length
        }
        if let wordStart { ranges.append(wordStart..<position) }
        return ranges
    }
}

/// What a character is to tokens.
private enum CharacterKind {
    case word, space, other

    init(_ scalar: Unicode.Scalar) {
        switch scalar.value {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: self = .word
        case 0x09...0x0d, 0x20: self = .space
        case 0..<0x80: self = .other
        default:
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
                .letterNumber, .otherNumber, .nonspacingMark, .spacingMark, .enclosingMark:
                self = .word
            default: self = scalar.properties.isWhitespace ? .space : .other
            }
        }
    }
}

extension RawSpan {
    /// The scalar that begins at an offset, and its bytes. The bytes are valid UTF-8.
    fileprivate func scalar(at offset: Int) -> (Unicode.Scalar, length: Int) {
        let first = UInt32(integer(at: offset, as: UInt8.self))
        if first < 0x80 { return (Unicode.Scalar(UInt8(first)), 1) }
        func next(_ index: Int) -> UInt32 { UInt32(integer(at: offset + index, as: UInt8.self)) & 0x3f }
        let (value, length): (UInt32, Int) =
            if first < 0xe0 {
                ((first & 0x1f) << 6 | next(1), 2)
            } else if first < 0xf0 {
                ((first & 0x0f) << 12 | next(1) << 6 | next(2), 3)
            } else {
                ((first & 0x07) << 18 | next(1) << 12 | next(2) << 6 | next(3), 4)
            }
        guard let scalar = Unicode.Scalar(value) else { preconditionFailure("the bytes are not UTF-8") }
        return (scalar, length)
    }
}
