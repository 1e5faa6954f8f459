internal import ArgumentParser
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

    func job(workers: WorkerOptions, logger: Logger) throws(RunError) -> BuildJob {
        var root = try ConfigurationNode(yamlFile: pipeline)
        for assignment in assignments { try root.set(assignment) }
        let configuration = try PipelineConfiguration(root)
        guard let path = runDir ?? configuration.runDirectory else {
            throw RunError(.configuration, "where shall the run be kept? Give --run-dir RUN or the key run_dir")
        }
        return BuildJob(
            configuration: configuration, root: root, directory: RunDirectory(path: absolute(path)),
            workers: workers.count(configured: configuration.workers), allowsMixedPlatforms: allowMixedKernels,
            progress: BuildProgress { logger.info("\($0)") })
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

struct StageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stage",
        abstract: "Runs one stage's share of the tasks, for a cluster's job array.",
        discussion: """
            Rank R of a world of W does the tasks R, R + W, R + 2W, … of the stage. The stages before it have to be \
            done. In order: \(StageRegistry.names.joined(separator: ", ")).

              gradprint stage embed pipeline.yaml --run-dir RUN --rank $SLURM_ARRAY_TASK_ID --world-size 64
            """)

    @Argument(help: "The stage's name.")
    var name: String

    @OptionGroup var pipeline: PipelineOptions

    @Option(help: "This process's number, from 0.")
    var rank = 0

    @Option(help: "How many processes share the stage.")
    var worldSize = 1

    @OptionGroup var workers: WorkerOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard StageRegistry.names.contains(name) else {
            throw ValidationError(
                "There is no stage '\(name)'; the stages are \(StageRegistry.names.joined(separator: ", ")).")
        }
        guard worldSize >= 1, (0..<worldSize).contains(rank) else {
            throw ValidationError("--rank has to be from 0 to --world-size minus 1.")
        }
    }

    func run() throws {
        try reportingErrors(common) { logger in
            let job = try pipeline.job(workers: workers, logger: logger)
            try job.run(stage: name, rank: rank, worldSize: worldSize)
        }
    }
}
