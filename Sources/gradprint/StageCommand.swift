internal import ArgumentParser
internal import Cluster
internal import Logging
internal import Pipeline
internal import Stages

/// What makes a command an element of a submitted job array; job scripts give it.
struct ElementOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The submission that this process works for, as its job script says: keeps records in the run directory, ends cleanly on SIGTERM, publishes nothing.",
            valueName: "token"))
    var submission: String?

    @Option(help: ArgumentHelp("The job's time limit.", valueName: "seconds"))
    var walltime: Int?

    /// Runs `body`, as an element where this is one.
    ///
    /// - Parameter body: gets the element.
    func run(
        stage: String, rank: Int, worldSize: Int, directory: RunDirectory, _ body: (Element?) throws(RunError) -> Void
    ) throws(RunError) {
        guard let submission else { return try body(nil) }
        let element = Element(
            stage: stage, rank: rank, worldSize: worldSize, directory: directory, token: submission, walltime: walltime)
        try element.run { () throws(RunError) in try body(element) }
    }
}

struct StageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stage",
        abstract: "Runs one stage's share of the tasks, for a cluster's job array.",
        discussion: """
            Rank R of a world of W does the tasks R, R + W, R + 2W, … of the stage. The stages before it have to be \
            done. In order: \(StageRegistry.names.joined(separator: ", ")). `gradprint submit` makes job arrays of them.

              gradprint stage embed pipeline.yaml --run-dir RUN --rank $JOB_COMPLETION_INDEX --world-size 64
            """)

    @Argument(help: "The stage's name.")
    var name: String

    @OptionGroup var pipeline: PipelineOptions

    @Option(help: "This process's number, from 0.")
    var rank = 0

    @Option(help: "How many processes share the stage.")
    var worldSize = 1

    @OptionGroup var element: ElementOptions
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
            let parsed = try pipeline.parse()
            let count = workers.count(configured: parsed.configuration.workers)
            let job = pipeline.job(parsed, workers: count, logger: logger)
            try element.run(stage: name, rank: rank, worldSize: worldSize, directory: parsed.directory) {
                (element) throws(RunError) in
                try job.run(stage: name, rank: rank, worldSize: worldSize, element: element?.journal)
            }
        }
    }
}

struct PublishCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Makes a generation of what the stages made, one by one.",
        discussion: """
            The last step after `gradprint stage` has done every task; `gradprint build` does it by itself. Runs no \
            stage: when a task is missing it says so and changes nothing.

              gradprint publish pipeline.yaml --run-dir RUN
            """)

    @OptionGroup var pipeline: PipelineOptions
    @OptionGroup var element: ElementOptions
    @OptionGroup var workers: WorkerOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        try reportingErrors(common) { logger in
            let parsed = try pipeline.parse()
            let count = workers.count(configured: parsed.configuration.workers)
            let job = pipeline.job(parsed, workers: count, logger: logger)
            let options = element
            try options.run(stage: ArrayJob.publish, rank: 0, worldSize: 1, directory: parsed.directory) {
                (_) throws(RunError) in
                let summary = try job.publish(submitted: options.submission != nil)
                logger.info("\(summary)")
            }
        }
    }
}
