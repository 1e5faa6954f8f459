import Baselines
import Kernels
import Probing
import Synchronization
import Testing
import VectorIndex

@Suite struct ContributiveTests {
    @Test func `Spearman's correlation shares ranks among ties`() {
        // Ranks 1, 2.5, 2.5, 4 and 1, 3, 2, 4: Σ(x − 2.5)(y − 2.5) = 4.5, Σ(x − 2.5)² = 4.5, Σ(y − 2.5)² = 5.
        let value = RankCorrelation.spearman([10, 20, 20, 30], [1, 5, 3, 7])
        #expect(abs(value - 4.5 / (4.5 * 5.0).squareRoot()) < 1e-12)
        #expect(RankCorrelation.spearman([1, 2, 3], [5, 50, 500]) == 1)
        #expect(RankCorrelation.spearman([1, 2, 3], [3, 2, 1]) == -1)
        #expect(RankCorrelation.spearman([1, 1, 1], [3, 2, 1]) == 0)
        #expect(RankCorrelation.spearman([], []) == 0)
    }

    @Test func `an interval holds the mean as often as it says, and the seed decides`() {
        #expect(Interval(of: [1, 2, 3, 9], seed: 1) == Interval(of: [1, 2, 3, 9], seed: 1))
        #expect(Interval(of: [1, 2, 3, 9], seed: 1).mean == 3.75)
        let constant = Interval(of: [4, 4, 4], seed: 2)
        #expect((constant.low, constant.high) == (4, 4))
        var generator = SeededGenerator(seed: 3)
        var hits = 0
        for trial in 0..<300 {
            let values = (0..<40).map { _ in Double(generator.normal()) }
            let interval = Interval(of: values, draws: 400, seed: UInt64(trial))
            #expect(interval.low < interval.mean && interval.mean < interval.high)
            if interval.low < 0, interval.high > 0 { hits += 1 }
        }
        // 285 in the mean, 7.5 off at most for three deviations of 3.8 and the percentile interval's known shortness.
        #expect(hits > 265 && hits < 299, "\(hits)")
    }

    private func corpus() -> (LabelledRows, LabelledRows) {
        (
            labelledSample(120, dimension: 4, classes: 3, noise: 0.2, seed: 21),
            labelledSample(12, dimension: 4, classes: 3, noise: 0.2, seed: 22)
        )
    }

    private let training = ProbeTraining(
        l2: 1e-2, optimizer: LBFGS(iterations: 500, gradientTolerance: 1e-6, valueTolerance: 0))

    @Test func `exact influence foretells retraining better than cosines do`() throws {
        _ = try Fixture()
        let (corpus, outputs) = corpus()
        let settings = SubsetExperiment.Settings(subsets: 60, training: training, seed: 3)
        let calls = Atomic(0)
        let experiment = try SubsetExperiment(
            corpus: corpus, outputs: outputs, classes: 3, settings: settings, workers: 2
        ) { _, total in
            #expect(total == 60)
            calls.wrappingAdd(1, ordering: .relaxed)
        }
        #expect(calls.load(ordering: .relaxed) == 60)
        #expect(experiment.gradientNorm > 0 && experiment.gradientNorm < 1e-4)
        #expect(experiment.subsets.allSatisfy { $0.count == 60 } && Set(experiment.subsets).count == 60)
        // The losses are those of a probe trained from zero on that part.
        var probe = LinearProbe(dimension: 4, classes: 3)
        let part = corpus.rows(experiment.subsets[7])
        _ = try probe.train(sample: part.embeddings, labels: part.labels, training)
        for output in 0..<12 {
            let reference = Reference(probe: probe).probabilities(outputs, output)[Int(outputs.labels[output])]
            #expect(abs(experiment.losses[7][output] + logarithm(reference)) < 1e-3)
        }
        let exact = try InfluenceMethod(
            corpus: corpus, probe: experiment.probe, settings: .init(curvature: .init(.exact(damping: 1e-2))),
            workers: 1)
        let score = try experiment.score(exact, workers: 1)
        let similarity = try experiment.score(SimilarityMethod(corpus: corpus), workers: 1)
        #expect(score.correlation.mean > 0.8, "\(score.correlation)")
        #expect(score.correlation.mean > similarity.correlation.mean + 0.3)
        #expect(score.name == "influence" && score.perOutput.count == 12)
        // By hand for one output.
        let scores = try allScores(exact, outputs)[5]
        let predicted = experiment.subsets.map { $0.reduce(0) { $0 + scores[$1] } }
        let expected = RankCorrelation.spearman(predicted, experiment.losses.map { -$0[5] })
        #expect(abs(score.perOutput[5] - expected) < 1e-3)
        let again = try SubsetExperiment(
            corpus: corpus, outputs: outputs, classes: 3, settings: settings, workers: 1)
        #expect(again.losses == experiment.losses)
        #expect(try again.score(exact, workers: 2) == score)
    }

    @Test func `removing proponents raises the loss more than removing random rows`() throws {
        _ = try Fixture()
        let (corpus, outputs) = corpus()
        let experiment = try RemovalExperiment(
            corpus: corpus, outputs: outputs, classes: 3, counts: [4, 16], training: training, seed: 5, workers: 2)
        let exact = try InfluenceMethod(
            corpus: corpus, probe: experiment.probe, settings: .init(curvature: .init(.exact(damping: 1e-2))),
            workers: 1)
        let curve = try experiment.curve(exact, workers: 2)
        let random = try experiment.randomCurve(workers: 2)
        #expect(curve.points.map(\.removed) == [4, 16] && curve.name == "influence" && random.name == "random")
        #expect(curve.points[1].increase.mean > curve.points[0].increase.mean)
        for (one, other) in zip(curve.points, random.points) { #expect(one.increase.low > other.increase.high) }
        #expect(try experiment.curve(exact, workers: 1) == curve)
        #expect(try experiment.randomCurve(workers: 1) == random)
        // By hand for the first count: each output's own proponents are gone.
        let ranked = try exact.rank(outputs, count: 4, workers: 1)
        var sum = 0.0
        for output in 0..<12 {
            let removed = Set(ranked[output].map(\.row))
            let kept = corpus.rows((0..<corpus.count).filter { !removed.contains($0) })
            var probe = LinearProbe(dimension: 4, classes: 3)
            _ = try probe.train(sample: kept.embeddings, labels: kept.labels, training)
            let label = Int(outputs.labels[output])
            sum -= logarithm(Reference(probe: probe).probabilities(outputs, output)[label])
            sum -= experiment.losses[output]
        }
        #expect(abs(curve.points[0].increase.mean - sum / 12) < 1e-3)
    }

    @Test func `nothing to retrain on is refused`() {
        let empty = LabelledRows(embeddings: Matrix(rows: 0, columns: 4), labels: [])
        let (corpus, _) = corpus()
        #expect(throws: BaselineError.noRows) {
            try SubsetExperiment(corpus: corpus, outputs: empty, classes: 3, workers: 1)
        }
        #expect(throws: BaselineError.probing(.tooFewClasses(1))) {
            let one = LabelledRows(embeddings: corpus.embeddings, labels: corpus.labels.map { _ in 0 })
            _ = try SubsetExperiment(corpus: one, outputs: one.rows(0..<2), classes: 1, workers: 1)
        }
    }
}
