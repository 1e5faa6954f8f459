import Evaluation
import Kernels
import Testing

@Suite struct PairedBootstrapTests {
    private func values(_ count: Int, mean: Double, seed: UInt64) -> [Double] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in mean + Double(generator.normal()) }
    }

    @Test func sameSeedGivesTheSameIntervalForAnyNumberOfWorkers() {
        let values = values(101, mean: 0, seed: 1)
        let one = PairedBootstrap(seed: 5, resamples: 950).mean(of: values)
        #expect(one == PairedBootstrap(seed: 5, resamples: 950, workers: 3).mean(of: values))
        #expect(one != PairedBootstrap(seed: 6, resamples: 950).mean(of: values))
    }

    @Test func isAsWideAsTheNormalIntervalOfManyValues() throws {
        let values = values(400, mean: 0.3, seed: 2)
        let mean = values.reduce(0, +) / 400
        let deviation = (values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 400).squareRoot()
        let estimate = try #require(PairedBootstrap(seed: 9).mean(of: values))
        #expect(abs(estimate.value - mean) < 1e-12)
        let half = 1.96 * deviation / 20
        #expect(abs(estimate.lower - (mean - half)) < 0.05 * half)
        #expect(abs(estimate.upper - (mean + half)) < 0.05 * half)
    }

    @Test func coversTheTruthAboutAsOftenAsItSays() throws {
        var covered = 0
        for trial in 0..<300 {
            let values = values(80, mean: 0.5, seed: UInt64(1_000 + trial))
            let estimate = try #require(PairedBootstrap(seed: UInt64(trial), resamples: 500).mean(of: values))
            if estimate.lower <= 0.5 && 0.5 <= estimate.upper { covered += 1 }
        }
        // 95 % of 300 is 285 with a deviation of 4.
        #expect((265...297).contains(covered), "\(covered) of 300 intervals cover")
    }

    @Test func comparesMethodsQueryByQuery() throws {
        let right = try #require(RankingOutcome(ranked: ["a"], relevant: ["a"]))
        let wrong = try #require(RankingOutcome(ranked: ["b"], relevant: ["a"]))
        let first = Array(repeating: wrong, count: 30) + Array(repeating: right, count: 30)
        let second = Array(repeating: right, count: 45) + Array(repeating: wrong, count: 15)
        let bootstrap = PairedBootstrap(seed: 1)
        let gain = try #require(bootstrap.difference(.precisionAt1, from: first, to: second))
        #expect(gain.value == 0.25 && gain.lower > 0 && gain.upper < 0.5)
        let none = try #require(bootstrap.difference(.precisionAt1, from: first, to: first))
        #expect(none == Estimate(value: 0, lower: 0, upper: 0))
        #expect(bootstrap.mean(of: []) == nil)
    }
}
