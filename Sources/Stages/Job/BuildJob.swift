internal import Corpus
internal import Foundation
package import Pipeline
internal import Storage

/// A build: the configuration, its inputs, and the runner that does the stages.
package struct BuildJob {
    let builder: RunBuilder
    var configuration: PipelineConfiguration { builder.configuration }
    var directory: RunDirectory { builder.directory }

    /// - Parameters:
    ///   - root: the configuration with every override applied; the run keeps it.
    ///   - workers: threads in all.
    package init(
        configuration: PipelineConfiguration, root: ConfigurationNode, directory: RunDirectory, workers: Int,
        allowsMixedPlatforms: Bool, progress: BuildProgress
    ) {
        builder = RunBuilder(
            configuration: configuration, text: Self.portable(root, configuration).yaml(), directory: directory,
            workers: workers, allowsMixedPlatforms: allowsMixedPlatforms, progress: progress)
    }

    /// Reads the corpus files once for their digests, and the embedder.
    ///
    /// The run's growth goes on: what was appended, or has begun to be, stays. The first batch becomes what the
    /// configuration names; where a file is gone that the run has ingested, the record stands for it.
    ///
    /// - Parameter retrain: whether all batches become the corpus that the models are trained on.
    /// - Throws: `missingInput`, `badInput`, `permission`, `noSpace`.
    func inputs(spools: Bool, retrain: Bool = false) throws(RunError) -> BuildInputs {
        let known = try directory.targetGrowth()
        let corpus = configuration.corpus
        if let known, known.batches.count > 1, (known.batches[0].vectors != nil) != corpus.isVectors {
            throw RunError(
                .configuration,
                "\(directory.path): the batches that were appended are \(corpus.isVectors ? "texts" : "vectors") and corpus.files are not; start a new run directory"
            )
        }
        var growth: Growth
        var (files, vectors): ([CorpusFile], VectorSet?) = ([], nil)
        if let known, isGone(known.batches[0]) {
            growth = known
        } else {
            (files, vectors) = try RunBuilder.read(corpus.files, ids: corpus.ids, isVectors: corpus.isVectors) {
                () throws(RunError) in try StandardInput.copy(in: directory, spools: spools)
            }
            let first = Batch(
                number: known?.batches[0].number ?? 0, files: files.map(\.record),
                vectors: vectors.map { Batch.Vectors($0, ids: corpus.ids) })
            growth = known ?? Growth(first)
            growth.replaceFirst(first)
        }
        if retrain { growth.retrain(erased: try directory.erasedRows(of: directory.currentGeneration())) }
        let bytes = files.reduce(0) { $0 + $1.record.bytes }
        if spools { try Resources.available(at: directory.path).check(corpusBytes: bytes, at: directory.path) }
        return try BuildInputs(configuration, growth: growth, read: files, vectors: vectors)
    }

    /// Whether a file that the configuration names is gone, and the run's first batch has all that it names.
    private func isGone(_ first: Batch) -> Bool {
        let corpus = configuration.corpus
        guard corpus.files == first.files.map(\.path), corpus.ids == first.vectors?.ids else { return false }
        return !corpus.files.allSatisfy { FileManager.default.fileExists(atPath: $0) }
    }

    /// The configuration as the run keeps it: paths made absolute, and without what doesn't change the result.
    private static func portable(_ root: ConfigurationNode, _ configuration: PipelineConfiguration) -> ConfigurationNode
    {
        var root = root
        root.remove("run_dir")
        root.remove("workers")
        root.remove("slurm")
        root.replace("corpus.files", with: configuration.corpus.files)
        if let ids = configuration.corpus.ids { root.replace("corpus.ids", with: [ids]) }
        if let path = configuration.embed.path { root.replace("embed.path", with: [path]) }
        return root
    }

    /// What is done and what would run.
    package func plan(retrain: Bool = false) throws(RunError) -> PlanSummary {
        try builder.plan(try inputs(spools: false, retrain: retrain))
    }

    /// Builds what is missing, under the run's exclusive lock.
    ///
    /// - Parameter retrain: whether the models are trained anew on all batches. The generation that is there answers until
    ///   the new one is published.
    /// - Returns: one sentence on the result.
    package func build(retrain: Bool = false) throws(RunError) -> String {
        try directory.create()
        let lock = try directory.lock(exclusive: true)
        defer { withExtendedLifetime(lock) {} }
        let inputs = try inputs(spools: true, retrain: retrain)
        if retrain {
            let current = try directory.currentGeneration()
            guard current != nil else {
                throw RunError(
                    .missingInput, "\(directory.path): there is nothing to retrain yet; build the run without --retrain"
                )
            }
            try directory.keepPending(inputs.growth)
        }
        let start = ContinuousClock.now
        let generation = try builder.build(inputs)
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let zeros = try zeroVectors()
        let note =
            zeros == 0
            ? ""
            : "; \(grouped(zeros)) rows have a zero embedding (no word that the embedder knows), similar to nothing"
        return
            "generation \(generation.number): \(grouped(generation.catalog.rows)) rows in \(generation.catalog.shards.count) shards, built in \(duration(seconds))\(note); attribute a log with `gradprint attribute LOG.jsonl --run-dir \(directory.path)`"
    }

    private func zeroVectors() throws(RunError) -> Int {
        let embed = try RunStatus(directory: directory).stages.first { $0.name == EmbedStage.name }
        guard case .integer(let count)? = embed?.figures[EmbedStage.zeroVectors] else { return 0 }
        return count
    }

    /// Does one rank's share of a stage. Ranks share the lock: they cannot harm each other, a build beside them could.
    ///
    /// - Parameter element: for an element of a submitted job array, the journal's file below the run directory; such an
    ///   element reads what ``prepareSubmission()`` wrote and leaves publishing to ``publish(submitted:)``.
    package func run(stage: String, rank: Int, worldSize: Int, element journal: String? = nil) throws(RunError) {
        if configuration.corpus.isVectors, StageRegistry.ofTexts.contains(stage) {
            throw RunError(.configuration, "stage '\(stage)' reads texts, and corpus.files are vectors; leave it out")
        }
        if journal == nil { try directory.create() }
        let lock = try directory.lock(exclusive: false)
        defer { withExtendedLifetime(lock) {} }
        if let journal {
            // Of an array; who published it sees to the rest.
            var builder = builder
            builder.options.journal = journal
            builder.options.publishes = false
            return try builder.runner(try submittedInputs()).run(stage: stage, rank: rank, worldSize: worldSize)
        }
        let inputs = try inputs(spools: false)
        guard builder.stages(inputs).contains(stage) else {
            throw RunError(
                .configuration,
                "stage '\(stage)' has no part in this build (tokens.near: \(configuration.tokens.near.rawValue), embed.sentences: \(configuration.embed.sentences.rawValue)); leave it out"
            )
        }
        let runner = builder.runner(inputs)
        if rank == 0 { try builder.keepConfiguration() }
        let before = try directory.currentGeneration()?.number
        try runner.run(stage: stage, rank: rank, worldSize: worldSize)
        // The task that ended the build published it.
        let after = try directory.currentGeneration()?.number
        if after != before { try RunBuilder.keepDeletedRows(directory) }
    }
}
