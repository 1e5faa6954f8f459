import Evaluation
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
    }

    @Test func noQueriesGiveZeroAndNotNaN() {
        let metrics = RankingMetrics()
        #expect(metrics.precisionAt1 == 0 && metrics.hitRate == 0 && metrics.meanReciprocalRank == 0)
    }
}
