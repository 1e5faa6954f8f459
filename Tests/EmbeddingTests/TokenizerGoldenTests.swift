import Embedding
import Kernels
import Testing

/// Token ids identical to those of the Hugging Face `tokenizers` package, with the real models' vocabularies.
@Suite struct TokenizerGoldenTests {
    @Test(arguments: ["minilm", "mpnet"])
    func idsOfTwelveThousandTexts(model: String) throws {
        let tokenizer = try Fixtures.tokenizer(model)
        let golden = try Fixtures.words("tokens-\(model).bin")
        let texts = try GoldenTexts()
        #expect(golden.count == GoldenTexts.count)
        var scratch = WordPieceTokenizer.Scratch()
        var different: [Int] = []
        for index in 0..<GoldenTexts.count {
            var ids: [Int32] = []
            tokenizer.encode(texts.text(index).span, into: &ids, using: &scratch)
            if Fixtures.digest(ids) != golden[index] { different.append(index) }
        }
        #expect(different == [])
    }

    @Test func everyScalar() throws {
        let tokenizer = try Fixtures.tokenizer("minilm")
        let golden = try Fixtures.words("scalars-minilm.bin")
        var scratch = WordPieceTokenizer.Scratch()
        var different: [String] = []
        for (index, first) in stride(from: 0, to: 0x110000, by: 4096).enumerated() {
            var ids: [Int32] = []
            for page in stride(from: first, to: first + 4096, by: 256) {
                var text: [UInt8] = []
                for value in page..<page + 256 {
                    guard let scalar = Unicode.Scalar(UInt32(value)) else { continue }
                    text.append(UInt8(ascii: "x"))
                    text += UTF8.encode(scalar)!
                    text += [UInt8(ascii: "y"), 0x20]
                    text += UTF8.encode(scalar)!
                    text.append(0x20)
                }
                tokenizer.encode(text.span, into: &ids, using: &scratch)
            }
            if Fixtures.digest(ids) != golden[index] { different.append("from U+\(String(first, radix: 16))") }
        }
        #expect(different == [])
        #expect(golden.count == 272)
    }

    /// Truncation drops text tokens from the end and keeps the special tokens.
    @Test func truncation() throws {
        let tokenizer = try Fixtures.tokenizer("minilm")
        let texts = try GoldenTexts()
        var scratch = WordPieceTokenizer.Scratch()
        for index in 0..<500 {
            var whole: [Int32] = []
            tokenizer.encode(texts.text(index).span, into: &whole, using: &scratch)
            for maximum in [2, 3, 7, 32, 256] {
                var cut: [Int32] = []
                tokenizer.encode(texts.text(index).span, maximumCount: maximum, into: &cut, using: &scratch)
                #expect(cut == (whole.count <= maximum ? whole : whole.prefix(maximum - 1) + tokenizer.suffix))
            }
        }
    }

    @Test func withoutSpecialTokens() throws {
        let tokenizer = try Fixtures.tokenizer("mpnet")
        let whole = tokenizer.encode("Fingerprinting works.")
        #expect(tokenizer.prefix == [0] && tokenizer.suffix == [2])
        #expect(
            tokenizer.encode("Fingerprinting works.", addsSpecialTokens: false) == Array(whole.dropFirst().dropLast()))
        #expect(
            whole.dropFirst().dropLast().map { String(decoding: tokenizer.piece($0), as: UTF8.self) }
                == ["finger", "##print", "##ing", "works", "."])
    }
}
