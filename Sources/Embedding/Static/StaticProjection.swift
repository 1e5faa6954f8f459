package import Kernels

/// The numeric part of a distillation: outputs of a transformer to the rows of a table.
package enum StaticProjection {
    /// Why a table cannot be made: the outputs span fewer directions than were asked for.
    package struct TooFewDirections: Error {
        package let found: Int
    }

    /// Removes the mean and the first principal components, brings the next ones to equal variance, and weighs each row
    /// by `w = a / (a + p)`.
    ///
    /// Mean and components are those of text, not of the vocabulary: a text's embedding is a sum of rows in which token i
    /// stands with probability p_i and weight w_i, so the mean is taken with weights p·w and the covariance with p·w².
    /// Then texts, not tokens, spread evenly in all directions, and what all texts share is gone.
    ///
    /// Sources: removal of the mean and the first components, Mu & Viswanath, "All-but-the-Top", ICLR 2018, algorithm 1;
    /// weights, Arora, Liang & Ma, "A Simple but Tough-to-Beat Baseline for Sentence Embeddings", ICLR 2017, algorithm 1.
    ///
    /// - Parameters:
    ///   - outputs: `[tokens × hidden]`.
    ///   - probabilities: one for each token.
    ///   - removed: how many first components go.
    ///   - smoothing: a.
    /// - Returns: `[tokens × dimension]`.
    /// - Complexity: 2·tokens·hidden² + 25·hidden³.
    package static func rows(
        _ outputs: Matrix, probabilities: [Double], dimension: Int, removed: Int, smoothing: Double
    ) throws(TooFewDirections) -> Matrix {
        let hidden = outputs.columns
        let weights = weights(probabilities, smoothing: smoothing)
        let centred = centred(outputs, zip(probabilities, weights).map { $0 * $1 })
        let spread = covariance(centred, zip(probabilities, weights).map { $0 * $1 * $1 })
        let (variances, directions) = BLAS.symmetricEigen(spread, n: hidden)
        let floor = variances[0] * 1e-6
        let found = variances.count { $0 > floor } - removed
        guard removed + dimension <= hidden, found >= dimension else { throw TooFewDirections(found: max(0, found)) }
        var basis: [Float] = []
        basis.reserveCapacity(dimension * hidden)
        for component in removed..<removed + dimension {
            let scale = 1 / variances[component].squareRoot()
            for index in 0..<hidden { basis.append(Float(directions[component * hidden + index] * scale)) }
        }
        var rows = centred.multipliedByTranspose(of: Matrix(rows: dimension, columns: hidden, elements: basis))
        for (row, weight) in weights.enumerated() {
            for index in rows.range(ofRow: row) { rows.elements[index] *= Float(weight) }
        }
        return rows
    }

    /// `a / (a + p)` for each token.
    static func weights(_ probabilities: [Double], smoothing: Double) -> [Double] {
        probabilities.map { smoothing / (smoothing + $0) }
    }

    /// The outputs less their mean by these weights.
    static func centred(_ outputs: Matrix, _ weights: [Double]) -> Matrix {
        var mean = [Double](repeating: 0, count: outputs.columns)
        for row in 0..<outputs.rows {
            for column in 0..<outputs.columns { mean[column] += weights[row] * Double(outputs[row, column]) }
        }
        let total = weights.reduce(0, +)
        var result = outputs
        for row in 0..<outputs.rows {
            for column in 0..<outputs.columns {
                result[row, column] = Float(Double(outputs[row, column]) - mean[column] / total)
            }
        }
        return result
    }

    /// `Σ w x xᵀ / Σ w`: products of blocks in single precision, added up in double.
    private static func covariance(_ centred: Matrix, _ weights: [Double]) -> [Double] {
        let hidden = centred.columns
        let total = weights.reduce(0, +)
        var result = [Double](repeating: 0, count: hidden * hidden)
        let block = 1024
        var product = [Float](repeating: 0, count: hidden * hidden)
        for start in stride(from: 0, to: centred.rows, by: block) {
            let end = min(centred.rows, start + block)
            var scaled = Array(centred.elements[start * hidden..<end * hidden])
            for row in start..<end {
                let scale = Float((weights[row] / total * Double(centred.rows)).squareRoot())
                for column in 0..<hidden { scaled[(row - start) * hidden + column] *= scale }
            }
            var target = product.mutableSpan
            BLAS.multiply(
                scaled.span, transposeA: true, scaled.span, into: &target, m: hidden, n: hidden, k: end - start)
            for index in result.indices { result[index] += Double(product[index]) / Double(centred.rows) }
        }
        return result
    }
}
