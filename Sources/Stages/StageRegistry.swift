internal import Pipeline

/// All stages, in their order. Adding one is its file and its line here.
package enum StageRegistry {
    package static let names = types.map { $0.name }

    private static let types: [any Stage.Type] = [
        IngestStage.self, CatalogStage.self, TokenizeStage.self, TokenProbeStage.self, TokenIndexStage.self,
        NearWordsStage.self, EmbedStage.self, SentenceStage.self, ClusterStage.self, LabelStage.self,
        ProbeTrainStage.self, CurvatureStage.self, GradientSignStage.self, ProjectStage.self, IndexTrainStage.self,
        ShardIndexStage.self, MergeStage.self, IndexRecallStage.self, CalibrateStage.self,
    ]

    /// Stages that a corpus of vectors without text does not have.
    static let ofTexts = [TokenizeStage.name, TokenProbeStage.name, TokenIndexStage.name]

    /// Stages that a run has where its configuration and its embedder ask for them.
    static let optional: Set = [NearWordsStage.name, SentenceStage.name]

    /// How a task's outputs lose what they hold of deleted rows.
    static func erasure(of artifact: Artifact) throws -> Erasure {
        try types.first { $0.name == artifact.manifest.stage }?.erasure(of: artifact) ?? .none
    }

    /// The stages of a run, in their order.
    ///
    /// - Parameter chosen: those that the run has of the stages not every run has.
    static func names(_ configuration: PipelineConfiguration, chosen: Set<String>) -> [String] {
        names.filter { name in
            optional.contains(name)
                ? chosen.contains(name) : !configuration.corpus.isVectors || !ofTexts.contains(name)
        }
    }

    static func stages(
        _ configuration: PipelineConfiguration, inputs: BuildInputs, chosen: Set<String>
    ) -> [any Stage] {
        let seed = configuration.seed
        let sizes = RowSizes(configuration, dimension: inputs.embeddings.dimension)
        let ofTexts: [any Stage] =
            configuration.corpus.isVectors ? [] : [TokenizeStage(), TokenProbeStage(), TokenIndexStage()]
        let ofWords: [any Stage] =
            chosen.contains(NearWordsStage.name) ? [NearWordsStage(source: inputs.embeddings)] : []
        let ofSentences: [any Stage] =
            chosen.contains(SentenceStage.name) ? [SentenceStage(source: inputs.embeddings)] : []
        return [
            IngestStage(configuration.corpus, inputs: inputs),
            CatalogStage(inputs: inputs),
        ] + ofTexts + ofWords + [
            EmbedStage(configuration.embed, source: inputs.embeddings)
        ] + ofSentences + [
            ClusterStage(configuration.cluster, sizes: sizes, seed: seed),
            LabelStage(),
            ProbeTrainStage(configuration.probe, sizes: sizes, seed: seed),
            CurvatureStage(configuration.curvature, sizes: sizes, seed: seed),
            GradientSignStage(sizes: sizes),
            ProjectStage(configuration.project, sizes: sizes, seed: seed),
            IndexTrainStage(configuration.index, sizes: sizes, seed: seed),
            ShardIndexStage(configuration.index, sizes: sizes),
            MergeStage(configuration.index, sizes: sizes),
            IndexRecallStage(candidates: configuration.refine.candidates, seed: seed),
            CalibrateStage(
                configuration.calibration,
                candidates: CandidateSettings(configuration, stages: chosen),
                embeddings: inputs.embeddings),
        ]
    }
}

extension Generation {
    /// Those of the stages not every run has that it has.
    var optionalStages: Set<String> { StageRegistry.optional.intersection(parts.keys) }
}

/// Bytes that one row takes in each stage's files: what estimates are made of.
struct RowSizes: Sendable {
    let embedding: Int
    let gradient: Int
    let fingerprint: Int
    /// Parameters of the probe.
    let parameters: Int

    init(_ configuration: PipelineConfiguration, dimension: Int) {
        let classes = configuration.cluster.clusters
        let hidden = configuration.probe.kind == .hidden ? configuration.probe.hiddenUnits : 0
        embedding = 4 * dimension
        gradient = 4 * (classes + 2 * hidden)
        let signature = configuration.project.layout.hasSignature ? configuration.project.dimension : 0
        fingerprint = 4 * (dimension + signature + (configuration.project.layout.tokens?.dimension ?? 0))
        parameters = hidden == 0 ? classes * (dimension + 1) : hidden * (dimension + 1) + classes * (hidden + 1)
    }
}

/// A stage's settings with the run's seed, where the stage makes random choices.
package struct Seeded<Settings: Codable & Sendable>: Codable, Sendable {
    let settings: Settings
    let seed: UInt64
}
