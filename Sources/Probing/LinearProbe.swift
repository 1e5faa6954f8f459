package import Kernels

/// Softmax regression: logits `W·[e; 1]` with W `[C × (d + 1)]`.
///
/// The gradient of a sample's loss is `δ ⊗ [e; 1]` with `δ = softmax(logits) − onehot(label)`.
package struct LinearProbe: Probe, Hashable {
    package let dimension: Int
    package let classes: Int
    package var parameters: [Float]

    /// - Parameter parameters: row-major `[classes × (dimension + 1)]`, the bias last; zeros unless given.
    package init(dimension: Int, classes: Int, parameters: [Float]? = nil) {
        let count = classes * (dimension + 1)
        precondition(
            parameters == nil || parameters!.count == count, "a linear probe of this shape has \(count) parameters")
        self.dimension = dimension
        self.classes = classes
        self.parameters = parameters ?? [Float](repeating: 0, count: count)
    }

    package var layers: [LayerShape] { [LayerShape(outputs: classes, inputs: dimension)] }

    package func logits(_ rows: Span<Float>, count: Int) -> Matrix {
        affine(rows, count: count, layers[0], parameters: parameters.span, offset: 0)
    }

    package func backward(
        _ rows: Span<Float>, labels: Span<UInt32>
    ) -> (factors: GradientFactors, loss: Double, correct: Int) {
        var delta = logits(rows, count: labels.count)
        var span = delta.elements.mutableSpan
        let (loss, correct) = softmaxMinusOneHot(&span, labels: labels, count: classes)
        return (GradientFactors(layers: [.init(delta: delta)]), loss, correct)
    }
}
