package import Kernels

/// The truncated Neumann series for (H + λI)⁻¹v: `s = Σ_{t<T} (I − (H + λI)/μ)^t v/μ`.
///
/// It converges to the exact solution as T grows when μ is greater than half of λ_max + λ. A small T is itself a
/// regularisation: directions of small curvature are damped to at most T/μ.
///
/// Source: Agarwal, Bullins & Hazan, "Second-order stochastic optimization for machine learning in linear time", 2017,
/// arXiv 1602.03943; Koh & Liang, 2017, arXiv 1703.04730, section 3. H is a fixed average here, not sampled anew.
package struct LiSSA: Sendable, Hashable, Codable {
    /// T.
    package let iterations: Int
    /// λ.
    package let damping: Double
    /// μ.
    package let scale: Double

    /// T at which it is as good as converged for the damping of a probe's own l2 (`docs/evaluation.md`).
    package static let manyIterations = 1000

    /// - Parameters:
    ///   - largestEigenvalue: of the curvature, as ``PowerIteration`` gives it.
    ///   - scale: μ; `nil` takes 1.1·(λ_max + λ).
    /// - Throws: `divergent`.
    package init(
        iterations: Int, damping: Double, largestEigenvalue: Double, scale: Double? = nil
    ) throws(InfluenceError) {
        precondition(iterations > 0 && damping >= 0)
        self.iterations = iterations
        self.damping = damping
        self.scale = scale ?? 1.1 * max(largestEigenvalue + damping, .leastNormalMagnitude)
        // The estimate of λ_max comes from below; no more than rounding is forgiven.
        guard self.scale * 2 > largestEigenvalue + damping else {
            throw .divergent(scale: self.scale, largestEigenvalue: largestEigenvalue, damping: damping)
        }
    }

    /// Solves for each row of `vectors`, `[count × p]`, with products of the curvature alone.
    ///
    /// - Throws: `notFinite`.
    /// - Complexity: T products, and one for the residual.
    package func solve(
        _ vectors: Matrix, _ curvature: some CurvatureOperator, workers: Int
    ) throws(InfluenceError) -> LiSSASolution {
        // s₀ = v/μ; s ← v/μ + s − (H + λI)s/μ.
        let start = vectors.scaled(by: Float(1 / scale))
        var solution = start
        for _ in 1..<max(1, iterations) {
            let product = curvature.apply(solution, workers: workers)
            for index in solution.elements.indices {
                let step = product.elements[index] + Float(damping) * solution.elements[index]
                solution.elements[index] += start.elements[index] - step / Float(scale)
            }
        }
        return try LiSSASolution(
            vectors: vectors, solution: solution, products: curvature.apply(solution, workers: workers),
            damping: damping)
    }
}

/// Solutions with how far some of them are from solving the system.
package struct LiSSASolution: Sendable {
    /// `[count × p]`.
    package let vectors: Matrix
    /// `‖v − (H + λI)s‖ / ‖v‖` of every `residualStride`-th row, from the first on; 0 for v = 0.
    package let residuals: [Double]
    package let residualStride: Int

    /// - Parameters:
    ///   - products: `H·s` of every `residualStride`-th solution.
    /// - Throws: `notFinite`.
    init(
        vectors: Matrix, solution: Matrix, products: Matrix, residualStride: Int = 1, damping: Double
    ) throws(InfluenceError) {
        var residuals: [Double] = []
        for (position, row) in stride(from: 0, to: vectors.rows, by: residualStride).enumerated() {
            var (error, norm) = (0.0, 0.0)
            for (index, place) in zip(vectors.range(ofRow: row), products.range(ofRow: position)) {
                let value = Double(vectors.elements[index])
                let image = Double(products.elements[place]) + damping * Double(solution.elements[index])
                error += (value - image) * (value - image)
                norm += value * value
            }
            let residual = norm > 0 ? (error / norm).squareRoot() : error
            guard residual.isFinite else { throw .notFinite(output: row) }
            residuals.append(residual)
        }
        for row in 0..<solution.rows where !solution.isFinite(row: row) { throw .notFinite(output: row) }
        self.vectors = solution
        self.residuals = residuals
        self.residualStride = residualStride
    }
}

extension Matrix {
    fileprivate func isFinite(row: Int) -> Bool {
        // A sum is finite only where all that it is made of are, or nearly the largest float.
        var sum: Float = 0
        for index in range(ofRow: row) { sum += abs(elements[index]) }
        return sum.isFinite
    }

    func scaled(by factor: Float) -> Matrix {
        var result = self
        for index in result.elements.indices { result.elements[index] *= factor }
        return result
    }
}
