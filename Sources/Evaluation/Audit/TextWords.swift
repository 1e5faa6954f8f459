/// Where a text's words are.
///
/// A word is a longest run of letters, digits and marks (Unicode general categories L, N and M); words are compared
/// lower-cased and up to canonical equivalence.
struct TextWords {
    struct Word {
        let range: Range<String.Index>
        /// Lower-cased.
        let key: String
    }

    let words: [Word]
    /// Whether the text has more words than were read.
    let isCut: Bool

    /// - Parameter limit: words read; what follows is not compared.
    /// - Complexity: O(length).
    init(_ text: String, limit: Int) {
        let scalars = text.unicodeScalars
        var words: [Word] = []
        var start: String.Index?
        var isCut = false
        var index = scalars.startIndex
        while true {
            let isWord = index < scalars.endIndex && Self.isWordScalar(scalars[index])
            if isWord, start == nil {
                if words.count == limit {
                    isCut = true
                    break
                }
                start = index
            } else if !isWord, let first = start {
                words.append(Word(range: first..<index, key: String(scalars[first..<index]).lowercased()))
                start = nil
            }
            if index == scalars.endIndex { break }
            scalars.formIndex(after: &index)
        }
        (self.words, self.isCut) = (words, isCut)
    }

    private static func isWordScalar(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9": return true
        case _ where scalar.isASCII: return false
        default: break
        }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
            .letterNumber, .otherNumber, .nonspacingMark, .spacingMark, .enclosingMark:
            return true
        default: return false
        }
    }
}
