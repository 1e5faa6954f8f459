package import Kernels

/// P of independent normals of variance 1/m, m × C·(d + 1), for a linear probe, through one matrix product:
/// `c_i = Σ_c δ_c·⟨P_ic, [e; 1]⟩`. Exact: it equals P·vec(δ ⊗ [e; 1]) but for the order of additions.
package struct GaussianProjection: GradientProjection, Hashable {
    package let outputs: Int
    private let classes: Int
    private let dimension: Int
    /// Row `i·C + c` holds P_ic: `[outputs·classes × (dimension + 1)]`, the bias' column last.
    private let weights: Matrix

    /// - Parameter outputs: m.
    package init(classes: Int, dimension: Int, outputs: Int, seed: UInt64) {
        self.outputs = outputs
        self.classes = classes
        self.dimension = dimension
        var generator = SeededGenerator(seed: seed, stream: 0x5eed)
        let scale = 1 / Float(outputs).squareRoot()
        weights = Matrix(
            rows: outputs * classes, columns: dimension + 1,
            elements: (0..<outputs * classes * (dimension + 1)).map { _ in generator.normal() * scale })
    }

    package func project(_ factors: GradientFactors, embeddings: Span<Float>, workers: Int) -> Matrix {
        precondition(
            factors.layers.count == 1 && factors.layers[0].inputs == nil, "these are not a linear probe's factors")
        let delta = factors.layers[0].delta
        var result = Matrix(rows: delta.rows, columns: outputs)
        var span = result.elements.mutableSpan
        Parallel.fill(&span, width: outputs, count: delta.rows, blockSize: 256, workers: workers) { rows, part in
            let block = embeddings.extracting(rows.lowerBound * dimension..<rows.upperBound * dimension)
            var products = [Float](repeating: 0, count: rows.count * weights.rows)
            var productSpan = products.mutableSpan
            blockDots(
                block, rows: rows.count, weights.elements.span, count: weights.rows, strideB: dimension + 1,
                dimension: dimension, into: &productSpan)
            for row in 0..<rows.count {
                for output in 0..<outputs {
                    var sum: Float = 0
                    for label in 0..<classes {
                        let index = output * classes + label
                        let value = products[row * weights.rows + index] + weights[index, dimension]
                        sum += delta[rows.lowerBound + row, label] * value
                    }
                    part[row * outputs + output] = sum
                }
            }
        }
        return result
    }

    /// P in full, `[outputs × C·(d + 1)]`: for tests.
    package var materialized: Matrix {
        Matrix(rows: outputs, columns: classes * (dimension + 1), elements: weights.elements)
    }
}
