package import Kernels

/// The shape of one affine layer: `outputs × (inputs + 1)` parameters, row-major, the bias in the last column.
package struct LayerShape: Sendable, Hashable, Codable {
    package let outputs: Int
    package let inputs: Int

    package init(outputs: Int, inputs: Int) {
        self.outputs = outputs
        self.inputs = inputs
    }

    package var parameterCount: Int { outputs * (inputs + 1) }
}

/// The gradients of a block of samples, as their factors: sample i's gradient in layer l is `delta_i ⊗ [inputs_i; 1]`.
///
/// A gradient of p numbers is never formed: a linear probe of C classes keeps C numbers a sample.
package struct GradientFactors: Sendable, Hashable {
    package struct Layer: Sendable, Hashable {
        /// The loss' derivative by the layer's output, `[samples × outputs]`.
        package var delta: Matrix
        /// What the layer read, `[samples × inputs]`; nothing when it read the embeddings, which lie elsewhere.
        package var inputs: Matrix?

        package init(delta: Matrix, inputs: Matrix? = nil) {
            self.delta = delta
            self.inputs = inputs
        }
    }

    /// In the order of the probe's ``Probe/layers``.
    package var layers: [Layer]

    package init(layers: [Layer]) {
        precondition(!layers.isEmpty && layers.allSatisfy { $0.delta.rows == layers[0].delta.rows })
        self.layers = layers
    }

    /// The number of samples.
    package var count: Int { layers[0].delta.rows }

    /// The factors of some of the samples.
    package func extracting(_ rows: Range<Int>) -> GradientFactors {
        GradientFactors(layers: layers.map { Layer(delta: $0.delta.rows(rows), inputs: $0.inputs?.rows(rows)) })
    }

    /// The factors of several blocks, one after another.
    package static func concatenating(_ blocks: [GradientFactors]) -> GradientFactors {
        GradientFactors(
            layers: blocks[0].layers.indices.map { layer in
                Layer(
                    delta: Matrix.concatenating(blocks.map { $0.layers[layer].delta }),
                    inputs: blocks[0].layers[layer].inputs.map { _ in
                        Matrix.concatenating(blocks.map { $0.layers[layer].inputs! })
                    })
            })
    }

    /// The gradients in full, `[samples × p]`: for tests and for exact solves of small probes.
    ///
    /// - Parameter embeddings: row-major `[samples × d]`.
    package func materialized(embeddings: Matrix) -> Matrix {
        let shapes = layers.map {
            LayerShape(outputs: $0.delta.columns, inputs: ($0.inputs ?? embeddings).columns)
        }
        var result = Matrix(rows: count, columns: shapes.map(\.parameterCount).reduce(0, +))
        var offset = 0
        for (layer, shape) in zip(layers, shapes) {
            let inputs = layer.inputs ?? embeddings
            for row in 0..<count {
                for output in 0..<shape.outputs {
                    let start = row * result.columns + offset + output * (shape.inputs + 1)
                    let delta = layer.delta[row, output]
                    for input in 0..<shape.inputs { result.elements[start + input] = delta * inputs[row, input] }
                    result.elements[start + shape.inputs] = delta
                }
            }
            offset += shape.parameterCount
        }
        return result
    }
}

extension Matrix {
    /// A copy of some rows.
    package func rows(_ rows: Range<Int>) -> Matrix {
        Matrix(
            rows: rows.count, columns: columns,
            elements: Array(elements[rows.lowerBound * columns..<rows.upperBound * columns]))
    }

    /// Matrices of one width, one below another.
    package static func concatenating(_ parts: [Matrix]) -> Matrix {
        var elements: [Float] = []
        elements.reserveCapacity(parts.map(\.elements.count).reduce(0, +))
        for part in parts { elements.append(contentsOf: part.elements) }
        return Matrix(rows: parts.map(\.rows).reduce(0, +), columns: parts.first?.columns ?? 0, elements: elements)
    }
}
