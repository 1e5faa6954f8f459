internal import Foundation
package import Pipeline
internal import Storage

/// A build: the configuration, its inputs, and the runner that does the stages.
package struct BuildJob {
    private let configuration: PipelineConfiguration
    private let text: String
    private let directory: RunDirectory
    private let options: Runner.Options
    private let progress: BuildProgress

    /// - Parameters:
    ///   - root: the configuration with every override applied; the run keeps it.
    ///   - workers: threads in all.
    package init(
        configuration: PipelineConfiguration, root: ConfigurationNode, directory: RunDirectory, workers: Int,
        allowsMixedPlatforms: Bool, progress: BuildProgress
    ) {
        self.configuration = configuration
        self.directory = directory
        self.progress = progress
        text = Self.portable(root, configuration).yaml()
        options = Runner.Options(
            workers: workers, dropped: configuration.dropped, allowsMixedPlatforms: allowsMixedPlatforms,
            absent: StageRegistry.names.filter { !StageRegistry.names(configuration).contains($0) })
    }

    /// Reads the corpus files once for their digests, and the embedder.
    ///
    /// - Throws: `missingInput`, `badInput`, `permission`, `noSpace`.
    private func runner(spools: Bool) throws(RunError) -> Runner {
        let inputs = try BuildInputs(configuration, directory: directory, spools: spools)
        let bytes = inputs.files.reduce(0) { $0 + $1.bytes }
        if spools { try Resources.available(at: directory.path).check(corpusBytes: bytes, at: directory.path) }
        return Runner(
            directory: directory, stages: StageRegistry.stages(configuration, inputs: inputs),
            fileDigests: inputs.files.map(\.identity), configuration: text, options: options, progress: progress)
    }

    /// The configuration as the run keeps it: paths made absolute, and without what doesn't change the result.
    private static func portable(_ root: ConfigurationNode, _ configuration: PipelineConfiguration) -> ConfigurationNode
    {
        var root = root
        root.remove("run_dir")
        root.remove("workers")
        root.replace("corpus.files", with: configuration.corpus.files)
        if let ids = configuration.corpus.ids { root.replace("corpus.ids", with: [ids]) }
        if let path = configuration.embed.path { root.replace("embed.path", with: [path]) }
        return root
    }

    /// What is done and what would run.
    package func plan() throws(RunError) -> PlanSummary {
        let runner = try runner(spools: false)
        let plan = try runner.currentPlan()
        return PlanSummary(
            plan, stages: StageRegistry.names(configuration), mustRun: try runner.missing(in: plan))
    }

    /// Builds what is missing, under the run's exclusive lock.
    ///
    /// - Returns: one sentence on the result.
    package func build() throws(RunError) -> String {
        try directory.create()
        let lock = try directory.lock(exclusive: true)
        defer { withExtendedLifetime(lock) {} }
        let runner = try runner(spools: true)
        try keepConfiguration()
        let start = ContinuousClock.now
        try runner.build()
        guard let generation = try directory.currentGeneration() else {
            throw RunError(.defect, "the build ended without a generation")
        }
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
    package func run(stage: String, rank: Int, worldSize: Int) throws(RunError) {
        if options.absent.contains(stage) {
            throw RunError(.configuration, "stage '\(stage)' reads texts, and corpus.files are vectors; leave it out")
        }
        try directory.create()
        let lock = try directory.lock(exclusive: false)
        defer { withExtendedLifetime(lock) {} }
        let runner = try runner(spools: false)
        if rank == 0 { try keepConfiguration() }
        try runner.run(stage: stage, rank: rank, worldSize: worldSize)
    }

    private func keepConfiguration() throws(RunError) {
        let path = directory.configuration
        if FileManager.default.contents(atPath: path) == Data(text.utf8) { return }
        try reporting(damaged: .corrupt) { () throws(StorageError) in try DurableFile.write(text, to: path) }
    }
}

/// A plan as a person reads it.
package struct PlanSummary: Sendable {
    private let lines: [(stage: String, tasks: Int, toRun: Int)]
    private let isComplete: Bool

    init(_ plan: BuildPlan, stages: [String], mustRun: [Bool]) {
        lines = stages.map { name in
            let tasks = plan.tasks(of: name)
            return (name, tasks.count, tasks.count { mustRun[$0] })
        }
        isComplete = plan.catalog != nil
    }

    package func table() -> String {
        var rows = ["stage          tasks  to run"]
        for line in lines {
            let known = line.tasks > 0 || isComplete
            let stage = line.stage.padding(toLength: 13, withPad: " ", startingAt: 0)
            rows.append(stage + (known ? aligned(line.tasks) + aligned(line.toRun) : "      known after the catalog"))
        }
        return rows.joined(separator: "\n")
    }

    private func aligned(_ number: Int) -> String {
        let text = grouped(number)
        return String(repeating: " ", count: max(1, 8 - text.count)) + text
    }
}
