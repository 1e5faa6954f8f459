import Kernels
import Stages
import Testing

@Suite struct FingerprintLayoutTests {
    private func layout(_ assignments: String...) throws -> FingerprintLayout {
        let base = ["corpus.files=/c.jsonl", "embed.path=/model"]
        return try Workspace.configuration(base + assignments.map { "fingerprint.\($0)" }).1.project.layout
    }

    private func normal(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
        var generator = SeededGenerator(seed: seed)
        return Matrix(
            rows: rows, columns: columns, elements: (0..<rows * columns).map { _ in 3 * generator.normal() })
    }

    private func inner(_ a: [Float], _ b: [Float]) -> Double {
        zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }

    private func cosine(_ a: [Float], _ b: [Float]) -> Double {
        inner(a, b) / (inner(a, a) * inner(b, b)).squareRoot()
    }

    @Test func `weighted fingerprints have the weighted sum of cosines as inner product`() throws {
        let layout = try layout("embedding_weight=0.7", "signature_weight=0.3")
        let (embeddings, signatures) = (normal(9, 16, seed: 1), normal(9, 5, seed: 2))
        let result = layout.fingerprints(embeddings: embeddings, signatures: signatures)
        #expect(result.rows == 9 && result.columns == 21)
        for i in 0..<9 {
            for j in 0..<9 {
                let left = cosine(embeddings.row(i), embeddings.row(j))
                let right = cosine(signatures.row(i), signatures.row(j))
                #expect(abs(inner(result.row(i), result.row(j)) - (0.7 * left + 0.3 * right)) < 1e-5)
            }
        }
    }

    @Test func `a block of words adds its cosine`() throws {
        let layout = try layout("signature_weight=0.3", "token_weight=2", "token_dimension=7")
        let (embeddings, signatures, tokens) = (normal(8, 16, seed: 1), normal(8, 5, seed: 2), normal(8, 7, seed: 9))
        let result = layout.fingerprints(embeddings: embeddings, signatures: signatures, tokens: tokens)
        #expect(result.rows == 8 && result.columns == 28)
        for i in 0..<8 {
            for j in 0..<8 {
                let parts = [
                    cosine(embeddings.row(i), embeddings.row(j)), cosine(signatures.row(i), signatures.row(j)),
                    cosine(tokens.row(i), tokens.row(j)),
                ]
                let expected = parts[0] + 0.3 * parts[1] + 2 * parts[2]
                #expect(abs(inner(result.row(i), result.row(j)) - expected) < 1e-5)
            }
        }
        // Words alone, and none.
        let words = try self.layout("embedding_weight=0", "token_weight=1")
        #expect(!words.isEmpty && !words.hasSignature)
        #expect(words.tokens?.dimension == 256 && words.tokens?.prior == 3)
        #expect(try self.layout("token_dimension=7").tokens == nil)
        let plain = try self.layout().fingerprints(embeddings: embeddings, signatures: nil, tokens: tokens)
        #expect(plain.columns == 16)
    }

    @Test func `without a weight the signature is left out`() throws {
        let layout = try layout()
        #expect(!layout.hasSignature)
        let embeddings = normal(4, 16, seed: 3)
        let result = layout.fingerprints(embeddings: embeddings, signatures: normal(4, 5, seed: 4))
        #expect(result.columns == 16)
        #expect(result == layout.fingerprints(embeddings: embeddings, signatures: nil))
        for row in 0..<4 { #expect(abs(inner(result.row(row), result.row(row)) - 1) < 1e-5) }
    }

    @Test func `raw fingerprints are the two blocks as they are`() throws {
        // Weights are of no account there.
        let layout = try layout("combine=raw", "embedding_weight=9", "signature_weight=0")
        #expect(layout.hasSignature)
        let (embeddings, signatures) = (normal(6, 16, seed: 5), normal(6, 5, seed: 6))
        let result = layout.fingerprints(embeddings: embeddings, signatures: signatures)
        for row in 0..<6 { #expect(result.row(row) == embeddings.row(row) + signatures.row(row)) }
    }

    @Test func `blocks of zeros stay zeros`() throws {
        var (embeddings, signatures) = (normal(3, 16, seed: 7), normal(3, 5, seed: 8))
        for column in 0..<16 { embeddings[1, column] = 0 }
        for column in 0..<5 { signatures[2, column] = 0 }
        for combine in ["weighted", "raw"] {
            let layout = try layout("combine=\(combine)", "signature_weight=2")
            let result = layout.fingerprints(embeddings: embeddings, signatures: signatures)
            #expect(result.elements.allSatisfy { $0.isFinite })
            #expect(result.row(1).prefix(16).allSatisfy { $0 == 0 } && result.row(1).suffix(5).contains { $0 != 0 })
            #expect(result.row(2).suffix(5).allSatisfy { $0 == 0 } && result.row(2).prefix(16).contains { $0 != 0 })
        }
    }
}
