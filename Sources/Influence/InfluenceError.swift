/// Why influence cannot be computed.
package enum InfluenceError: Error, Hashable, CustomStringConvertible {
    /// `I − (H + λI)/μ` has an eigenvalue outside (−1, 1): the series grows without bound.
    case divergent(scale: Double, largestEigenvalue: Double, damping: Double)
    /// A solution with a value that is not finite, for the output of this number.
    case notFinite(output: Int)
    /// H + λI is not positive definite: the damping is too small.
    case notPositiveDefinite(order: Int)
    /// K = (H + λI)⁻¹ has no finite square root: H and λ are 0, or H is not finite.
    case sketchNotFinite

    package var description: String {
        switch self {
        case .divergent(let scale, let largestEigenvalue, let damping):
            "LiSSA diverges: with scale μ = \(scale), the largest eigenvalue \(largestEigenvalue) and damping λ = \(damping), I − (H + λI)/μ has an eigenvalue beyond −1; leave influence.scale out, or set it above \((largestEigenvalue + damping) / 2)"
        case .notFinite(let output):
            "the influence of output number \(output) is not a finite number: its gradient, or the corpus' rows, are not"
        case .notPositiveDefinite(let order):
            "H + λI is not positive definite (leading minor \(order)); raise the damping λ"
        case .sketchNotFinite:
            "the self-influence of the samples is not a finite number: their embeddings are too large, or the probe's loss has no curvature and the damping λ (influence.damping) is 0"
        }
    }
}
