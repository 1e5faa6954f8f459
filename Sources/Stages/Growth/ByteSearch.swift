/// Looks for any of many byte strings in a text, where no letter or digit stands before or behind it: one look into a table
/// for each byte.
package struct ByteSearch {
    /// Shorter strings occur by chance and are not looked for.
    package static let leastBytes = 8

    private let patterns: [[UInt8]]
    /// Positions of the patterns that begin with the same eight bytes.
    private var byStart: [UInt64: [Int]] = [:]
    /// Whether any pattern's start has this hash.
    private var isKnown = [Bool](repeating: false, count: 1 << 16)

    package init(_ strings: [String]) {
        patterns = strings.map { Array($0.utf8) }.filter { $0.count >= Self.leastBytes }
        for (position, pattern) in patterns.enumerated() {
            let start = pattern[..<Self.leastBytes].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            byStart[start, default: []].append(position)
            isKnown[Self.hash(start)] = true
        }
    }

    /// The first of the strings that the bytes hold; nil where they hold none.
    package func first(in text: RawSpan) -> String? {
        guard !patterns.isEmpty else { return nil }
        let bytes = Span<UInt8>(_bytes: text)
        var window: UInt64 = 0
        for end in bytes.indices {
            window = window << 8 | UInt64(bytes[end])
            guard end + 1 >= Self.leastBytes, isKnown[Self.hash(window)], let positions = byStart[window] else {
                continue
            }
            let start = end + 1 - Self.leastBytes
            for position in positions where matches(patterns[position], bytes, at: start) {
                return String(decoding: patterns[position], as: UTF8.self)
            }
        }
        return nil
    }

    private func matches(_ pattern: [UInt8], _ bytes: Span<UInt8>, at start: Int) -> Bool {
        guard start + pattern.count <= bytes.count else { return false }
        for offset in pattern.indices where bytes[start + offset] != pattern[offset] { return false }
        let end = start + pattern.count
        return !(start > 0 && Self.isWord(bytes[start - 1]))
            && !(end < bytes.count && Self.isWord(bytes[end]))
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }

    private static func hash(_ start: UInt64) -> Int { Int((start &* 0x9e37_79b9_7f4a_7c15) >> 48) }
}
