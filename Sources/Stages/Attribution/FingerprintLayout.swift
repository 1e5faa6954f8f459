package import Kernels

/// How embedding and signatures make a fingerprint.
///
/// `raw` is `[e ; c]` as it is. `weighted` is `[e ; c ; t]` with each block given the length √weight, so that the inner
/// product of two fingerprints is the weighted sum of their blocks' cosines; a signature of weight 0 is left out, and a
/// block that is all zeros stays so. The third block is the hashed gradient of the token probe.
package struct FingerprintLayout: Codable, Hashable, Sendable {
    package enum Combination: String, CaseIterable, Codable, Sendable { case weighted, raw }

    package let combine: Combination
    package let embeddingWeight: Double
    package let signatureWeight: Double
    /// Nothing without a third block, and then no fingerprint's identity has it either.
    package let tokens: TokenBlock?

    /// The token probe's part of a fingerprint.
    package struct TokenBlock: Codable, Hashable, Sendable {
        /// m of the token signature.
        package let dimension: Int
        /// Positive.
        package let weight: Double
        /// μ of the probe, in mean lengths of the corpus' texts.
        package let prior: Double
    }

    /// Whether the signature takes part at all.
    package var hasSignature: Bool { combine == .raw || signatureWeight > 0 }

    /// Whether nothing takes part.
    package var isEmpty: Bool { combine == .weighted && embeddingWeight == 0 && signatureWeight == 0 && tokens == nil }

    /// The fingerprints of rows, their blocks beside each other.
    ///
    /// - Parameters:
    ///   - embeddings: `[rows × d]`.
    ///   - signatures: of the gradients, `[rows × m]`; of no account where the layout has none.
    ///   - tokens: signatures of the token probe, `[rows × m']`; of no account where the layout has none.
    package func fingerprints(embeddings: Matrix, signatures: Matrix?, tokens: Matrix? = nil) -> Matrix {
        var blocks = [scaled(embeddings, to: embeddingWeight)]
        if let signatures, hasSignature { blocks.append(scaled(signatures, to: signatureWeight)) }
        if let tokens, let block = self.tokens { blocks.append(scaled(tokens, to: block.weight)) }
        guard blocks.count > 1 else { return blocks[0] }
        precondition(blocks.allSatisfy { $0.rows == embeddings.rows })
        var result = Matrix(rows: embeddings.rows, columns: blocks.reduce(0) { $0 + $1.columns })
        var first = 0
        for block in blocks {
            for row in 0..<block.rows {
                for column in 0..<block.columns { result[row, first + column] = block[row, column] }
            }
            first += block.columns
        }
        return result
    }

    /// Rows of length √weight.
    private func scaled(_ matrix: Matrix, to weight: Double) -> Matrix {
        if combine == .raw { return matrix }
        var result = matrix
        result.scaleRows(to: weight.squareRoot())
        return result
    }
}
