internal import Foundation
package import Pipeline
internal import Storage

/// A build: the configuration, its inputs, and the runner that does the stages.
package struct BuildJob {
    private let runner: Runner
    private let root: ConfigurationNode
    private let log: @Sendable (String) -> Void

    /// Reads the corpus files once for their digests, and the embedder.
    ///
    /// - Parameters:
    ///   - root: the configuration with every override applied; the run keeps it.
    ///   - workers: threads in all.
    ///   - log: takes messages to the user.
    /// - Throws: `missingInput`, `badInput`, `permission`, `configuration`.
    package init(
        configuration: PipelineConfiguration, root: ConfigurationNode, directory: RunDirectory, workers: Int,
        allowsMixedPlatforms: Bool, progress: BuildProgress, log: @escaping @Sendable (String) -> Void
    ) throws(RunError) {
        let inputs = try BuildInputs(configuration, directory: directory)
        runner = Runner(
            directory: directory, stages: StageRegistry.stages(configuration, inputs: inputs),
            fileDigests: inputs.fileDigests,
            options: Runner.Options(
                workers: workers, dropped: configuration.dropped, allowsMixedPlatforms: allowsMixedPlatforms),
            progress: progress)
        self.root = root
        self.log = log
    }

    /// What is done and what would run.
    package func plan() throws(RunError) -> PlanSummary {
        let plan = try runner.currentPlan()
        return PlanSummary(plan, mustRun: try runner.missing(in: plan))
    }

    /// Builds what is missing, under the run's exclusive lock.
    ///
    /// - Returns: one sentence on the result.
    package func build() throws(RunError) -> String {
        try runner.directory.create()
        let lock = try runner.directory.lock(exclusive: true)
        defer { withExtendedLifetime(lock) {} }
        try keepConfiguration()
        let start = ContinuousClock.now
        try runner.build()
        guard let generation = try runner.directory.currentGeneration() else {
            throw RunError(.defect, "the build ended without a generation")
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        return
            "generation \(generation.number): \(grouped(generation.catalog.rows)) rows in \(generation.catalog.shards.count) shards, built in \(duration(seconds)); attribute a log with `gradprint attribute LOG.jsonl --run-dir \(runner.directory.path)`"
    }

    /// Does one rank's share of a stage. Ranks share the lock: they cannot harm each other, a build beside them could.
    package func run(stage: String, rank: Int, worldSize: Int) throws(RunError) {
        try runner.directory.create()
        let lock = try runner.directory.lock(exclusive: false)
        defer { withExtendedLifetime(lock) {} }
        if rank == 0 { try keepConfiguration() }
        try runner.run(stage: stage, rank: rank, worldSize: worldSize)
    }

    private func keepConfiguration() throws(RunError) {
        let text = root.yaml()
        let path = runner.directory.configuration
        if FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } == text { return }
        try reporting(damaged: .corrupt) { () throws(StorageError) in try DurableFile.write(text, to: path) }
    }
}

/// A plan as a person reads it.
package struct PlanSummary: Sendable {
    private let lines: [(stage: String, tasks: Int, toRun: Int)]
    private let isComplete: Bool

    init(_ plan: BuildPlan, mustRun: [Bool]) {
        lines = StageRegistry.names.map { name in
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
