package import Kernels

/// √K as a polynomial of the curvature, for K = k(H + λI), LiSSA's polynomial at T: a Chebyshev series of √k on an
/// interval that holds the spectrum of H + λI.
///
/// The interval is [λ, 1.1·(λ_max + λ)], because the power iteration approaches λ_max from below; where the scale μ is so
/// small that this comes near 2μ, from which on LiSSA diverges, it ends halfway between λ_max + λ and 2μ.
///
/// The degree is the smallest whose dropped coefficients, which bound the error, sum up to no more than `tolerance` times
/// the least value of √k. It grows about as √T: 6 for T = 10, 70 for T = 1,000 and 885 for T = 100,000 without
/// damping.
///
/// Source: Trefethen, "Approximation Theory and Approximation Practice", 2013, theorems 3.1 and 8.2 (with the error of
/// interpolation in Chebyshev points, theorem 4.2).
package struct SquareRootExpansion: Sendable, Hashable {
    package let lower: Double
    package let upper: Double
    /// λ.
    private let damping: Double
    /// Of T₀ … T_D, the first halved.
    private let coefficients: [Double]
    /// The largest relative error on a grid of the interval, found after the degree was chosen; infinite where √k is, for
    /// want of any curvature and damping.
    package let error: Double

    package var degree: Int { coefficients.count - 1 }

    /// - Parameter largestEigenvalue: of the curvature, as ``PowerIteration`` gives it.
    package init(_ lissa: LiSSA, largestEigenvalue: Double, tolerance: Double = 5e-4) {
        let largest = largestEigenvalue + lissa.damping
        let (lower, upper) = (lissa.damping, min(1.1 * largest, (largest + 2 * lissa.scale) / 2))
        func root(_ position: Double) -> Double {
            lissa.response(to: (upper + lower) / 2 + (upper - lower) / 2 * position).squareRoot()
        }
        let grid = (0...2000).map { root(cosine(Double($0) * .pi / 2000)) }
        guard grid.allSatisfy(\.isFinite) else {
            (self.lower, self.upper, damping, coefficients) = (lower, upper, lissa.damping, [.infinity])
            error = .infinity
            return
        }
        let least = grid.min()!
        var nodes = 32
        var all = Self.coefficients(of: root, nodes: nodes)
        // The coefficients of the upper half have to be negligible, so that those beyond are.
        while nodes < Self.nodeLimit, !(Self.sum(all[(nodes / 2)...]) <= 0.01 * tolerance * least) {
            nodes *= 2
            all = Self.coefficients(of: root, nodes: nodes)
        }
        var (count, dropped) = (all.count, 0.0)
        while count > 1, dropped + abs(all[count - 1]) <= tolerance * least {
            dropped += abs(all[count - 1])
            count -= 1
        }
        let kept = Array(all.prefix(count))
        error = grid.enumerated().reduce(0) { worst, point in
            max(worst, abs(Self.value(kept, at: cosine(Double(point.offset) * .pi / 2000)) / point.element - 1))
        }
        (self.lower, self.upper, damping, coefficients) = (lower, upper, lissa.damping, kept)
    }

    /// More nodes than any T up to 100,000 asks for.
    private static let nodeLimit = 4096

    private static func sum(_ values: ArraySlice<Double>) -> Double { values.reduce(0) { $0 + abs($1) } }

    /// The coefficients of the polynomial that interpolates `function` in `nodes` Chebyshev points.
    private static func coefficients(of function: (Double) -> Double, nodes: Int) -> [Double] {
        // cos(π·m / 2n) for all m that come up, modulo 4n.
        let table = (0..<4 * nodes).map { cosine(Double($0) * .pi / Double(2 * nodes)) }
        let values = (0..<nodes).map { function(table[2 * $0 + 1]) }
        return (0..<nodes).map { order in
            var sum = 0.0
            for node in 0..<nodes { sum += values[node] * table[order * (2 * node + 1) % (4 * nodes)] }
            return sum * (order == 0 ? 1 : 2) / Double(nodes)
        }
    }

    /// The series at a position of [−1, 1], by Clenshaw's recurrence.
    private static func value(_ coefficients: [Double], at position: Double) -> Double {
        var (one, two) = (0.0, 0.0)
        for coefficient in coefficients.dropFirst().reversed() {
            (one, two) = (coefficient + 2 * position * one - two, one)
        }
        return coefficients[0] + position * one - two
    }

    /// The series at an eigenvalue of H + λI.
    package func value(at eigenvalue: Double) -> Double {
        Self.value(coefficients, at: (2 * eigenvalue - upper - lower) / (upper - lower))
    }

    /// `√K·v` for each row of `vectors`, `[count × p]`.
    ///
    /// - Complexity: as many products with the curvature as the degree says.
    package func apply(_ vectors: Matrix, _ curvature: some CurvatureOperator, workers: Int) -> Matrix {
        // With X = (2(H + λI) − (upper + lower)) / (upper − lower): T₀ = 1, T₁ = X, T_{j+1} = 2X·T_j − T_{j−1}.
        let factor = Float(2 / (upper - lower))
        let shift = Float((2 * damping - upper - lower) / (upper - lower))
        var result = vectors.scaled(by: Float(coefficients[0]))
        var (previous, current) = (vectors, vectors)
        for (order, coefficient) in coefficients.enumerated().dropFirst() {
            var next = curvature.apply(current, workers: workers)
            let doubling: Float = order == 1 ? 1 : 2
            for index in next.elements.indices {
                var value = doubling * (factor * next.elements[index] + shift * current.elements[index])
                if order > 1 { value -= previous.elements[index] }
                next.elements[index] = value
                result.elements[index] += Float(coefficient) * value
            }
            (previous, current) = (current, next)
        }
        return result
    }
}

extension LiSSA {
    /// What the series makes of an eigenvalue a of H + λI: `k(a) = Σ_{t<T} (1 − a/μ)^t / μ = (1 − (1 − a/μ)^T) / a`.
    ///
    /// Summed by the binary digits of T, which nothing cancels in.
    package func response(to eigenvalue: Double) -> Double {
        let base = 1 - eigenvalue / scale
        var (sum, power) = (1.0, base)
        for digit in String(iterations, radix: 2).dropFirst() {
            sum += sum * power
            power *= power
            if digit == "1" {
                sum = 1 + base * sum
                power *= base
            }
        }
        return sum / scale
    }
}
