package import Kernels

/// The curvature of a probe's mean loss, as a product with vectors: H for a linear probe, its Gauss–Newton
/// approximation where layers are stacked. Symmetric and positive semidefinite; damping is added by who solves with it.
package protocol CurvatureOperator: Sendable {
    /// p.
    var parameterCount: Int { get }

    /// `H·v` for each row of `vectors`.
    ///
    /// - Parameters:
    ///   - vectors: `[count × p]`.
    ///   - workers: threads; the result does not depend on it.
    /// - Returns: `[count × p]`.
    func apply(_ vectors: Matrix, workers: Int) -> Matrix

    /// H in full, `[p × p]`.
    func materialized(workers: Int) -> Matrix
}

extension CurvatureOperator {
    /// H in full from its products with the unit vectors.
    package func materialized(workers: Int) -> Matrix {
        var result = Matrix(rows: parameterCount, columns: parameterCount)
        let step = 512
        for start in stride(from: 0, to: parameterCount, by: step) {
            let rows = start..<min(parameterCount, start + step)
            var unit = Matrix(rows: rows.count, columns: parameterCount)
            for row in rows { unit[row - start, row] = 1 }
            let product = apply(unit, workers: workers)
            result.elements.replaceSubrange(
                rows.lowerBound * parameterCount..<rows.upperBound * parameterCount, with: product.elements)
        }
        return result
    }
}

/// Takes the rows that are zero, those of texts without a known word and of samples that a purge has erased, out of a
/// curvature: it is linear in their probabilities. They still count as rows, so the curvature only becomes smaller, and the
/// scale that LiSSA was given stays large enough.
///
/// - Parameters:
///   - probabilities: `[rows × classes]`.
///   - rows: embeddings `[rows × d]`.
func withoutZeroRows(_ probabilities: [Float], _ rows: Matrix) -> [Float] {
    var kept = probabilities
    let classes = probabilities.count / rows.rows
    for row in 0..<rows.rows where rows.elements[rows.range(ofRow: row)].allSatisfy({ $0 == 0 }) {
        for place in row * classes..<(row + 1) * classes { kept[place] = 0 }
    }
    return kept
}

/// Turns the derivatives of logits into those of the softmax's curvature, in place: `w = p ⊙ u − p·⟨p, u⟩`.
///
/// - Parameters:
///   - u: `[classes]` at `offset`.
///   - probabilities: `[classes]` at `start`.
func applySoftmaxCurvature(
    _ u: inout [Float], at offset: Int, probabilities: [Float], at start: Int, classes: Int
) {
    var mean: Float = 0
    for label in 0..<classes { mean += probabilities[start + label] * u[offset + label] }
    for label in 0..<classes { u[offset + label] = probabilities[start + label] * (u[offset + label] - mean) }
}
