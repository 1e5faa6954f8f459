internal import Kernels

/// Scores candidates by a weighted mean of their features; higher is better.
///
/// The weights maximise the likelihood of the true source among its output's candidates (conditional logit, McFadden
/// 1974), with a small ridge, none negative: a feature counts for a source or not at all.
package struct Ranker: Codable, Hashable, Sendable {
    /// One a feature, none negative, their sum 1 (all zero when no feature tells anything).
    package let weights: [Double]

    package init(weights: [Double]) {
        precondition(weights.allSatisfy { $0 >= 0 && $0.isFinite })
        let sum = weights.reduce(0, +)
        self.weights = sum > 0 ? weights.map { $0 / sum } : weights
    }

    package func score(_ features: [Float]) -> Float {
        var sum = 0.0
        for (weight, feature) in zip(weights, features) { sum += weight * Double(feature) }
        return Float(sum)
    }

    /// An output's candidates, one of which is its source.
    package struct Example: Sendable {
        /// `[candidates][features]`.
        package let features: [[Float]]
        package let source: Int

        package init(features: [[Float]], source: Int) {
            precondition(features.indices.contains(source))
            self.features = features
            self.source = source
        }
    }

    /// Fits the weights.
    ///
    /// - Parameters:
    ///   - features: which take part; the others get weight 0.
    ///   - ridge: of the squared weights, beside the mean log likelihood.
    /// - Returns: the ranker, and its scale: likelihoods are softmax(scale · score).
    /// - Complexity: O(sweeps · features · Σ candidates · features)
    package static func fit(
        _ examples: [Example], features: Set<Int>, count: Int, ridge: Double = 1e-5
    ) -> (ranker: Ranker, scale: Double) {
        let chosen = features.sorted()
        guard !chosen.isEmpty, !examples.isEmpty else {
            return (Ranker(weights: [Double](repeating: 0, count: count)), 1)
        }
        let found = NonnegativeNewton.minimise(from: chosen.map { _ in 1 }) { point, coordinate in
            var value = 0.0
            var slope = 0.0
            var curvature = 0.0
            for example in examples {
                let logits = example.features.map { row in
                    zip(chosen, point).reduce(0.0) { $0 + $1.1 * Double(row[$1.0]) }
                }
                let highest = logits.max()!
                let masses = logits.map { exponential($0 - highest) }
                let total = masses.reduce(0, +)
                var (mean, square) = (0.0, 0.0)
                for (row, mass) in zip(example.features, masses) {
                    let feature = Double(row[chosen[coordinate]])
                    mean += mass / total * feature
                    square += mass / total * feature * feature
                }
                value += logarithm(total) + highest - logits[example.source]
                slope += mean - Double(example.features[example.source][chosen[coordinate]])
                curvature += square - mean * mean
            }
            let share = 1 / Double(examples.count)
            return (
                value * share + ridge * point.reduce(0) { $0 + $1 * $1 },
                slope * share + 2 * ridge * point[coordinate], curvature * share + 2 * ridge
            )
        }
        var weights = [Double](repeating: 0, count: count)
        for (feature, weight) in zip(chosen, found) { weights[feature] = weight }
        return (Ranker(weights: weights), weights.reduce(0, +))
    }

    /// Minus the log likelihood of the source, for each example.
    package func losses(_ examples: [Example], scale: Double) -> [Double] {
        examples.map { example in
            let logits = example.features.map { scale * Double(score($0)) }
            let highest = logits.max()!
            return logarithm(logits.reduce(0) { $0 + exponential($1 - highest) }) + highest - logits[example.source]
        }
    }
}
