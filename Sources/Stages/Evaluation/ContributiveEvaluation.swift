internal import Baselines
internal import Kernels
internal import Pipeline
internal import Probing
internal import Synchronization

/// How well methods foretell what retraining the probe does: `--lds`.
struct ContributiveEvaluation: Sendable {
    struct Row: Sendable {
        let name: String
        let score: LinearDatamodelingScore
    }

    let rows: [Row]
    let curves: [RemovalCurve]
    /// Names of the curves, in their order.
    let curveNames: [String]
    let corpusRows: Int
    let subsets: Int
    let outputs: Int
    let removalOutputs: Int
    /// The greatest component of an objective's gradient at the end of a training.
    let gradientNorm: Double

    static let exact = "influence, exact"
    static let shortSeries = "influence, LiSSA T = 10"
    static let longSeries = "influence, LiSSA T = 1000"
    /// Whose removal curves are drawn, beside random rows.
    private static let removed: Set<String> = [exact, shortSeries, "trak", "similarity"]

    /// - Parameters:
    ///   - corpus: all rows; a sample of them takes part.
    ///   - outputs: not in the corpus; a sample of them takes part.
    ///   - training: the run's own l2.
    init(
        corpus all: LabelledRows, outputs allOutputs: LabelledRows, classes: Int, l2: Double,
        _ settings: ContributiveSettings, seed: UInt64, workers: Int, _ progress: EvaluationProgress
    ) throws {
        var generator = SeededGenerator(seed: seed, stream: 0x1d5)
        let corpus = all.rows(generator.sample(settings.rows, below: all.count))
        let outputs = allOutputs.rows(generator.sample(settings.outputs, below: allOutputs.count))
        let training = ProbeTraining(l2: l2, optimizer: ProbeTraining.thorough.optimizer)
        let experiment = try progress.step("half-corpora", of: settings.subsets) { advance in
            try SubsetExperiment(
                corpus: corpus, outputs: outputs, classes: classes,
                settings: SubsetExperiment.Settings(subsets: settings.subsets, training: training, seed: seed),
                workers: workers, progress: { _, _ in advance(1) })
        }
        // Held out of the corpus, but each costs a training a method and count.
        let removal = try RemovalExperiment(
            corpus: corpus, outputs: outputs.rows(0..<min(outputs.count, settings.removalOutputs)), classes: classes,
            counts: settings.removed.filter { $0 < corpus.count }, training: training, seed: seed, workers: workers)
        let makers = Self.methods(corpus, experiment.probe, l2: l2, seed: seed, workers: workers)
        var rows: [Row] = []
        var (curves, names): ([RemovalCurve], [String]) = ([], [])
        for (name, make) in makers {
            let method = try make()
            let score = try progress.step("lds of \(name)", of: outputs.count) { advance in
                defer { advance(outputs.count) }
                return try experiment.score(method, workers: workers)
            }
            rows.append(Row(name: name, score: score))
            guard Self.removed.contains(name) else { continue }
            let count = min(outputs.count, settings.removalOutputs) * settings.removed.count
            curves.append(
                try progress.step("removal by \(name)", of: count) { advance in
                    try removal.curve(method, workers: workers, progress: { _, _ in advance(1) })
                })
            names.append(name)
        }
        curves.append(
            try progress.step("removal of random rows", of: 5 * settings.removed.count) { advance in
                try removal.randomCurve(workers: workers, progress: { _, _ in advance(1) })
            })
        self.rows = rows
        self.curves = curves
        curveNames = names + ["random rows"]
        (corpusRows, subsets, self.outputs) = (corpus.count, settings.subsets, outputs.count)
        removalOutputs = min(outputs.count, settings.removalOutputs)
        gradientNorm = max(experiment.gradientNorm, 0)
    }

    /// By name, made when asked for.
    private static func methods(
        _ corpus: LabelledRows, _ probe: LinearProbe, l2: Double, seed: UInt64, workers: Int
    ) -> [(name: String, make: () throws -> any AttributionMethod)] {
        func influence(_ solver: CurvatureSettings.Solver, isRelative: Bool = false) throws -> InfluenceMethod {
            try InfluenceMethod(
                corpus: corpus, probe: probe,
                settings: InfluenceMethod.Settings(
                    curvature: CurvatureSettings(solver, rows: .max, seed: seed), isRelative: isRelative),
                workers: workers)
        }
        func series(_ iterations: Int) -> CurvatureSettings.Solver { .lissa(iterations: iterations, damping: l2) }
        return [
            (exact, { try influence(.exact(damping: l2)) }),
            (shortSeries, { try influence(series(10)) }),
            ("influence, LiSSA T = 50", { try influence(series(50)) }),
            (longSeries, { try influence(series(1000)) }),
            ("relative influence", { try influence(.exact(damping: l2), isRelative: true) }),
            (
                "trak",
                {
                    try TrakMethod(
                        corpus: corpus, classes: probe.classes, settings: TrakMethod.Settings(l2: l2, seed: seed),
                        workers: workers)
                }
            ),
            (
                "dda",
                {
                    try DebiasDenoiseMethod(
                        corpus: corpus, classes: probe.classes,
                        settings: DebiasDenoiseMethod.Settings(
                            curvature: CurvatureSettings(.exact(damping: l2), rows: .max, seed: seed), l2: l2),
                        workers: workers)
                }
            ),
            ("similarity", { try SimilarityMethod(corpus: corpus) }),
        ]
    }
}
