import Embedding
import Foundation
import Kernels
import Testing

/// What makes the tokenizer fast changes no id.
@Suite struct WordCacheTests {
    /// The same tokenizer with an added token that has a blank in it, so that no byte is plain.
    private func withoutPlainBytes(_ model: String) throws -> WordPieceTokenizer {
        let folder = try TemporaryFolder(copyOf: Fixtures.path(model))
        try folder.edit(
            "tokenizer.json", "\"added_tokens\": [",
            "\"added_tokens\": [{\"id\": 5, \"content\": \"qx qx\", \"normalized\": false},")
        return try WordPieceTokenizer(folder: folder.path)
    }

    @Test(arguments: ["tiny-bert", "tiny-mpnet"])
    func plainBytesChangeNothing(model: String) throws {
        let (plain, general) = (
            try WordPieceTokenizer(folder: Fixtures.path(model)), try withoutPlainBytes(model)
        )
        #expect(general.encode("qx qx", addsSpecialTokens: false) == [5])
        #expect(plain.encode("qx qx", addsSpecialTokens: false) != [5])
        let texts = try GoldenTexts()
        var (first, second) = (WordPieceTokenizer.Scratch(), WordPieceTokenizer.Scratch())
        for index in 0..<3_000 {
            let text = texts.text(index)
            for maximum in [Int.max, 9] {
                var (ids, expected): ([Int32], [Int32]) = ([], [])
                plain.encode(text.span, maximumCount: maximum, into: &ids, using: &first)
                general.encode(text.span, maximumCount: maximum, into: &expected, using: &second)
                #expect(ids == expected, "text \(index)")
            }
        }
    }

    /// A scratch may go from one tokenizer to another, and back.
    @Test func scratchKnowsItsTokenizer() throws {
        let (bert, mpnet) = (try Fixtures.tokenizer("minilm"), try Fixtures.tokenizer("mpnet"))
        let text = "The same words, embedded by two tokenizers: the ids differ by four."
        var scratch = WordPieceTokenizer.Scratch()
        func ids(_ tokenizer: WordPieceTokenizer) -> [Int32] {
            var ids: [Int32] = []
            let bytes = Array(text.utf8)
            tokenizer.encode(bytes.span, addsSpecialTokens: false, into: &ids, using: &scratch)
            return ids
        }
        let first = ids(bert)
        #expect(ids(bert) == first)
        #expect(ids(mpnet) == first.map { $0 + 4 })
        #expect(ids(bert) == first && bert.encode(text, addsSpecialTokens: false) == first)
    }

    /// More words than the cache holds, of lengths on both sides of what it takes, met twice.
    @Test func manyWords() throws {
        let tokenizer = try Fixtures.tokenizer("minilm")
        var generator = SeededGenerator(seed: 3)
        let letters = Array("abcdefghijklmnopqrstuvwxyzABC019é".unicodeScalars.map(Character.init))
        let words = (0..<60_000).map { _ in
            String((0..<1 + generator.integer(below: 18)).map { _ in letters[generator.integer(below: letters.count)] })
        }
        var scratch = WordPieceTokenizer.Scratch()
        func encode(_ words: ArraySlice<String>, _ scratch: inout WordPieceTokenizer.Scratch) -> [Int32] {
            var ids: [Int32] = []
            let bytes = Array(words.joined(separator: " ").utf8)
            tokenizer.encode(bytes.span, addsSpecialTokens: false, into: &ids, using: &scratch)
            return ids
        }
        let once = encode(words[...], &scratch)
        #expect(encode(words[...], &scratch) == once)
        // With a new cache every hundred words, so that hardly any is met twice.
        var fresh: [Int32] = []
        for start in stride(from: 0, to: words.count, by: 100) {
            var scratch = WordPieceTokenizer.Scratch()
            fresh += encode(words[start..<start + 100], &scratch)
        }
        #expect(fresh == once)
    }
}
