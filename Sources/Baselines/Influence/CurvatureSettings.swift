internal import Probing

/// How gradients are weighed by the curvature of the probe's loss before they are compared.
package struct CurvatureSettings: Sendable, Hashable, Codable {
    package enum Solver: Sendable, Hashable, Codable {
        /// No curvature: plain inner products of gradients.
        case identity
        /// T terms of the series for (H + λI)⁻¹.
        case lissa(iterations: Int, damping: Double)
        /// (H + λI)⁻¹ by Cholesky.
        case exact(damping: Double)
    }

    package var solver: Solver
    /// H is the mean over at most so many rows of the corpus, a seeded sample.
    package var rows: Int
    package var seed: UInt64
    /// The bytes that matrices of p × p numbers may take while they are made; LiSSA does without them beyond that, by
    /// products with the rows that define H, which take T times longer for each output.
    package var memory: Int

    /// - Parameter solver: unless given, with the probe's own l2 as λ, which makes H + λI the Hessian of what was
    ///   minimised, and as many terms as come near the exact solve then: with fewer, or a greater λ, influence foretells
    ///   retraining far worse.
    package init(
        _ solver: Solver = .lissa(iterations: 1000, damping: ProbeTraining().l2), rows: Int = 20_000, seed: UInt64 = 0,
        memory: Int = 4 << 30
    ) {
        self.solver = solver
        self.rows = rows
        self.seed = seed
        self.memory = memory
    }
}
