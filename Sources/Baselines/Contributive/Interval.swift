internal import Kernels

/// A mean with a percentile bootstrap interval.
///
/// Source: Efron & Tibshirani, "An introduction to the bootstrap", 1993, section 13.3.
package struct Interval: Sendable, Hashable, Codable {
    package let mean: Double
    package let low: Double
    package let high: Double

    /// - Parameters:
    ///   - values: at least one; drawn with replacement.
    ///   - confidence: between 0 and 1.
    /// - Complexity: draws · values.
    package init(of values: [Double], confidence: Double = 0.95, draws: Int = 2000, seed: UInt64) {
        precondition(!values.isEmpty && draws > 0 && confidence > 0 && confidence < 1)
        var generator = SeededGenerator(seed: seed, stream: 0xb007)
        let means = (0..<draws).map { _ in
            var sum = 0.0
            for _ in values.indices { sum += values[generator.integer(below: values.count)] }
            return sum / Double(values.count)
        }.sorted()
        let tail = (1 - confidence) / 2
        mean = values.reduce(0, +) / Double(values.count)
        low = means[Int((Double(draws - 1) * tail).rounded())]
        high = means[Int((Double(draws - 1) * (1 - tail)).rounded())]
    }
}
