package import Kernels

/// How embedding and signature make a fingerprint.
///
/// `raw` is `[e ; c]` as it is. `weighted` gives each block the length √weight, so that the inner product of two
/// fingerprints is the weighted sum of their blocks' cosines; a block of weight 0 is left out, and a block that is all
/// zeros stays so.
package struct FingerprintLayout: Codable, Hashable, Sendable {
    package enum Combination: String, CaseIterable, Codable, Sendable { case weighted, raw }

    package let combine: Combination
    package let embeddingWeight: Double
    package let signatureWeight: Double

    /// Whether the signature takes part at all.
    package var hasSignature: Bool { combine == .raw || signatureWeight > 0 }

    /// Whether nothing takes part.
    package var isEmpty: Bool { combine == .weighted && embeddingWeight == 0 && signatureWeight == 0 }

    /// The fingerprints `[rows × (d + m)]` of rows with embeddings `[rows × d]` and signatures `[rows × m]`.
    package func fingerprints(embeddings: Matrix, signatures: Matrix?) -> Matrix {
        guard let signatures, hasSignature else { return scaled(embeddings, to: embeddingWeight) }
        precondition(embeddings.rows == signatures.rows)
        let left = combine == .raw ? embeddings : scaled(embeddings, to: embeddingWeight)
        let right = combine == .raw ? signatures : scaled(signatures, to: signatureWeight)
        var result = Matrix(rows: left.rows, columns: left.columns + right.columns)
        for row in 0..<left.rows {
            let start = row * result.columns
            for column in 0..<left.columns { result.elements[start + column] = left[row, column] }
            for column in 0..<right.columns { result.elements[start + left.columns + column] = right[row, column] }
        }
        return result
    }

    /// Rows of length √weight.
    private func scaled(_ matrix: Matrix, to weight: Double) -> Matrix {
        if combine == .raw { return matrix }
        var result = matrix
        for row in 0..<matrix.rows {
            let range = matrix.range(ofRow: row)
            let norm = euclideanNorm(matrix.elements, range)
            guard norm > 0 else { continue }
            let factor = weight.squareRoot() / norm
            for index in range { result.elements[index] = Float(Double(result.elements[index]) * factor) }
        }
        return result
    }
}
