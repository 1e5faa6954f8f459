private import Kernels

/// Limited-memory BFGS with a strong-Wolfe line search, in double precision.
///
/// Source: Nocedal & Wright, "Numerical Optimization", 2nd edition, algorithms 7.4, 7.5, 3.5 and 3.6.
package struct LBFGS: Sendable, Hashable {
    package enum Failure: Error, Hashable { case notFinite(iteration: Int) }

    package struct Result: Sendable {
        package let point: [Double]
        package let value: Double
        /// The greatest absolute component of the gradient.
        package let gradientNorm: Double
        package let iterations: Int
        package let evaluations: Int
        package let converged: Bool
    }

    /// How many pairs of differences are kept.
    package var memory = 10
    package var iterations = 200
    /// Converged when no component of the gradient is greater than this …
    package var gradientTolerance = 1e-5
    /// … or an iteration lowers the value by no more than this share of it.
    package var valueTolerance = 1e-7

    package init(iterations: Int = 200, gradientTolerance: Double = 1e-5, valueTolerance: Double = 1e-7) {
        self.iterations = iterations
        self.gradientTolerance = gradientTolerance
        self.valueTolerance = valueTolerance
    }

    /// - Parameter objective: value and gradient at a point.
    /// - Throws: `notFinite` when the value at the start or at an accepted point is not a finite number.
    package func minimize(
        from start: [Double], _ objective: ([Double]) -> (value: Double, gradient: [Double])
    ) throws(Failure) -> Result {
        var point = start
        var (value, gradient) = objective(point)
        var evaluations = 1
        var pairs: [Pair] = []
        var iteration = 0
        guard value.isFinite else { throw .notFinite(iteration: 0) }
        var converged = greatest(gradient) <= gradientTolerance
        while !converged, iteration < iterations {
            var direction = quasiNewtonDirection(gradient, pairs)
            if inner(direction, gradient) >= 0 {
                pairs = []
                direction = gradient.map(-)
            }
            let first = pairs.isEmpty ? min(1, 1 / inner(gradient, gradient).squareRoot()) : 1
            var search = LineSearch(point: point, direction: direction, value: value, slope: inner(direction, gradient))
            let found = search.run(first: first, objective)
            evaluations += search.evaluations
            iteration += 1
            guard let found else {
                // Rounding hides any further decrease along this direction: start afresh once, then stop.
                if pairs.isEmpty { break }
                pairs = []
                continue
            }
            guard found.value.isFinite else { throw .notFinite(iteration: iteration) }
            let step = zip(found.point, point).map { $0 - $1 }
            let change = zip(found.gradient, gradient).map { $0 - $1 }
            let curvature = inner(step, change)
            if curvature > 1e-10 * inner(change, change).squareRoot() * inner(step, step).squareRoot() {
                pairs.append(Pair(step: step, change: change, curvature: curvature))
                if pairs.count > memory { pairs.removeFirst() }
            }
            converged = value - found.value <= valueTolerance * abs(value)
            (point, value, gradient) = (found.point, found.value, found.gradient)
            converged = converged || greatest(gradient) <= gradientTolerance
        }
        return Result(
            point: point, value: value, gradientNorm: greatest(gradient), iterations: iteration,
            evaluations: evaluations,
            converged: converged)
    }

    private struct Pair {
        let step: [Double]
        let change: [Double]
        let curvature: Double
    }

    /// The two-loop recursion: −(approximate inverse Hessian) · gradient.
    private func quasiNewtonDirection(_ gradient: [Double], _ pairs: [Pair]) -> [Double] {
        var direction = gradient.map(-)
        guard let last = pairs.last else { return direction }
        var shares: [Double] = []
        for pair in pairs.reversed() {
            let share = inner(pair.step, direction) / pair.curvature
            add(-share, pair.change, to: &direction)
            shares.append(share)
        }
        let scale = last.curvature / inner(last.change, last.change)
        for i in direction.indices { direction[i] *= scale }
        for (pair, share) in zip(pairs, shares.reversed()) {
            add(share - inner(pair.change, direction) / pair.curvature, pair.step, to: &direction)
        }
        return direction
    }
}

func inner(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for i in a.indices { sum += a[i] * b[i] }
    return sum
}

private func add(_ factor: Double, _ a: [Double], to b: inout [Double]) {
    for i in a.indices { b[i] += factor * a[i] }
}

private func greatest(_ a: [Double]) -> Double { a.reduce(0) { max($0, abs($1)) } }
