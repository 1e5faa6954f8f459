internal import Kernels

/// The largest eigenvalue of a curvature operator by power iteration.
package struct PowerIteration: Sendable, Hashable {
    /// λ_max, approached from below.
    package let eigenvalue: Double
    package let iterations: Int
    package let converged: Bool

    /// - Parameters:
    ///   - tolerance: converged when an iteration changes the estimate by no more than this share of it.
    ///   - seed: of the normal start vector.
    /// - Complexity: one product with the operator an iteration.
    package init(
        _ curvature: some CurvatureOperator, seed: UInt64, iterations limit: Int = 200, tolerance: Double = 1e-4,
        workers: Int
    ) {
        var generator = SeededGenerator(seed: seed, stream: 0x907)
        var vector = Matrix(
            rows: 1, columns: curvature.parameterCount,
            elements: (0..<curvature.parameterCount).map { _ in generator.normal() })
        Self.normalise(&vector)
        var estimate = 0.0
        var count = 0
        var isDone = false
        while count < limit, !isDone {
            vector = curvature.apply(vector, workers: workers)
            let next = Self.normalise(&vector)
            count += 1
            isDone = next == 0 || abs(next - estimate) <= tolerance * next
            estimate = next
        }
        eigenvalue = estimate
        iterations = count
        converged = isDone
    }

    /// - Returns: the length that the vector had.
    @discardableResult
    private static func normalise(_ vector: inout Matrix) -> Double {
        let length = Double(dot(vector.elements.span, vector.elements.span)).squareRoot()
        guard length > 0 else { return 0 }
        for index in vector.elements.indices { vector.elements[index] /= Float(length) }
        return length
    }
}
