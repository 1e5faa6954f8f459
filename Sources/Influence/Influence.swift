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
            let (width, outputs) = (inputs.columns, layer.delta.columns)
            let weights = solution.extracting(offset..<offset + outputs * (width + 1))
            var products = [Float](repeating: 0, count: factors.count * outputs)
            var span = products.mutableSpan
            blockDots(
                inputs.elements.span, rows: factors.count, weights, count: outputs, strideB: width + 1,
                dimension: width, into: &span)
            for sample in 0..<factors.count {
                for output in 0..<outputs {
                    let value = span[sample * outputs + output] + weights[output * (width + 1) + width]
                    result[sample] -= layer.delta[sample, output] * value
                }
            }
            offset += weights.count
        }
        precondition(offset == solution.count, "the solution is not of the probe that the gradients are of")
        return result
    }

    /// Relative influence, `I(x, y) / √(g_xᵀ (H + λI)⁻¹ g_x)`: it does not favour samples of large gradients as influence
    /// does. It has the sign of I, and is 0 for a sample whose self-influence is 0 or not a number.
    ///
    /// Source: Barshan, Brunet & Dziugaite, "RelatIF", 2020, arXiv 2003.11630, equation 9 (ℓ-RelatIF).
    ///
    /// - Parameters:
    ///   - influence: of some samples on one output.
    ///   - selfInfluence: of the samples, as ``SelfInfluenceSketch`` gives it.
    package static func relative(_ influence: [Float], selfInfluence: [Float]) -> [Float] {
        precondition(influence.count == selfInfluence.count)
        return zip(influence, selfInfluence).map { $1 > 0 && $1.isFinite ? $0 / $1.squareRoot() : 0 }
    }
}
