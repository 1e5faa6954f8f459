import Evaluation
import Kernels
import Testing

@Suite struct NoSourceEvaluationTests {
    /// Few distinct values, so that p-values and scores tie often.
    private func outputs(_ count: Int, seed: UInt64) -> [JudgedOutput] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in
            let hasSource = generator.integer(below: 3) > 0
            return JudgedOutput(
                pValue: Double(generator.integer(below: hasSource ? 4 : 6)) / 5,
                score: Double(generator.integer(below: 3)), isRight: hasSource && generator.integer(below: 4) > 0,
                hasSource: hasSource)
        }
    }

    @Test func areaIsTheShareOfPairsInOrder() throws {
        for seed in 0..<20 as Range<UInt64> {
            let outputs = outputs(60, seed: seed)
            var (sum, pairs) = (0.0, 0.0)
            for known in outputs where known.hasSource {
                for null in outputs where !null.hasSource {
                    pairs += 1
                    let isEqual = known.pValue == null.pValue && known.score == null.score
                    let isAhead =
                        known.pValue < null.pValue || (known.pValue == null.pValue && known.score > null.score)
                    sum += isEqual ? 0.5 : isAhead ? 1 : 0
                }
            }
            let area = try #require(NoSourceEvaluation(outputs).areaUnderCurve)
            #expect(abs(area - sum / pairs) < 1e-12)
            #expect(area == NoSourceEvaluation(outputs.reversed()).areaUnderCurve)
        }
    }

    @Test func areaNeedsBothKinds() {
        let known = JudgedOutput(score: 1, isRight: true, hasSource: true)
        #expect(NoSourceEvaluation([known, known]).areaUnderCurve == nil)
        #expect(NoSourceEvaluation([]).areaUnderCurve == nil)
    }

    @Test func flaggedOutputsCountAsWrong() {
        let evaluation = NoSourceEvaluation([
            JudgedOutput(pValue: 0.01, score: 9, isRight: true, hasSource: true),
            JudgedOutput(pValue: 0.05, score: 8, isRight: true, hasSource: true),
            JudgedOutput(pValue: 0.06, score: 8, isRight: true, hasSource: true),
            JudgedOutput(pValue: 0.01, score: 8, isRight: false, hasSource: true),
            JudgedOutput(pValue: 0.04, score: 5, isRight: false, hasSource: false),
            JudgedOutput(pValue: 0.4, score: 5, isRight: false, hasSource: false),
        ])
        #expect(evaluation.precisionKept(atLevel: 0.05) == Proportion(count: 2, of: 4))
        #expect(evaluation.falseAttributions(atLevel: 0.05) == Proportion(count: 1, of: 2))
        #expect(evaluation.precisionKept(atFalseRate: 0) == Proportion(count: 1, of: 4))
        #expect(evaluation.precisionKept(atFalseRate: 0.5) == Proportion(count: 3, of: 4))
    }

    @Test func keptAtAFalseRateIsTheBestThresholdThatAllowsIt() {
        for seed in 20..<40 as Range<UInt64> {
            let outputs = outputs(50, seed: seed).map {
                JudgedOutput(score: $0.score - 3 * $0.pValue, isRight: $0.isRight, hasSource: $0.hasSource)
            }
            let nulls = outputs.filter { !$0.hasSource }
            for rate in [0.0, 0.1, 0.3, 1] {
                let kept = Set(outputs.map(\.score)).filter { threshold in
                    Double(nulls.count { $0.score >= threshold }) <= rate * Double(nulls.count)
                }.map { threshold in outputs.count { $0.isRight && $0.score >= threshold } }
                #expect(NoSourceEvaluation(outputs).precisionKept(atFalseRate: rate).count == kept.max() ?? 0)
            }
        }
    }

    @Test func riskCoverageStepsOverTies() {
        let evaluation = NoSourceEvaluation([
            JudgedOutput(pValue: 0.1, score: 2, isRight: true, hasSource: true),
            JudgedOutput(pValue: 0.2, score: 1, isRight: false, hasSource: false),
            JudgedOutput(pValue: 0.2, score: 1, isRight: true, hasSource: true),
            JudgedOutput(pValue: 0.2, score: 0, isRight: false, hasSource: true),
        ])
        #expect(
            evaluation.riskCoverage == [
                CurvePoint(x: 0.25, y: 0), CurvePoint(x: 0.75, y: 1 - 2.0 / 3), CurvePoint(x: 1, y: 0.5),
            ])
        #expect(NoSourceEvaluation([]).riskCoverage.isEmpty)
    }

    @Test func calibrationIsTheDistributionAndItsLargestGap() {
        let curve = CalibrationCurve(nullValues: [0.5, 0.2, 0.5, 0.9])
        #expect(
            curve.points == [
                CurvePoint(x: 0, y: 0), CurvePoint(x: 0.2, y: 0.25), CurvePoint(x: 0.5, y: 0.75),
                CurvePoint(x: 0.9, y: 1), CurvePoint(x: 1, y: 1),
            ])
        // Just below 0.5 the curve stands at 0.25, at 0.5 it stands at 0.75.
        #expect(curve.distance == 0.25 && curve.count == 4)
        #expect(CalibrationCurve(nullValues: [1, 1]).distance == 1)
        #expect(CalibrationCurve(nullValues: []).distance == 0)
    }

    @Test func calibrationReadsNullOutputsOnly() {
        let evaluation = NoSourceEvaluation(outputs(200, seed: 7))
        #expect(evaluation.calibration.count == evaluation.nulls)
        #expect(evaluation.known + evaluation.nulls == 200)
    }

    /// The first four are in Newcombe 1998 (Statistics in Medicine 17), table I; the last two follow from the formula.
    @Test(arguments: [
        (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718),
        (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1),
    ])
    func wilsonIntervalsArePublishedOnes(count: Int, total: Int, lower: Double, upper: Double) {
        let interval = Proportion(count: count, of: total).interval
        #expect(abs(interval.lowerBound - lower) < 6e-5 && abs(interval.upperBound - upper) < 6e-5, "\(interval)")
    }

    @Test func noCasesSayNothing() {
        #expect(Proportion(count: 0, of: 0).interval == 0...1)
        #expect(Proportion(count: 0, of: 0).rate == 0)
    }
}
