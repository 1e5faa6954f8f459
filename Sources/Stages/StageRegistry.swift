internal import Pipeline

/// All stages, in their order. Adding one is its file and its line here.
package enum StageRegistry {
    package static let names = [
        IngestStage.name, CatalogStage.name, EmbedStage.name, ClusterStage.name, LabelStage.name, ProbeTrainStage.name,
        CurvatureStage.name, GradientSignStage.name, ProjectStage.name, ShardIndexStage.name, MergeStage.name,
    ]

    static func stages(_ configuration: PipelineConfiguration, inputs: BuildInputs) -> [any Stage] {
        let seed = configuration.seed
        return [
            IngestStage(configuration.corpus, inputs: inputs),
            CatalogStage(inputs: inputs),
            EmbedStage(configuration.embed, source: inputs.embeddings),
            ClusterStage(configuration.cluster, seed: seed),
            LabelStage(),
            ProbeTrainStage(configuration.probe, seed: seed),
            CurvatureStage(configuration.curvature, seed: seed),
            GradientSignStage(),
            ProjectStage(configuration.project, seed: seed),
            ShardIndexStage(configuration.index),
            MergeStage(configuration.index),
        ]
    }
}
