package import Kernels

/// A small classifier of embeddings, trained on pseudo-labels; its gradients are what samples are compared by.
///
/// The loss of a sample is the cross entropy of its label, in nats. A probe is a value: layers and parameters, no more.
package protocol Probe: Sendable {
    /// d.
    var dimension: Int { get }
    /// C.
    var classes: Int { get }
    /// The affine layers, in the order of their parameters.
    var layers: [LayerShape] { get }
    /// `[p]`: layer after layer, each row-major `[outputs × (inputs + 1)]` with the bias in the last column.
    var parameters: [Float] { get set }

    /// The logits of a block, `[count × classes]`, on this thread.
    ///
    /// - Parameter rows: row-major `[count × dimension]`.
    func logits(_ rows: Span<Float>, count: Int) -> Matrix

    /// The gradient factors of a block, its summed loss, and how many rows the probe gives their label, on this thread.
    /// Each row's result depends on that row alone.
    ///
    /// - Parameters:
    ///   - rows: row-major `[labels.count × dimension]`.
    ///   - labels: each below `classes`.
    func backward(_ rows: Span<Float>, labels: Span<UInt32>) -> (factors: GradientFactors, loss: Double, correct: Int)
}

extension Probe {
    /// p.
    package var parameterCount: Int { layers.map(\.parameterCount).reduce(0, +) }

    /// The gradient factors of a block's samples. The result does not depend on `workers` or on the blocks.
    ///
    /// - Parameters:
    ///   - rows: row-major `[labels.count × dimension]`.
    ///   - labels: the pseudo-labels.
    /// - Throws: `dimensionMismatch`, `labelOutOfRange`, `noRows`.
    package func gradientFactors(
        _ rows: Span<Float>, labels: Span<UInt32>, workers: Int = 1
    ) throws(ProbingError) -> GradientFactors {
        try validate(rows, labels: labels)
        let dimension = dimension
        return GradientFactors.concatenating(
            Parallel.map(count: labels.count, blockSize: 1024, workers: workers) { range in
                let block = rows.extracting(range.lowerBound * dimension..<range.upperBound * dimension)
                return backward(block, labels: labels.extracting(range)).factors
            })
    }

    /// The mean loss of a block's samples and the share that the probe gives their label.
    package func loss(
        _ rows: Span<Float>, labels: Span<UInt32>, workers: Int = 1
    ) throws(ProbingError) -> (mean: Double, accuracy: Double) {
        try validate(rows, labels: labels)
        let dimension = dimension
        let parts = Parallel.map(count: labels.count, blockSize: 1024, workers: workers) { range in
            let block = rows.extracting(range.lowerBound * dimension..<range.upperBound * dimension)
            let result = backward(block, labels: labels.extracting(range))
            return (result.loss, result.correct)
        }
        let count = Double(labels.count)
        return (parts.reduce(0) { $0 + $1.0 } / count, Double(parts.reduce(0) { $0 + $1.1 }) / count)
    }

    /// - Throws: what is wrong with a block, if anything.
    package func validate(_ rows: Span<Float>, labels: Span<UInt32>) throws(ProbingError) {
        guard labels.count > 0 else { throw .noRows }
        guard rows.count % labels.count == 0 else {
            throw .labelCount(rows: rows.count / max(1, dimension), labels: labels.count)
        }
        guard rows.count == labels.count * dimension else {
            throw .dimensionMismatch(expected: dimension, found: rows.count / labels.count)
        }
        for row in labels.indices where labels[row] >= classes {
            throw .labelOutOfRange(row: row, label: labels[row], classes: classes)
        }
    }
}

/// `out = inputs · Wᵀ + b` for a block of rows and one layer, whose parameters start at `offset`.
func affine(
    _ inputs: Span<Float>, count: Int, _ shape: LayerShape, parameters: Span<Float>, offset: Int
) -> Matrix {
    var result = Matrix(rows: count, columns: shape.outputs)
    let stride = shape.inputs + 1
    let weights = parameters.extracting(offset..<offset + shape.parameterCount)
    var out = result.elements.mutableSpan
    blockDots(
        inputs, rows: count, weights, count: shape.outputs, strideB: stride, dimension: shape.inputs, into: &out)
    let bias = (0..<shape.outputs).map { weights[$0 * stride + shape.inputs] }
    for row in 0..<count {
        for output in 0..<shape.outputs { out[row * shape.outputs + output] += bias[output] }
    }
    return result
}
