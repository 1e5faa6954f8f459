/// Tokens that are looked for in the text before it is split into words, such as "[SEP]" or "<mask>".
///
/// Matching is leftmost-longest, as in Hugging Face `tokenizers`. Their `lstrip` and `rstrip` options only take blanks
/// beside the token, which BERT's word splitting drops anyway, so they change no id and are not kept.
struct AddedTokens: Sendable {
    private let tokens: [(bytes: [UInt8], id: Int32)]
    private var beginsToken = [Bool](repeating: false, count: 256)

    init(_ tokens: [(bytes: [UInt8], id: Int32)]) {
        self.tokens = tokens.filter { !$0.bytes.isEmpty }.sorted { $0.bytes.count > $1.bytes.count }
        for token in self.tokens { beginsToken[Int(token.bytes[0])] = true }
    }

    var highestID: Int? { tokens.map { Int($0.id) }.max() }

    func begin(with byte: UInt8) -> Bool { beginsToken[Int(byte)] }
    func contain(_ byte: UInt8) -> Bool { tokens.contains { $0.bytes.contains(byte) } }

    enum Segment {
        case text(Range<Int>)
        case token(Int32)
    }

    /// The next part of the text from `position` on, which moves past it; `nil` at the text's end.
    func next(in text: Span<UInt8>, from position: inout Int) -> Segment? {
        guard position < text.count else { return nil }
        let start = position
        guard !tokens.isEmpty else {
            position = text.count
            return .text(start..<position)
        }
        while position < text.count {
            if beginsToken[Int(text[position])], let match = match(text, at: position) {
                if start < position { return .text(start..<position) }
                position += match.bytes.count
                return .token(match.id)
            }
            position += 1
        }
        return .text(start..<position)
    }

    private func match(_ text: Span<UInt8>, at position: Int) -> (bytes: [UInt8], id: Int32)? {
        for token in tokens where position + token.bytes.count <= text.count {
            var length = 0
            while length < token.bytes.count, text[position + length] == token.bytes[length] { length += 1 }
            if length == token.bytes.count { return token }
        }
        return nil
    }
}
