/// What a scalar is to words.
enum WordCharacter: UInt8 {
    /// Ends a word and is in none.
    case separator
    /// Part of a word as it is.
    case letter
    /// Part of a word, in its lower-case form.
    case capital
    /// A word of its own: scripts that write no spaces between words.
    case syllable

    /// Letters, numbers and marks (Unicode categories L, N, M) and `_` are in words.
    init(_ scalar: Unicode.Scalar) {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .titlecaseLetter, .letterNumber: self = .capital
        case .lowercaseLetter, .modifierLetter, .otherLetter, .decimalNumber, .otherNumber, .nonspacingMark,
            .spacingMark, .enclosingMark:
            self = .letter
        default: self = scalar == "_" ? .letter : .separator
        }
        if self != .separator, Self.isUnspaced(scalar.value) { self = .syllable }
    }

    /// Thai, Lao, Myanmar, Khmer, Hiragana, Katakana and Han, by blocks.
    private static func isUnspaced(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x0e00...0x0eff, 0x1000...0x109f, 0x1780...0x17ff, 0x2e80...0x2fdf, 0x3005...0x3007, 0x3021...0x3029,
            0x3038...0x303b, 0x3041...0x30ff, 0x31f0...0x31ff, 0x3400...0x4dbf, 0x4e00...0x9fff, 0xa9e0...0xa9ff,
            0xaa60...0xaa7f, 0xf900...0xfaff, 0xff66...0xff9f, 0x116d0...0x116e3, 0x1aff0...0x1b16f, 0x20000...0x3ffff:
            true
        default: false
        }
    }

    /// The kinds of the basic multilingual plane, one byte a scalar: looking properties up is slow.
    static let ofBasicPlane: [UInt8] = (0..<0x10000).map { value in
        Unicode.Scalar(UInt32(value)).map { WordCharacter($0).rawValue } ?? separator.rawValue
    }

    /// Lower-case forms of the ASCII characters that are in words; 0 for the others.
    static let ofASCII: [UInt8] = (0..<0x80).map { value in
        let scalar = Unicode.Scalar(UInt8(value))
        guard WordCharacter(scalar) != .separator else { return 0 }
        return scalar.properties.lowercaseMapping.utf8.first ?? 0
    }
}
