internal import Calibration
internal import Kernels
package import Pipeline
internal import Storage

/// The configuration's `calibrate:` section.
package struct CalibrationSettings: Codable, Hashable, Sendable {
    /// Simulated outputs that the weights are fitted on, at most one for each row.
    package let outputs: Int
    /// Those that the null distribution is made of, at most two for each row; and as many excerpts of them.
    package let nulls: Int

    init(_ section: ConfigurationSection) throws(RunError) {
        var section = section
        outputs = try section.integer("outputs", default: 1000, in: 50...1_000_000)
        nulls = try section.integer("nulls", default: 2000, in: 100...1_000_000)
        try section.finish()
    }
}

/// The ranker's weights and the null distribution, fitted on outputs that are simulated from the corpus itself.
package struct CalibrateStage: Stage {
    package struct Parameters: Codable, Sendable {
        let settings: CalibrationSettings
        let refine: RefineSettings
        /// How candidates are searched for.
        let search: IndexSettings.Search
        /// Of the token probe, where it takes part.
        let tokens: Tokens?
        let seed: UInt64

        struct Tokens: Codable, Sendable {
            let prior: Double
        }
    }

    /// How the index was searched when weights and null distribution were made: they hold for no other search.
    static func search(_ artifact: Artifact) throws(RunError) -> IndexSettings.Search {
        struct Searched: Codable {
            let search: IndexSettings.Search
        }
        guard let parameters = try? JSONFile.decode(Searched.self, from: artifact.manifest.parameters) else {
            throw RunError(.corrupt, "\(artifact.folder): the manifest's parameters cannot be read")
        }
        return parameters.search
    }

    package static let name = "calibrate"
    package static let version = 8

    private static let trainingStream: UInt64 = 17
    private static let testStream: UInt64 = 18
    private static let nullStream: UInt64 = 19
    private static let excerptStream: UInt64 = 20
    package let parameters: Parameters

    private let configuration: CandidateSettings
    private let embeddings: EmbeddingSource

    init(_ settings: CalibrationSettings, candidates: CandidateSettings, embeddings: EmbeddingSource) {
        parameters = Parameters(
            settings: settings, refine: candidates.refine, search: candidates.search,
            tokens: candidates.refine.usesWords ? Parameters.Tokens(prior: candidates.tokens.prior) : nil,
            seed: candidates.seed)
        configuration = candidates
        self.embeddings = embeddings
    }

    package var granularity: Granularity { .whole }
    package static func erasure(of artifact: Artifact) -> Erasure { .none }
    package var inputs: [StageInput] {
        var words: [StageInput] = []
        if configuration.refine.usesWords {
            words = [.all(TokenizeStage.name), .same(TokenProbeStage.name), .same(TokenIndexStage.name)]
        } else if configuration.project.layout.tokens != nil {
            words = [.all(TokenizeStage.name), .same(TokenProbeStage.name)]
        }
        let sentences: [StageInput] =
            configuration.stages.contains(SentenceStage.name) ? [.all(SentenceStage.name)] : []
        let near: [StageInput] =
            configuration.stages.contains(NearWordsStage.name) ? [.same(NearWordsStage.name)] : []
        return [
            .all(IngestStage.name), .all(EmbedStage.name), .same(ClusterStage.name), .same(ProbeTrainStage.name),
            .same(CurvatureStage.name), .all(GradientSignStage.name), .all(MergeStage.name),
            .same(IndexTrainStage.name), .same(IndexRecallStage.name),
        ] + words + sentences + near
    }

    package func estimate(_ extent: Extent) -> ResourceEstimate {
        ResourceEstimate(memory: 512 << 20, disk: 1 << 20)
    }

    package func run(_ context: TaskContext) throws {
        guard let catalog = context.catalog else { preconditionFailure("calibrate follows the catalog") }
        let settings = parameters.settings
        let finder = try CandidateFinder(configuration, catalog: catalog, parts: context, embeddings: embeddings)
        let calibrator = Calibrator(
            finder: finder, ranking: parameters.refine.rankBy,
            candidates: parameters.refine.candidates, workers: context.workers)
        let column = try ShardedColumn.embeddings(context.inputs(EmbedStage.name), reads: .scattered)
        let present = try finder.corpus.present()
        func simulated(
            _ count: Int, _ distance: OutputSimulator.Distance, stream: UInt64
        ) throws -> SimulatedOutputs {
            try SimulatedOutputs.make(
                count, distance, from: finder, embeddings: column, among: present, source: embeddings,
                seed: parameters.seed, stream: stream, workers: context.workers)
        }
        func trials(_ outputs: SimulatedOutputs) throws -> [Calibrator.Trial] {
            try calibrator.trials(outputs) { context.advance(rows: $0) }
        }
        let fitted = min(settings.outputs, catalog.rows)
        let training = try trials(simulated(fitted, .far, stream: Self.trainingStream))
        let heldOut = try trials(simulated(max(1, fitted / 2), .far, stream: Self.testStream))
        let whole = try simulated(min(settings.nulls, 2 * catalog.rows), .near, stream: Self.nullStream)
        let excerpts = try whole.excerpts(
            from: finder, seed: parameters.seed, stream: Self.excerptStream, workers: context.workers)
        let nulls = try trials(whole) + (excerpts.map(trials) ?? [])
        let record = try calibrator.calibrate(training: training, heldOut: heldOut, nulls: nulls)
        try record.write(to: context.output(CalibrationRecord.fileName))
        for feature in Feature.allCases {
            context.record("weight of \(feature.title)", .number(record.ranker.weight(of: feature)))
        }
        context.record("simulated outputs", .integer(training.count + heldOut.count + nulls.count))
        context.record("P@1 held out", .number(record.precisionAt1))
        context.record("P@1 in index order", .number(record.precisionAt1Unrefined))
        context.record("recall of candidates", .number(record.recall))
    }
}

extension TaskContext: ArtifactSource {
    func artifacts(of stage: String) throws(RunError) -> [Artifact] { inputs(stage) }
}
