/// What a finder has to know of the configuration.
struct CandidateSettings: Sendable {
    let normalise: Bool
    let project: ProjectStage.Settings
    let refine: RefineSettings
    let tokens: TokenSettings
    let search: IndexSettings.Search
    let seed: UInt64
    /// Whether each sentence is embedded too.
    let hasSentences: Bool

    init(_ configuration: PipelineConfiguration, hasSentences: Bool) {
        self.hasSentences = hasSentences
        normalise = configuration.embed.normalise
        project = configuration.project
        refine = configuration.refine
        tokens = configuration.tokens
        search = configuration.index.search
        seed = configuration.seed
    }
}
