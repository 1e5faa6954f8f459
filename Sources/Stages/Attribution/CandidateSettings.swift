/// What a finder has to know of the configuration.
struct CandidateSettings: Sendable {
    let normalise: Bool
    let project: ProjectStage.Settings
    let refine: RefineSettings
    let tokens: TokenSettings
    let search: IndexSettings.Search
    let seed: UInt64
    /// Those of the stages not every run has that this one has.
    let stages: Set<String>

    /// - Parameters:
    ///   - stages: those of the stages not every run has that this one has.
    ///   - search: as the index is searched; the configuration's where nil.
    init(_ configuration: PipelineConfiguration, stages: Set<String>, search: IndexSettings.Search? = nil) {
        self.stages = stages
        normalise = configuration.embed.normalise
        project = configuration.project
        refine = configuration.refine
        tokens = configuration.tokens
        self.search = search ?? configuration.index.search
        seed = configuration.seed
    }
}
