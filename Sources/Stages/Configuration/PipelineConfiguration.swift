internal import Corpus
package import Pipeline

/// A pipeline's YAML file, checked: every key known, every value possible.
package struct PipelineConfiguration: Sendable {
    /// Which method's settings stand where the file says nothing.
    package enum Profile: String, CaseIterable, Codable, Sendable {
        /// What is best on real data.
        case `default`
        /// Gradient-Informed Fingerprinting to the letter.
        case paper
    }

    package let profile: Profile
    package let seed: UInt64
    package let runDirectory: String?
    package let workers: Int?
    package let corpus: CorpusSettings
    package let tokens: TokenSettings
    package let embed: EmbedSettings
    package let cluster: ClusterStage.Settings
    package let probe: ProbeTrainStage.Settings
    package let curvature: CurvatureStage.Settings
    package let project: ProjectStage.Settings
    package let index: IndexSettings
    package let refine: RefineSettings
    package let calibration: CalibrationSettings
    /// Stages whose outputs go once every reader is done.
    package let dropped: Set<String>
    /// What jobs on a cluster ask for; it changes no result.
    package let slurm: ConfigurationNode?

    /// - Throws: `configuration`, with file, line and what is allowed.
    package init(_ root: ConfigurationNode) throws(RunError) {
        var section = try ConfigurationSection(root)
        let profile = try section.choice("profile", default: Profile.default)
        self.profile = profile
        seed = UInt64(try section.integer("seed", default: 42, in: 0...Int.max))
        runDirectory = try section.path("run_dir")
        let workerCount = try section.integer("workers", default: 0, in: 0...1024)
        workers = workerCount == 0 ? nil : workerCount
        corpus = try CorpusSettings(section.section("corpus"))
        tokens = try TokenSettings(section.section("tokens"))
        embed = try EmbedSettings(section.section("embed"))
        cluster = try ClusterStage.Settings(section.section("cluster"))
        probe = try ProbeTrainStage.Settings(section.section("probe"))
        curvature = try CurvatureStage.Settings(section.section("influence"), profile: profile, probeL2: probe.l2)
        project = try ProjectStage.Settings(section.section("fingerprint"), profile: profile, tokens: tokens)
        refine = try RefineSettings(
            section.section("refine"), profile: profile, hasTexts: !corpus.isVectors && !embed.isVectors)
        index = try IndexSettings(section.section("index"), profile: profile, hasWords: refine.usesWords)
        calibration = try CalibrationSettings(section.section("calibrate"))
        dropped = try Self.retention(section.section("retention"))
        slurm = section.subtree("slurm")
        try section.finish()
        try validate()
    }

    /// The configuration that a run's newest generation was built with, or that of its unfinished first build.
    package static func built(in directory: RunDirectory) throws(RunError) -> PipelineConfiguration {
        guard let generation = try directory.currentGeneration() else {
            return try PipelineConfiguration(ConfigurationNode(yamlFile: directory.configuration))
        }
        return try PipelineConfiguration(
            ConfigurationNode(yaml: generation.configuration, path: directory.configuration))
    }

    private enum Retention: String, CaseIterable { case keep, drop }

    /// What attribution reads has to stay; the rest may go.
    private static func retention(_ section: ConfigurationSection) throws(RunError) -> Set<String> {
        var section = section
        var dropped: Set<String> = []
        for (stage, standard) in [
            (LabelStage.name, Retention.keep), (ProjectStage.name, .drop), (ShardIndexStage.name, .drop),
        ] where try section.choice(stage, default: standard) == .drop {
            dropped.insert(stage)
        }
        try section.finish()
        return dropped
    }

    /// Those of the stages not every run has that a build with these embeddings has.
    func optionalStages(with embeddings: EmbeddingSource) -> Set<String> {
        guard !corpus.isVectors, !embed.isVectors, !embeddings.isVectors else { return [] }
        let isCheap = embeddings.isStatic && refine.rankBy == .fitted
        var stages: Set<String> = []
        if embed.sentences.isOn(automatically: isCheap) { stages.insert(SentenceStage.name) }
        if refine.usesWords, tokens.near.isOn(automatically: isCheap) { stages.insert(NearWordsStage.name) }
        return stages
    }

    /// Checks that span sections.
    private func validate() throws(RunError) {
        guard !corpus.files.isEmpty else {
            throw RunError(
                .configuration,
                "corpus.files is missing: name the corpus in the YAML or with --set corpus.files=CORPUS.jsonl (JSONL, plain or .gz, .zst, .lz4; or vectors as .npy, .safetensors, .fbin, .fvecs)"
            )
        }
        guard embed.path != nil || corpus.isVectors else {
            throw RunError(
                .configuration,
                "embed.path is missing: name a sentence-transformers folder or a file of vectors, for example --set embed.path=data/cache/models/all-MiniLM-L6-v2 (`make models` gets it)"
            )
        }
        if embed.sentences == .on, corpus.isVectors || embed.isVectors {
            throw RunError(
                .configuration,
                "embed.sentences: true needs texts and a model that embeds them, and here \(corpus.isVectors ? "the corpus" : "embed.path") is vectors; leave it at auto"
            )
        }
        if tokens.near == .on, corpus.isVectors || embed.isVectors || !refine.usesWords {
            throw RunError(
                .configuration,
                "tokens.near: true needs texts, a model that embeds words, and a ranking that looks at words; leave it at auto"
            )
        }
        if corpus.passage != nil, corpus.isVectors || embed.isVectors {
            throw RunError(.configuration, "corpus.passage cuts texts; a corpus of vectors has none")
        }
        if embed.isVectors, corpus.onError == .skip {
            throw RunError(
                .configuration,
                "corpus.on_error: skip cannot go with vectors for each sample (embed.path): a line that is left out would shift them"
            )
        }
        if corpus.ids != nil, !corpus.isVectors {
            throw RunError(.configuration, "corpus.ids is for vector files; texts have their ids with them")
        }
        if project.layout.isEmpty {
            throw RunError(
                .configuration,
                "fingerprint.embedding_weight, signature_weight and token_weight are all 0, which leaves no fingerprint"
            )
        }
        if project.layout.tokens != nil {
            guard !corpus.isVectors, !embed.isVectors else {
                throw RunError(
                    .configuration,
                    "fingerprint.token_weight above 0 needs the words of samples and outputs, and here \(corpus.isVectors ? "the corpus" : "embed.path") is vectors; leave it at 0"
                )
            }
            guard project.layout.combine == .weighted else {
                throw RunError(
                    .configuration,
                    "fingerprint.combine: raw is [e ; c] without a block of words; leave fingerprint.token_weight at 0")
            }
        }
        if project.distribution == .gaussian, probe.kind == .hidden {
            throw RunError(.configuration, "fingerprint.distribution: gaussian is for the linear probe; use rademacher")
        }
        if corpus.isVectors, embed.path != nil {
            throw RunError(
                .configuration, "corpus.files are vectors already; leave embed.path out, or name texts as the corpus")
        }
    }
}
