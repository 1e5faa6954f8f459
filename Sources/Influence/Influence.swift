package import Kernels
package import Probing

/// `I(x, y) = −∇L(y)ᵀ (H + λI)⁻¹ ∇L(x)`: how the loss on the output y would change, to first order, if the sample x
/// weighed more in the probe's training. The more negative, the more x lowers the loss on y; proponents come first.
///
/// Source: Koh & Liang, "Understanding black-box predictions via influence functions", 2017, arXiv 1703.04730, equation 2.
package enum Influence {
    /// The influence of some samples on one output.
    ///
    /// The inner product of s with a gradient δ ⊗ [a; 1] is δᵀ S [a; 1], so no gradient is formed.
    ///
    /// - Parameters:
    ///   - solution: s = (H + λI)⁻¹ ∇L(y), `[p]`.
    ///   - factors: the samples' gradients.
    ///   - embeddings: what the first layer read, `[samples × d]`.
    /// - Returns: one number a sample.
    /// - Complexity: 2·samples·p operations.
    package static func of(solution: Span<Float>, factors: GradientFactors, embeddings: Matrix) -> [Float] {
        var result = [Float](repeating: 0, count: factors.count)
        var offset = 0
        for layer in factors.layers {
            let inputs = layer.inputs ?? embeddings
            let stride = inputs.columns + 1
            for sample in 0..<factors.count {
                let input = inputs.elements.span.extracting(inputs.range(ofRow: sample))
                for output in 0..<layer.delta.columns {
                    let start = offset + output * stride
                    let weights = solution.extracting(start..<start + inputs.columns)
                    let value = dot(weights, input) + solution[start + inputs.columns]
                    result[sample] -= layer.delta[sample, output] * value
                }
            }
            offset += layer.delta.columns * stride
        }
        precondition(offset == solution.count, "the solution is not of the probe that the gradients are of")
        return result
    }
}
