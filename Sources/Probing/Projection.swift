package import Kernels

/// Random signs that are a function of a seed and a position, so that any entry of a projection can be made on its own.
package struct CounterSigns: Sendable, Hashable {
    package let seed: UInt64
    /// Tells matrices of one seed apart.
    package let stream: UInt64

    package init(seed: UInt64, stream: UInt64 = 0) {
        self.seed = seed
        self.stream = stream
    }

    /// Whether the entry in `row` and `column` is +1. The rows of a matrix are a prefix of those of a taller one.
    package func isPositive(row: Int, column: Int) -> Bool {
        word(rowBlock: row / 64, column: column) >> UInt64(row % 64) & 1 == 1
    }

    /// The signs of 64 rows in one column.
    private func word(rowBlock: Int, column: Int) -> UInt64 {
        var outer = SplitMix64(state: seed ^ (stream &* 0xd1b5_4a32_d192_ed03))
        var inner = SplitMix64(state: outer.next() ^ UInt64(rowBlock) &* 0x8cb9_2ba7_2f3d_8dd7)
        return SplitMix64.hash(inner.next() &+ UInt64(column))
    }

    /// The signs as numbers, ±`scale`, `[rows × columns]`.
    package func matrix(rows: Int, columns: Int, scale: Float) -> Matrix {
        var result = Matrix(rows: rows, columns: columns)
        for row in 0..<rows {
            for column in 0..<columns { result[row, column] = isPositive(row: row, column: column) ? scale : -scale }
        }
        return result
    }
}

extension SplitMix64 {
    /// One step from `state`: a bijective hash of a counter.
    fileprivate static func hash(_ state: UInt64) -> UInt64 {
        var generator = SplitMix64(state: state)
        return generator.next()
    }
}

/// A seeded linear map of a probe's gradients to m numbers, c = P·vec(g), with E‖c‖² = ‖g‖² over the seeds.
package protocol GradientProjection: Sendable {
    /// m.
    var outputs: Int { get }

    /// The projected gradients of a block of samples, `[factors.count × outputs]`. Each row depends on that sample alone.
    ///
    /// - Parameters:
    ///   - factors: the samples' gradients.
    ///   - embeddings: row-major `[factors.count × d]`, what the probe's first layer read.
    func project(_ factors: GradientFactors, embeddings: Span<Float>, workers: Int) -> Matrix
}

/// P of independent signs `±1/√m`, m × C·(d + 1), for a linear probe: entry (i, c·(d + 1) + j) belongs to δ_c·[e; 1]_j.
///
/// The product is exact: no entry is left out, and only the order of its additions is that of ``SignProjector``.
package struct LinearProjection: GradientProjection, Hashable {
    private let projector: SignProjector

    /// - Parameter outputs: m.
    package init(classes: Int, dimension: Int, outputs: Int, seed: UInt64) {
        let signs = CounterSigns(seed: seed)
        projector = SignProjector(
            classes: classes, dimension: dimension, outputs: outputs, scale: 1 / Float(outputs).squareRoot()
        ) { output, label, input in
            signs.isPositive(row: output, column: label * (dimension + 1) + input)
        }
    }

    package var outputs: Int { projector.outputs }

    package func project(_ factors: GradientFactors, embeddings: Span<Float>, workers: Int = 1) -> Matrix {
        precondition(
            factors.layers.count == 1 && factors.layers[0].inputs == nil, "these are not a linear probe's factors")
        let delta = factors.layers[0].delta
        return project(delta: delta.elements.span, embeddings: embeddings, workers: workers)
    }

    /// The same from δ in place, row-major `[samples × classes]`.
    package func project(delta: Span<Float>, embeddings: Span<Float>, workers: Int = 1) -> Matrix {
        let (classes, dimension) = (projector.classes, projector.dimension)
        let count = delta.count / classes
        precondition(delta.count == count * classes && embeddings.count == count * dimension)
        var result = Matrix(rows: count, columns: outputs)
        var span = result.elements.mutableSpan
        Parallel.fill(&span, width: outputs, count: count, blockSize: 1024, workers: workers) { rows, part in
            projector.project(
                x: embeddings.extracting(rows.lowerBound * dimension..<rows.upperBound * dimension),
                delta: delta.extracting(rows.lowerBound * classes..<rows.upperBound * classes), rows: rows.count,
                into: &part)
        }
        return result
    }
}

/// A Kronecker-factored projection for each layer, P_l = P_out ⊗ P_in, so that
/// `P_l·vec(δ ⊗ [a; 1]) = (P_out·δ) ⊗ (P_in·[a; 1])`; the layers' parts are concatenated.
///
/// Source: Choe et al., "What is your data worth to GPT?", 2024, arXiv 2405.13954 (LoGra).
package struct KroneckerProjection: GradientProjection, Hashable {
    private struct Layer: Hashable, Sendable {
        /// `[m_out × outputs]`, ±1/√m_out.
        let left: Matrix
        /// `[m_in × inputs]`, ±1/√m_in.
        let right: Matrix
        /// The bias' column of P_in, `[m_in]`.
        let bias: [Float]

        /// `P_in·[a; 1]` for `count` rows, `[count × m_in]`.
        func right(of rows: Span<Float>, _ count: Int) -> Matrix {
            var result = Matrix(rows: count, columns: right.rows)
            var span = result.elements.mutableSpan
            blockDots(
                rows, rows: count, right.elements.span, count: right.rows, dimension: right.columns, into: &span)
            for row in 0..<count {
                for output in bias.indices { result[row, output] += bias[output] }
            }
            return result
        }
    }

    private let layers: [Layer]

    /// - Parameters:
    ///   - layers: the probe's layers.
    ///   - sizes: for each layer m_out and m_in; a layer gives m_out·m_in numbers.
    package init(layers: [LayerShape], sizes: [(out: Int, in: Int)], seed: UInt64) {
        precondition(layers.count == sizes.count && sizes.allSatisfy { $0.out > 0 && $0.in > 0 })
        self.layers = zip(layers, sizes).enumerated().map { index, layer in
            let (shape, size) = layer
            let signs = CounterSigns(seed: seed, stream: UInt64(2 * index + 1))
            let all = CounterSigns(seed: seed, stream: UInt64(2 * index + 2)).matrix(
                rows: size.in, columns: shape.inputs + 1, scale: 1 / Float(size.in).squareRoot())
            return Layer(
                left: signs.matrix(rows: size.out, columns: shape.outputs, scale: 1 / Float(size.out).squareRoot()),
                right: Matrix(
                    rows: size.in, columns: shape.inputs,
                    elements: (0..<size.in).flatMap { all.row($0).prefix(shape.inputs) }),
                bias: (0..<size.in).map { all[$0, shape.inputs] })
        }
    }

    package var outputs: Int { layers.reduce(0) { $0 + $1.left.rows * $1.right.rows } }

    /// P in full, `[outputs × p]`: for tests.
    package var materialized: Matrix {
        let width = layers.reduce(0) { $0 + $1.left.columns * ($1.right.columns + 1) }
        var result = Matrix(rows: outputs, columns: width)
        var (row, offset) = (0, 0)
        for layer in layers {
            let inputs = layer.right.columns + 1
            for left in 0..<layer.left.rows {
                for right in 0..<layer.right.rows {
                    for output in 0..<layer.left.columns {
                        for input in 0..<inputs {
                            let entry = input < inputs - 1 ? layer.right[right, input] : layer.bias[right]
                            result[row, offset + output * inputs + input] = layer.left[left, output] * entry
                        }
                    }
                    row += 1
                }
            }
            offset += layer.left.columns * inputs
        }
        return result
    }

    package func project(_ factors: GradientFactors, embeddings: Span<Float>, workers: Int = 1) -> Matrix {
        precondition(factors.layers.count == layers.count, "these are another probe's factors")
        var result = Matrix(rows: factors.count, columns: outputs)
        var span = result.elements.mutableSpan
        let width = outputs
        Parallel.fill(&span, width: width, count: factors.count, blockSize: 512, workers: workers) { rows, part in
            var offset = 0
            for (layer, factor) in zip(layers, factors.layers) {
                let delta = factor.delta.rows(rows).blockProduct(withRowsOf: layer.left)
                let range = rows.lowerBound * layer.right.columns..<rows.upperBound * layer.right.columns
                let right =
                    if let inputs = factor.inputs {
                        layer.right(of: inputs.elements.span.extracting(range), rows.count)
                    } else { layer.right(of: embeddings.extracting(range), rows.count) }
                for row in 0..<rows.count {
                    for i in 0..<layer.left.rows {
                        for j in 0..<layer.right.rows {
                            part[row * width + offset + i * layer.right.rows + j] =
                                delta[row, i] * right[row, j]
                        }
                    }
                }
                offset += layer.left.rows * layer.right.rows
            }
        }
        return result
    }
}
