import Calibration
import Foundation
import Kernels
import Testing

@Suite struct RankerTests {
    /// Sources drawn from softmax(w · f).
    private func examples(_ weights: [Double], count: Int, seed: UInt64) -> [Ranker.Example] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in
            let rows = (0..<12).map { _ in weights.map { _ in generator.normal() } }
            let masses = rows.map { row in exp(zip(weights, row).reduce(0) { $0 + $1.0 * Double($1.1) }) }
            var rest = Double(generator.uniform()) * masses.reduce(0, +)
            let source = masses.firstIndex { mass in
                rest -= mass
                return rest < 0
            }
            return Ranker.Example(features: rows, source: source ?? 0)
        }
    }

    @Test func recoversTheWeightsThatDrewTheSources() {
        let (ranker, scale) = Ranker.fit(examples([2, 0, 1], count: 3000, seed: 1), features: [0, 1, 2], count: 3)
        #expect(abs(ranker.weights[0] - 2.0 / 3) < 0.03)
        #expect(ranker.weights[1] < 0.03)
        #expect(abs(ranker.weights[2] - 1.0 / 3) < 0.03)
        #expect(abs(scale - 3) < 0.25)
    }

    @Test func agreesWithAGridSearch() {
        let data = examples([1.5, 0.5], count: 300, seed: 2)
        let (ranker, scale) = Ranker.fit(data, features: [0, 1], count: 2, ridge: 0)
        let fitted = ranker.losses(data, scale: scale).reduce(0, +)
        for first in stride(from: 0.0, through: 3, by: 0.1) {
            for second in stride(from: 0.0, through: 2, by: 0.1) where first + second > 0 {
                let other = Ranker(weights: [first, second]).losses(data, scale: first + second).reduce(0, +)
                #expect(other >= fitted - 1e-6)
            }
        }
    }

    @Test func aFeatureThatPointsTheWrongWayGetsNoWeight() {
        let data = examples([1, 1], count: 500, seed: 3).map { example in
            Ranker.Example(features: example.features.map { [$0[0], -$0[1]] }, source: example.source)
        }
        #expect(Ranker.fit(data, features: [0, 1], count: 2).ranker.weights[1] == 0)
    }

    @Test func onlyTheFeaturesAskedForTakePart() {
        let ranker = Ranker.fit(examples([1, 1, 1], count: 100, seed: 4), features: [1], count: 3).ranker
        #expect(ranker.weights == [0, 1, 0])
        #expect(Ranker.fit([], features: [0], count: 2).ranker.weights == [0, 0])
    }
}

@Suite struct ConfidenceTests {
    @Test func theModelIsTheBestOfItsKind() {
        var generator = SeededGenerator(seed: 5)
        func draw(_ score: Float, _ margin: Float) -> [Evidence] {
            (0..<400).map { _ in
                Evidence(
                    score: score + generator.normal(), margin: margin + generator.normal(),
                    nats: Double(max(0, generator.normal())))
            }
        }
        let (found, missing) = (draw(1, 2), draw(0, 0))
        let model = ConfidenceModel.fit(found: found, missing: missing)
        #expect(model.weights[1] > model.weights[0] && model.weights[0] > 0.5)
        #expect(model.weights.allSatisfy { $0 >= 0 })
        // Likelihood falls in every direction.
        func loss(_ weights: [Double], _ bias: Double) -> Double {
            func one(_ evidence: Evidence, _ sign: Double) -> Double {
                let logit =
                    bias + weights[0] * Double(evidence.score) + weights[1] * Double(evidence.margin)
                    + weights[2] * Double(evidence.explained)
                return log(1 + exp(-sign * logit))
            }
            return found.reduce(0) { $0 + one($1, 1) } + missing.reduce(0) { $0 + one($1, -1) }
        }
        let best = loss(model.weights, model.bias)
        for feature in 0..<2 {
            for step in [-0.2, 0.2] {
                var weights = model.weights
                weights[feature] += step
                #expect(loss(weights, model.bias) > best)
            }
        }
        #expect(loss(model.weights, model.bias + 0.2) > best && loss(model.weights, model.bias - 0.2) > best)
    }

    @Test func withoutExamplesTheScoreDecides() {
        let model = ConfidenceModel.fit(found: [], missing: [])
        let low = model.confidence(Evidence(score: 0.2, margin: 1, nats: 5))
        #expect(low < model.confidence(Evidence(score: 0.3, margin: 0, nats: 0)))
    }
}
