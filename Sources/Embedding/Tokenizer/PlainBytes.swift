/// What the tokenizer does with each byte where text is plain: ASCII that no added token begins with.
///
/// A plain byte means the same whatever stands around it, so plain words need no normalised copy of the text. A word with
/// any other byte in it goes, up to the next blank, through the general steps; no step looks across a plain blank or back
/// over a plain punctuation mark.
struct PlainBytes: Sendable {
    static let other: UInt8 = 0
    static let blank: UInt8 = 1
    static let punctuationFlag: UInt8 = 0x80

    /// For each byte ``other``, ``blank``, or what it becomes, with ``punctuationFlag`` where it is a word of its own.
    let codes: [UInt8]

    /// - Parameters:
    ///   - tokens: added tokens that are looked for in the text as it is.
    ///   - normalizedTokens: those looked for in normalised text.
    init(_ characters: BertCharacters, tokens: AddedTokens, normalizedTokens: AddedTokens) {
        func isBlank(_ byte: UInt8) -> Bool {
            let normalized = characters.ascii[Int(byte)]
            return normalized != 0 && characters.roles[Int(normalized)] == BertCharacters.Role.blank.rawValue
        }
        // A token with a blank in it may reach over one, so then no byte is plain.
        let tokensReachOverBlanks = (0..<128).contains { byte in
            isBlank(byte) && (tokens.contain(byte) || normalizedTokens.contain(characters.ascii[Int(byte)]))
        }
        codes = (0...255).map { (byte: UInt8) in
            guard byte < 128, !tokensReachOverBlanks, !tokens.begin(with: byte) else { return Self.other }
            let normalized = characters.ascii[Int(byte)]
            if normalizedTokens.begin(with: normalized) { return Self.other }
            if isBlank(byte) { return Self.blank }
            guard normalized > Self.blank else { return Self.other }
            let isWord = characters.roles[Int(normalized)] == BertCharacters.Role.word.rawValue
            return isWord ? normalized : normalized | Self.punctuationFlag
        }
    }
}
