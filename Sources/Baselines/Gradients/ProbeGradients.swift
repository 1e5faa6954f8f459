internal import Kernels
internal import Probing

/// The derivatives by the logits, `[rows × classes]`, that gradients of a linear probe are made of: a gradient is
/// `derivative ⊗ [e; 1]`.
extension LinearProbe {
    /// Of the loss: δ = softmax(z) − onehot(ℓ).
    func lossDerivatives(_ rows: LabelledRows, workers: Int) throws(BaselineError) -> Matrix {
        try derivatives(rows, workers: workers) { logits, labels in
            var span = logits.elements.mutableSpan
            _ = softmaxMinusOneHot(&span, labels: labels.span, count: classes)
        }
    }

    /// Of the margin f = log(p_ℓ/(1 − p_ℓ)): 1 at ℓ, and −softmax over the other classes elsewhere, which is −δ/(1 − p_ℓ)
    /// without a division of two small numbers.
    func marginDerivatives(_ rows: LabelledRows, workers: Int) throws(BaselineError) -> Matrix {
        try derivatives(rows, workers: workers) { logits, labels in
            for (row, label) in labels.enumerated() {
                logits[row, Int(label)] = -.infinity
            }
            var span = logits.elements.mutableSpan
            softmax(&span, count: classes)
            for (row, label) in labels.enumerated() {
                for other in 0..<classes { logits[row, other] = -logits[row, other] }
                logits[row, Int(label)] = 1
            }
        }
    }

    /// `change` turns the logits of a block into what is wanted.
    private func derivatives(
        _ rows: LabelledRows, workers: Int,
        _ change: @Sendable (_ logits: inout Matrix, _ labels: [UInt32]) -> Void
    ) throws(BaselineError) -> Matrix {
        try rows.validate(dimension: dimension, classes: classes)
        let dimension = dimension
        let embeddings = rows.embeddings
        let labels = rows.labels
        let parts = Parallel.map(count: rows.count, blockSize: 1024, workers: workers) { block in
            let range = block.lowerBound * dimension..<block.upperBound * dimension
            var logits = logits(embeddings.elements.span.extracting(range), count: block.count)
            change(&logits, Array(labels[block]))
            return logits
        }
        return parts.isEmpty ? Matrix(rows: 0, columns: classes) : Matrix.concatenating(parts)
    }

    /// A linear probe trained from zero.
    static func trained(
        on rows: LabelledRows, classes: Int, _ training: ProbeTraining, workers: Int
    ) throws(BaselineError) -> LinearProbe {
        var probe = LinearProbe(dimension: rows.dimension, classes: classes)
        _ = try probing { () throws(ProbingError) in
            try probe.train(sample: rows.embeddings, labels: rows.labels, training, workers: workers)
        }
        return probe
    }
}

/// A linear probe's gradients of many rows, as their factors.
struct ProbeGradients: Sendable {
    /// `[rows × classes]`.
    let derivatives: Matrix
    /// `[rows × d]`.
    let embeddings: Matrix

    /// The gradients of some rows in full, `[rows.count × classes·(d + 1)]`.
    func materialized(_ rows: Range<Int>) -> Matrix {
        GradientFactors(layers: [.init(delta: derivatives.rows(rows))])
            .materialized(embeddings: embeddings.rows(rows))
    }

    /// The inner products of vectors with the gradients of some rows, added to `result` `[vectors.rows × rows.count]`:
    /// ⟨v, δ ⊗ [e; 1]⟩ = δᵀ V [e; 1], so that no gradient is formed.
    ///
    /// - Parameter vectors: `[count × classes·(d + 1)]`.
    /// - Complexity: 2·vectors.rows·rows.count·p operations.
    func addProducts(_ vectors: Matrix, rows: Range<Int>, to result: inout Matrix) {
        let (classes, dimension) = (derivatives.columns, embeddings.columns)
        precondition(vectors.columns == classes * (dimension + 1), "vectors of another probe")
        let width = vectors.rows * classes
        var products = [Float](repeating: 0, count: rows.count * width)
        var span = products.mutableSpan
        blockDots(
            embeddings.elements.span.extracting(rows.lowerBound * dimension..<rows.upperBound * dimension),
            rows: rows.count, vectors.elements.span, count: width, strideB: dimension + 1, dimension: dimension,
            into: &span)
        let weights = vectors.elements.span
        let deltas = derivatives.elements.span
        for row in 0..<rows.count {
            let delta = (rows.lowerBound + row) * classes
            for vector in 0..<vectors.rows {
                var sum: Float = 0
                for label in 0..<classes {
                    let index = vector * classes + label
                    let bias = weights[index * (dimension + 1) + dimension]
                    sum += deltas[delta + label] * (span[row * width + index] + bias)
                }
                result[vector, row] += sum
            }
        }
    }
}
