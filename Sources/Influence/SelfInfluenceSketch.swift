package import Kernels
package import Probing

/// A sketch of K = (H + λI)⁻¹, LiSSA's polynomial at T, that gives any sample's self-influence `gᵀKg` at the price of a
/// few products: A = S·√K, `[r × p]`, with S of independent normal entries of variance 1/r, so that `‖A·g‖²` has the mean
/// gᵀKg over the seeds, and the relative standard error √(2/r) (18 % at r = 64, 9 % of the square root). With r ≥ p, S is
/// the identity and nothing is left to chance.
///
/// Influence divided by the square root of the sample's self-influence is the relative influence ℓ-RelatIF, which does
/// not favour samples of large gradients.
///
/// Source: Barshan, Brunet & Dziugaite, "RelatIF: identifying explanatory training samples via relative influence", 2020,
/// arXiv 2003.11630, equation 9; Johnson & Lindenstrauss, 1984, for the sketch.
package struct SelfInfluenceSketch: Sendable, Hashable {
    /// A, `[r × p]`.
    package let matrix: Matrix

    /// r where nothing else is said.
    package static let standardRows = 64

    /// - Parameter matrix: A, as another sketch has it.
    package init(matrix: Matrix) { self.matrix = matrix }

    /// - Parameters:
    ///   - root: √K.
    ///   - rows: r; no more than p are made.
    ///   - seed: of S.
    /// - Throws: `sketchNotFinite`.
    /// - Complexity: for each degree of the expansion one product of the curvature with r vectors.
    package init(
        _ root: SquareRootExpansion, _ curvature: some CurvatureOperator, rows: Int = standardRows, seed: UInt64,
        workers: Int
    ) throws(InfluenceError) {
        precondition(rows > 0)
        let count = curvature.parameterCount
        var start = Matrix(rows: min(rows, count), columns: count)
        if rows >= count {
            for index in 0..<count { start[index, index] = 1 }
        } else {
            var generator = SeededGenerator(seed: seed, stream: 0x5e1f)
            let deviation = 1 / Float(rows).squareRoot()
            for index in start.elements.indices { start.elements[index] = deviation * generator.normal() }
        }
        matrix = root.apply(start, curvature, workers: workers)
        guard matrix.elements.allSatisfy(\.isFinite) else { throw .sketchNotFinite }
    }

    /// `‖A·g‖²` of each sample, from its factors: A·(δ ⊗ [a; 1]) is the sum of δ_o·A_o·[a; 1] over the layer's outputs o.
    /// A sample's result depends on that sample alone.
    ///
    /// - Parameters:
    ///   - factors: the samples' gradients.
    ///   - embeddings: what the first layer read, row-major `[samples × d]`.
    /// - Complexity: 2·samples·r·p operations.
    package func selfInfluence(
        _ factors: GradientFactors, embeddings: Span<Float>, workers: Int = 1
    ) -> [Float] {
        var result = [Float](repeating: 0, count: factors.count)
        var span = result.mutableSpan
        Parallel.fill(&span, width: 1, count: factors.count, blockSize: 64, workers: workers) { rows, part in
            var image = [Float](repeating: 0, count: rows.count * matrix.rows)
            var offset = 0
            for layer in factors.layers {
                let width = layer.inputs?.columns ?? embeddings.count / factors.count
                let range = rows.lowerBound * width..<rows.upperBound * width
                if let inputs = layer.inputs {
                    add(inputs.elements.span.extracting(range), width, layer.delta, rows, offset: offset, to: &image)
                } else {
                    add(embeddings.extracting(range), width, layer.delta, rows, offset: offset, to: &image)
                }
                offset += layer.delta.columns * (width + 1)
            }
            precondition(offset == matrix.columns, "the gradients are not of the probe that the sketch was made for")
            let images = image.span
            for row in 0..<rows.count {
                let own = images.extracting(row * matrix.rows..<(row + 1) * matrix.rows)
                part[row] = dot(own, own)
            }
        }
        return result
    }

    /// Adds a layer's part of A·g of some samples to `image`, `[rows × r]`.
    private func add(
        _ inputs: Span<Float>, _ width: Int, _ delta: Matrix, _ rows: Range<Int>, offset: Int, to image: inout [Float]
    ) {
        let (count, stride) = (matrix.rows, matrix.columns)
        let elements = matrix.elements.span
        var products = [Float](repeating: 0, count: rows.count * count)
        for output in 0..<delta.columns {
            let start = offset + output * (width + 1)
            var span = products.mutableSpan
            blockDots(
                inputs, rows: rows.count, elements.extracting(start..<elements.count), count: count, strideB: stride,
                dimension: width, into: &span)
            let bias = (0..<count).map { elements[start + width + $0 * stride] }
            for row in 0..<rows.count {
                let factor = delta[rows.lowerBound + row, output]
                for index in 0..<count {
                    image[row * count + index] += factor * (span[row * count + index] + bias[index])
                }
            }
        }
    }
}
