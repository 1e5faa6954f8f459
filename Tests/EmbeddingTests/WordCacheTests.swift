import Embedding
import Foundation
import Kernels
import Testing

/// Token ids are the tokenizer's own, whatever is remembered.
@Suite struct WordCacheTests {
    private func addedTokens(_ model: String) throws -> [String] {
        let object = try JSONSerialization.jsonObject(
            with: Data(try Fixtures.bytes("\(model)-tokenizer.json").map { $0 }))
        let tokens = (object as? [String: Any])?["added_tokens"] as? [[String: Any]]
        return try #require(tokens).compactMap { $0["content"] as? String }
    }

    private func compare(_ texts: [[UInt8]], _ tokenizer: WordPieceTokenizer, _ addedTokens: [String]) {
        var cache = WordCache(tokenizer, addedTokens: addedTokens)
        var scratch = WordPieceTokenizer.Scratch()
        var different: [String] = []
        for text in texts {
            var (found, expected): ([Int32], [Int32]) = ([], [])
            cache.append(text.span, limit: .max, to: &found)
            tokenizer.encode(text.span, addsSpecialTokens: false, into: &expected, using: &scratch)
            if found != expected { different.append(String(decoding: text, as: UTF8.self)) }
        }
        #expect(different == [])
    }

    /// Half of the golden texts: many scripts, marks, broken UTF-8, control characters, added tokens.
    @Test(arguments: ["minilm", "mpnet"])
    func goldenTexts(model: String) throws {
        let texts = try GoldenTexts()
        compare(
            stride(from: 0, to: GoldenTexts.count, by: 2).map { texts.text($0) }, try Fixtures.tokenizer(model),
            try addedTokens(model))
    }

    @Test(arguments: ["minilm", "mpnet"])
    func everyMixtureOfCharactersThatMatter(model: String) throws {
        let parts = [
            "a", "The", "fox", "7", " ", "\t", "\u{b}", "\u{1}", ",", "-", "[", "]", "<", ">", "[CLS]", "<mask>",
            "[SEP",
            "<unk>", "\u{226e}", "unk", "\u{301}", "é", "\u{85}", "\u{2000}", "北", "…", "x\u{0}", "[UNK]", "!",
        ]
        var generator = SeededGenerator(seed: 9)
        let texts = (0..<4000).map { _ in
            Array(
                (0..<1 + generator.integer(below: 9)).map { _ in parts[generator.integer(below: parts.count)] }
                    .joined().utf8)
        }
        compare(texts, try Fixtures.tokenizer(model), try addedTokens(model))
    }

    @Test func moreWordsThanItHolds() throws {
        let count = WordCache.capacity + 500
        let words = (0..<count).map { Array("w\($0)".utf8) } + (0..<1000).map { Array("w\($0)".utf8) }
        compare(words, try Fixtures.tokenizer("minilm"), [])
    }

    /// Tokens that reach over blanks, or begin with a letter, as no published tokenizer has them.
    @Test(arguments: [["big dog"], ["fox", "Q"], []])
    func unusualAddedTokens(added: [String]) throws {
        let folder = try TemporaryFolder(copyOf: Fixtures.path("tiny-bert"))
        var json = String(decoding: try folder.bytes("tokenizer.json"), as: UTF8.self)
        let entries = added.enumerated().map { index, content in
            """
            {"id": \(118 + index), "content": "\(content)", "single_word": false, "lstrip": false, "rstrip": false, \
            "normalized": \(index == 1), "special": false},
            """
        }
        json = json.replacing("\"added_tokens\": [", with: "\"added_tokens\": [\(entries.joined())", maxReplacements: 1)
        try folder.write("tokenizer.json", Array(json.utf8))
        let texts = ["a big dog xfoxy foxq Quick qa", "the fox,fox big  dog", "bigdog big doge"].map { Array($0.utf8) }
        compare(texts, try WordPieceTokenizer(folder: folder.path), added + ["[CLS]"])
    }

    @Test func theLimitIsReached() throws {
        let tokenizer = try Fixtures.tokenizer("minilm")
        var cache = WordCache(tokenizer, addedTokens: [])
        for limit in [0, 1, 3, 7] {
            var ids: [Int32] = []
            let text = Array("one two three four five six seven eight nine".utf8)
            cache.append(text.span, limit: limit, to: &ids)
            #expect(ids.count == limit)
            #expect(
                ids == Array(tokenizer.encode("one two three four five six seven", addsSpecialTokens: false)[..<limit]))
        }
    }
}
