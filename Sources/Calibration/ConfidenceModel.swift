internal import Kernels

/// What is known about an output's best match when it has to be decided whether it is a source at all.
package struct Evidence: Codable, Hashable, Sendable {
    /// The ranker's score of the match.
    package let score: Float
    /// How much better it is than the best match with another text; 0 or more for the best.
    package let margin: Float
    /// The logarithm of 1 + the nats by which the match explains the output's words, each once; 0 without a token probe.
    package let explained: Float

    package init(score: Float, margin: Float, nats: Double) {
        self.score = score
        self.margin = margin
        explained = Float(logarithm(1 + max(0, nats)))
    }

    var features: [Double] { [Double(score), Double(margin), Double(explained)] }
}

/// One number that is larger the more a best match looks like a source: a logistic regression of ``Evidence``, trained on
/// simulated outputs with their source in the corpus (and found) against the same outputs with it taken out.
package struct ConfidenceModel: Codable, Hashable, Sendable {
    /// Of score, margin and explained, none negative.
    package let weights: [Double]
    package let bias: Double

    package func confidence(_ evidence: Evidence) -> Float {
        Float(zip(weights, evidence.features).reduce(bias) { $0 + $1.0 * $1.1 })
    }

    /// Fits the model, with a ridge on standardised features.
    ///
    /// - Complexity: O(sweeps · examples)
    package static func fit(found: [Evidence], missing: [Evidence]) -> ConfidenceModel {
        let rows = found.map(\.features) + missing.map(\.features)
        guard !found.isEmpty, !missing.isEmpty else { return ConfidenceModel(weights: [1, 0, 0], bias: 0) }
        let count = Double(rows.count)
        let means = (0..<3).map { feature in rows.reduce(0) { $0 + $1[feature] } / count }
        let deviations = (0..<3).map { feature in
            max(
                1e-9,
                (rows.reduce(0) { $0 + ($1[feature] - means[feature]) * ($1[feature] - means[feature]) } / count)
                    .squareRoot())
        }
        // The bias is a feature that is always 1. Both kinds weigh the same, however many there are.
        let inputs = rows.map { row in (0..<3).map { (row[$0] - means[$0]) / deviations[$0] } + [1] }
        let signs = found.map { _ in 0.5 / Double(found.count) } + missing.map { _ in -0.5 / Double(missing.count) }
        let ridge = 1e-3
        let point = NonnegativeNewton.minimise(from: [0, 0, 0, 0], free: [3]) { point, coordinate in
            var (value, slope, curvature) = (0.0, 0.0, 0.0)
            for (input, sign) in zip(inputs, signs) {
                let weight = abs(sign)
                let logit = zip(point, input).reduce(0) { $0 + $1.0 * $1.1 } * (sign > 0 ? 1 : -1)
                // log(1 + e^-z), without overflow.
                let tail = exponential(-abs(logit))
                value += weight * (logarithm(1 + tail) + max(0, -logit))
                let wrong = logit >= 0 ? tail / (1 + tail) : 1 / (1 + tail)
                slope -= weight * wrong * input[coordinate] * (sign > 0 ? 1 : -1)
                curvature += weight * wrong * (1 - wrong) * input[coordinate] * input[coordinate]
            }
            let penalised = coordinate < 3
            return (
                value + ridge * point[..<3].reduce(0) { $0 + $1 * $1 },
                slope + (penalised ? 2 * ridge * point[coordinate] : 0), curvature + (penalised ? 2 * ridge : 0)
            )
        }
        let weights = (0..<3).map { point[$0] / deviations[$0] }
        return ConfidenceModel(
            weights: weights, bias: point[3] - zip(weights, means).reduce(0) { $0 + $1.0 * $1.1 })
    }
}
