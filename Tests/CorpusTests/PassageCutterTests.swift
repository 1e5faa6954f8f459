import Corpus
import Storage
import Testing

@Suite struct PassageCutterTests {
    @Test func passagesOverlap() {
        let cutter = PassageCutter(tokens: 4, stride: 2)
        #expect(cutter.passages(of: "one two three four") == ["one two three four"])
        #expect(cutter.passages(of: " one two three four five. ") == ["one two three four", "three four five."])
        #expect(cutter.passages(of: "a b c d e") == ["a b c d", "c d e"])
        #expect(cutter.passages(of: "") == [])
        #expect(cutter.passages(of: " \n\u{3000}") == [])
        #expect(PassageCutter(tokens: 2, stride: 2).passages(of: "a b c d") == ["a b", "c d"])
        #expect(PassageCutter(tokens: 2, stride: 2).passages(of: "a b c") == ["a b", "c"])
        #expect(PassageCutter.id(document: "d", passage: 3) == "d#3")
    }

    /// With one token a passage, passages are tokens.
    @Test func tokens() {
        let cutter = PassageCutter(tokens: 1, stride: 1)
        #expect(cutter.passages(of: "Don't pay $3.50!") == ["Don", "'", "t", "pay", "$", "3", ".", "50", "!"])
        #expect(cutter.passages(of: "naïve e\u{301}te\u{301} Ⅷ ½") == ["naïve", "e\u{301}te\u{301}", "Ⅷ", "½"])
        #expect(cutter.passages(of: "日本語。हिन्दी") == ["日本語", "。", "हिन्दी"])
        #expect(cutter.passages(of: "a😀👍🏽b\u{a0}c_d") == ["a", "😀", "👍", "🏽", "b", "c", "_", "d"])
    }

    /// On random texts: bounds between tokens, everything covered, no passage within the one before.
    @Test func invariants() {
        let pieces = ["a", "bc", " ", "  ", "\n", ".", "é", "日本", "😀", "-", "7"]
        var state: UInt64 = 7
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for _ in 0..<500 {
            let text = (0..<random(60)).map { _ in pieces[random(pieces.count)] }.joined()
            let bytes = Array(text.utf8)
            let tokens = PassageCutter(tokens: 1, stride: 1).ranges(in: bytes.rawBytes)
            let size = 1 + random(8)
            let stride = 1 + random(size)
            let ranges = PassageCutter(tokens: size, stride: stride).ranges(in: bytes.rawBytes)
            #expect(ranges.isEmpty == tokens.isEmpty)
            for (index, range) in ranges.enumerated() {
                #expect(range.lowerBound == tokens[index * stride].lowerBound)
                #expect(range.upperBound == tokens[min(index * stride + size, tokens.count) - 1].upperBound)
                #expect(String(validating: bytes[range], as: UTF8.self) != nil)
                if index > 0 { #expect(range.upperBound > ranges[index - 1].upperBound) }
            }
            for token in tokens {
                #expect(ranges.contains { $0.contains(token.lowerBound) && $0.upperBound >= token.upperBound })
            }
        }
    }
}
