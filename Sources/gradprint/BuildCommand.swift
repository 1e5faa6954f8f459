internal import ArgumentParser
internal import Cluster
internal import Foundation
internal import Logging
internal import Pipeline
internal import Stages

/// What `build` and `stage` share: the pipeline's file and what overrides it.
struct PipelineOptions: ParsableArguments {
    @Argument(help: "The pipeline: a YAML file, for example pipelines/default.yaml.")
    var pipeline: String

    @Option(
        name: .customLong("set"), parsing: .singleValue,
        help: ArgumentHelp(
            "Overrides a key; paths are relative to the working directory. Repeatable.", valueName: "key=value"))
    var assignments: [String] = []

    @Option(help: "The run directory: everything the build makes. (default: the YAML's run_dir)")
    var runDir: String?

    @Flag(
        help:
            "Let parts made at another instruction-set level or with another BLAS build be mixed; last bits may differ."
    )
    var allowMixedKernels = false

    /// The pipeline as the file and the command line give it.
    struct Parsed {
        let root: ConfigurationNode
        let configuration: PipelineConfiguration
        let slurm: SlurmSettings
        let directory: RunDirectory
    }

    func parse() throws(RunError) -> Parsed {
        var root = try ConfigurationNode(yamlFile: pipeline)
        for assignment in assignments { try root.set(assignment) }
        let configuration = try PipelineConfiguration(root)
        guard let path = runDir ?? configuration.runDirectory else {
            throw RunError(.configuration, "where shall the run be kept? Give --run-dir RUN or the key run_dir")
        }
        return Parsed(
            root: root, configuration: configuration,
            slurm: try SlurmSettings(configuration.slurm, stages: StageRegistry.names),
            directory: RunDirectory(path: absolute(path)))
    }

    func job(_ parsed: Parsed, workers: Int, logger: Logger) -> BuildJob {
        BuildJob(
            configuration: parsed.configuration, root: parsed.root, directory: parsed.directory, workers: workers,
            allowsMixedPlatforms: allowMixedKernels, progress: BuildProgress { logger.info("\($0)") })
    }

    func job(workers: WorkerOptions, logger: Logger) throws(RunError) -> BuildJob {
        let parsed = try parse()
        return job(parsed, workers: workers.count(configured: parsed.configuration.workers), logger: logger)
    }
}

/// A path of the command line, relative to the working directory, as an absolute one.
func absolute(_ path: String) -> String {
    path.hasPrefix("/")
        ? path : URL(filePath: FileManager.default.currentDirectoryPath).appending(path: path).standardizedFileURL.path
}

struct BuildCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Turns a corpus into a fingerprint index.",
        discussion: """
            Plans stages × shards, skips what is done, and runs the rest. Killed at any moment, the same command goes \
            on where it was; a changed key re-runs exactly the stages that depend on it. What was appended stays appended.

              gradprint build pipelines/default.yaml --set corpus.files=corpus.jsonl.zst \\
                --set embed.path=models/all-MiniLM-L6-v2 --run-dir runs/tonight

            The keys of a pipeline, with their defaults:

            \(ConfigurationReference.text)
            """)

    @OptionGroup var pipeline: PipelineOptions
    @OptionGroup var workers: WorkerOptions
    @OptionGroup var common: CommonOptions

    @Flag(help: "Train the models anew on all that was appended, too; the run answers as before until that is done.")
    var retrain = false

    @Flag(help: "Print the plan and stop.")
    var dryRun = false

    func run() throws {
        try reportingErrors(common) { logger in
            let job = try pipeline.job(workers: workers, logger: logger)
            if dryRun {
                try writeOutput(try job.plan(retrain: retrain).table() + "\n")
                return
            }
            let summary = try job.build(retrain: retrain)
            logger.info("\(summary)")
        }
    }
}
