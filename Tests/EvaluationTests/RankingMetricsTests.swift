import Evaluation
import Kernels
import Testing

@Suite struct RankingMetricsTests {
    @Test func countsFirstsHitsAndReciprocalRanks() {
        var metrics = RankingMetrics(depth: 3)
        metrics.add(ranked: ["a", "b"], relevant: ["a"])
        metrics.add(ranked: ["b", "a"], relevant: ["a", "c"])
        metrics.add(ranked: ["x", "y", "z", "a"], relevant: ["a"])
        metrics.add(ranked: ["x"], relevant: [])
        #expect(metrics.queries == 3)
        #expect(metrics.precisionAt1 == 1.0 / 3)
        #expect(metrics.hitRate == 2.0 / 3)
        #expect(metrics.meanReciprocalRank == 0.5)
        #expect(metrics.mean(.precisionAt5) == (0.2 + 0.2) / 3)
        #expect(metrics.mean(.recallAt5) == 0.5)
    }

    @Test func noQueriesGiveZeroAndNotNaN() {
        let metrics = RankingMetrics()
        #expect(metrics.precisionAt1 == 0 && metrics.hitRate == 0 && metrics.meanReciprocalRank == 0)
    }

    @Test func metricsAreTheirDefinitions() throws {
        let outcome = try #require(
            RankingOutcome(ranked: ["x", "a", "y", "b", "z", "c"], relevant: ["a", "b", "c", "d"]))
        let expected: [RankingMetric: Double] = [
            .precisionAt1: 0, .precisionAt5: 0.4, .hitAt5: 1, .hitAt10: 1, .recallAt5: 0.5, .reciprocalRank: 0.5,
        ]
        for metric in RankingMetric.allCases { #expect(outcome.value(metric) == expected[metric]) }
    }

    @Test func sourceAtSixIsAHitAtTenOnly() throws {
        let outcome = try #require(RankingOutcome(ranked: ["u", "v", "w", "x", "y", "a"], relevant: ["a"]))
        #expect(outcome.value(.hitAt5) == 0 && outcome.value(.hitAt10) == 1 && outcome.value(.recallAt5) == 0)
        #expect(outcome.value(.reciprocalRank) == 1.0 / 6)
    }

    @Test func elevenDistinctSourcesAreReadToTheTenth() throws {
        let ranked = (0..<11).map { "s\($0)" }
        let last = try #require(RankingOutcome(ranked: ranked, relevant: ["s10"]))
        #expect(last.firstRank == nil)
        #expect(try #require(RankingOutcome(ranked: ranked, relevant: ["s9"])).firstRank == 10)
    }

    @Test func aSourceNamedAgainCountsOnceAtItsBestRank() throws {
        let outcome = try #require(RankingOutcome(ranked: ["x", "x", "a", "a", "a", "b"], relevant: ["a", "b"]))
        #expect(outcome.firstRank == 2)
        #expect(outcome.foundInFive == 2)
    }

    @Test func agreesWithANaiveCountOverRandomRankings() throws {
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<300 {
            let ranked = (0..<generator.integer(below: 16)).map { _ in "\(generator.integer(below: 9))" }
            let relevant = Set((0..<1 + generator.integer(below: 4)).map { _ in "\(generator.integer(below: 9))" })
            var distinct: [String] = []
            for source in ranked where !distinct.contains(source) { distinct.append(source) }
            let outcome = try #require(RankingOutcome(ranked: ranked, relevant: relevant, depth: 7))
            let five = Double(Set(distinct.prefix(5)).intersection(relevant).count)
            let rank = distinct.prefix(7).firstIndex(where: relevant.contains)
            #expect(outcome.value(.precisionAt5) == five / 5)
            #expect(outcome.value(.recallAt5) == five / Double(relevant.count))
            #expect(outcome.value(.precisionAt1) == (rank == 0 ? 1 : 0))
            #expect(outcome.value(.hitAt5) == (five > 0 ? 1 : 0))
            #expect(outcome.value(.hitAt10) == (rank == nil ? 0 : 1))
            #expect(outcome.value(.reciprocalRank) == (rank.map { 1 / Double($0 + 1) } ?? 0))
        }
    }

    @Test func latencyOfAKnownList() throws {
        let summary = try #require(LatencySummary(milliseconds: (0...100).reversed().map(Double.init)))
        #expect(summary.mean == 50 && summary.p50 == 50 && summary.p99 == 99 && summary.queries == 101)
        #expect(LatencySummary(milliseconds: []) == nil)
        #expect(try #require(LatencySummary(milliseconds: [7])).p99 == 7)
    }
}
