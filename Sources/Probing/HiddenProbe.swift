package import Kernels

/// A classifier with one hidden layer: `a = tanh(W₁·[e; 1])`, logits `W₂·[a; 1]`.
///
/// tanh, because it is smooth: L-BFGS' line search and the Gauss–Newton matrix ask for that.
package struct HiddenProbe: Probe, Hashable {
    package let dimension: Int
    package let classes: Int
    /// The width of the hidden layer.
    package let hidden: Int
    package var parameters: [Float]

    /// - Parameter parameters: W₁ `[hidden × (dimension + 1)]`, then W₂ `[classes × (hidden + 1)]`, row-major, biases last.
    package init(dimension: Int, classes: Int, hidden: Int, parameters: [Float]) {
        self.dimension = dimension
        self.classes = classes
        self.hidden = hidden
        self.parameters = parameters
        precondition(
            parameters.count == parameterCount, "a hidden probe of this shape has \(parameterCount) parameters")
    }

    /// Normal weights of variance 1 / inputs, zero biases.
    package init(dimension: Int, classes: Int, hidden: Int, seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var parameters: [Float] = []
        for layer in Self.layers(dimension: dimension, classes: classes, hidden: hidden) {
            let scale = 1 / Float(max(1, layer.inputs)).squareRoot()
            for _ in 0..<layer.outputs {
                for _ in 0..<layer.inputs { parameters.append(scale * generator.normal()) }
                parameters.append(0)
            }
        }
        self.init(dimension: dimension, classes: classes, hidden: hidden, parameters: parameters)
    }

    package var layers: [LayerShape] { Self.layers(dimension: dimension, classes: classes, hidden: hidden) }

    private static func layers(dimension: Int, classes: Int, hidden: Int) -> [LayerShape] {
        [LayerShape(outputs: hidden, inputs: dimension), LayerShape(outputs: classes, inputs: hidden)]
    }

    /// The hidden layer's activations, `[count × hidden]`.
    package func activations(_ rows: Span<Float>, count: Int) -> Matrix {
        var result = affine(rows, count: count, layers[0], parameters: parameters.span, offset: 0)
        var span = result.elements.mutableSpan
        hyperbolicTangent(&span)
        return result
    }

    /// W₂ without its biases, transposed: `[hidden × classes]`.
    package var outputWeightsTransposed: Matrix {
        var result = Matrix(rows: hidden, columns: classes)
        let start = layers[0].parameterCount
        for label in 0..<classes {
            for unit in 0..<hidden { result[unit, label] = parameters[start + label * (hidden + 1) + unit] }
        }
        return result
    }

    package func logits(_ rows: Span<Float>, count: Int) -> Matrix {
        logits(activations: activations(rows, count: count))
    }

    /// The logits of rows whose activations are known.
    package func logits(activations: Matrix) -> Matrix {
        affine(
            activations.elements.span, count: activations.rows, layers[1], parameters: parameters.span,
            offset: layers[0].parameterCount)
    }

    package func backward(
        _ rows: Span<Float>, labels: Span<UInt32>
    ) -> (factors: GradientFactors, loss: Double, correct: Int) {
        let activations = activations(rows, count: labels.count)
        var delta = logits(activations: activations)
        var span = delta.elements.mutableSpan
        let (loss, correct) = softmaxMinusOneHot(&span, labels: labels, count: classes)
        let hiddenDelta = backpropagated(delta, activations: activations)
        let layers = [
            GradientFactors.Layer(delta: hiddenDelta), GradientFactors.Layer(delta: delta, inputs: activations),
        ]
        return (GradientFactors(layers: layers), loss, correct)
    }

    /// `(δ·W₂) ⊙ (1 − a²)`: the derivative by the hidden layer's output before tanh, `[rows × hidden]`.
    package func backpropagated(_ delta: Matrix, activations: Matrix) -> Matrix {
        var result = delta.blockProduct(withRowsOf: outputWeightsTransposed)
        for i in result.elements.indices {
            let activation = activations.elements[i]
            result.elements[i] *= 1 - activation * activation
        }
        return result
    }
}

extension Matrix {
    /// `self · otherᵀ` by the block kernel, whose bits do not depend on threads.
    package func blockProduct(withRowsOf other: Matrix) -> Matrix {
        precondition(columns == other.columns)
        var result = Matrix(rows: rows, columns: other.rows)
        var span = result.elements.mutableSpan
        blockDots(elements.span, rows: rows, other.elements.span, count: other.rows, dimension: columns, into: &span)
        return result
    }
}
