package import Kernels
package import Probing

/// The Gauss–Newton matrix of a one-hidden-layer probe's mean loss over some rows, `1/N Σ Jᵀ (diag p − ppᵀ) J` with J the
/// derivative of the logits by the parameters: positive semidefinite where the Hessian need not be.
///
/// Source: Schraudolph, "Fast curvature matrix-vector products for second-order gradient descent", 2002.
package struct HiddenProbeGaussNewton: CurvatureOperator {
    package let parameterCount: Int
    private let probe: HiddenProbe
    private let rows: Matrix
    private let activations: Matrix
    private let probabilities: [Float]

    /// - Parameter rows: embeddings `[N × d]`, at least one.
    package init(_ probe: HiddenProbe, rows: Matrix) {
        precondition(rows.columns == probe.dimension && rows.rows > 0)
        self.probe = probe
        self.rows = rows
        parameterCount = probe.parameterCount
        activations = probe.activations(rows.elements.span, count: rows.rows)
        var logits = probe.logits(activations: activations)
        var span = logits.elements.mutableSpan
        softmax(&span, count: probe.classes)
        probabilities = withoutZeroRows(logits.elements, rows)
    }

    /// - Complexity: 4·count·N·p operations.
    package func apply(_ vectors: Matrix, workers: Int) -> Matrix {
        precondition(vectors.columns == parameterCount)
        let parts = Parallel.map(count: vectors.rows, blockSize: 1, workers: workers) { range in
            product(vectors.row(range.lowerBound))
        }
        return Matrix(rows: vectors.rows, columns: parameterCount, elements: parts.flatMap(\.self))
    }

    private func product(_ vector: [Float]) -> [Float] {
        let (dimension, hidden, classes) = (probe.dimension, probe.hidden, probe.classes)
        let split = hidden * (dimension + 1)
        let output = Array(vector[split...])
        var result = [Float](repeating: 0, count: parameterCount)
        var outputPart = [Float](repeating: 0, count: parameterCount - split)
        let weights = probe.outputWeightsTransposed
        for start in stride(from: 0, to: rows.rows, by: 1024) {
            let block = start..<min(rows.rows, start + 1024)
            // Forward: how the hidden units and then the logits move along the vector.
            var moved = [Float](repeating: 0, count: block.count * hidden)
            multiplyStrided(
                rows.elements, from: start * dimension, strideA: dimension, vector, strideB: dimension + 1,
                transposeB: true, into: &moved, strideC: hidden, m: block.count, n: hidden, k: dimension)
            for row in 0..<block.count {
                for unit in 0..<hidden {
                    let activation = activations[start + row, unit]
                    moved[row * hidden + unit] += vector[unit * (dimension + 1) + dimension]
                    moved[row * hidden + unit] *= 1 - activation * activation
                }
            }
            var logits = [Float](repeating: 0, count: block.count * classes)
            multiplyStrided(
                moved, from: 0, strideA: hidden, weights.elements, strideB: classes, into: &logits, strideC: classes,
                m: block.count, n: classes, k: hidden)
            multiplyStrided(
                activations.elements, from: start * hidden, strideA: hidden, output, strideB: hidden + 1,
                transposeB: true, into: &logits, strideC: classes, m: block.count, n: classes, k: hidden, beta: 1)
            for row in 0..<block.count {
                for label in 0..<classes { logits[row * classes + label] += output[label * (hidden + 1) + hidden] }
                applySoftmaxCurvature(
                    &logits, at: row * classes, probabilities: probabilities, at: (start + row) * classes,
                    classes: classes)
            }
            addTransposed(logits, start: start, block: block, to: &result, &outputPart)
        }
        let scale = 1 / Float(rows.rows)
        for index in 0..<split { result[index] *= scale }
        for index in outputPart.indices { result[split + index] = outputPart[index] * scale }
        return result
    }

    /// Backward: Jᵀ times the block's `[rows × classes]`.
    private func addTransposed(
        _ delta: [Float], start: Int, block: Range<Int>, to hiddenPart: inout [Float], _ outputPart: inout [Float]
    ) {
        let (dimension, hidden, classes) = (probe.dimension, probe.hidden, probe.classes)
        multiplyStrided(
            delta, from: 0, strideA: classes, transposeA: true, activations.elements, fromB: start * hidden,
            strideB: hidden, into: &outputPart, strideC: hidden + 1, m: classes, n: hidden, k: block.count, beta: 1)
        let deltas = Matrix(rows: block.count, columns: classes, elements: delta)
        let back = probe.backpropagated(deltas, activations: activations.rows(block))
        multiplyStrided(
            back.elements, from: 0, strideA: hidden, transposeA: true, rows.elements, fromB: start * dimension,
            strideB: dimension, into: &hiddenPart, strideC: dimension + 1, m: hidden, n: dimension, k: block.count,
            beta: 1)
        for row in 0..<block.count {
            for label in 0..<classes { outputPart[label * (hidden + 1) + hidden] += delta[row * classes + label] }
            for unit in 0..<hidden { hiddenPart[unit * (dimension + 1) + dimension] += back[row, unit] }
        }
    }
}
