internal import ArgumentParser
internal import Cluster
internal import Foundation
internal import Kernels
internal import Logging
internal import Pipeline
internal import Stages

struct SubmitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Hands a build to Slurm: a job array for each stage.",
        discussion: """
            Each stage becomes a job array that starts when those it reads from have succeeded; a last job publishes \
            the generation. What is done already is not submitted, so the same command goes on after a failure. \
            `gradprint status RUN` tells how it stands. docs/cluster.md leads from nothing to a build.

              gradprint submit pipelines/slurm.yaml --run-dir /shared/run --dry-run
              gradprint submit pipelines/slurm.yaml --run-dir /shared/run --partition cpu --array-size 200

            The run directory, the corpus, the embedder and gradprint itself have to lie on a filesystem that all \
            nodes share. The keys of a pipeline's slurm section, with their defaults:

            \(SlurmSettings.reference)
            """)

    @OptionGroup var pipeline: PipelineOptions

    @Option(help: "Elements of a job array at most. (default: slurm.array_size)")
    var arraySize: Int?

    @Option(help: "Where jobs run. (default: slurm.partition)")
    var partition: String?

    @Option(help: "Features that a node must have. (default: slurm.constraint)")
    var constraint: String?

    @Option(help: "Time limit of every element, as Slurm writes it. (default: slurm.time)")
    var time: WallTime?

    @Option(
        help: ArgumentHelp(
            "The instruction set that every node has. (default: slurm.kernel_level)", valueName: "scalar|avx2|avx512"))
    var kernelLevel: KernelLevel?

    @Flag(help: "Print the job script and the sbatch commands, and stop.")
    var dryRun = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let arraySize, !(1...1_000_000).contains(arraySize) {
            throw ValidationError("--array-size has to be from 1 to 1000000.")
        }
        for (name, value) in [("partition", partition), ("constraint", constraint)] {
            if let value, !SlurmSettings.isWord(value) {
                throw ValidationError("--\(name) has to be a name without blanks, quotes and dollar signs.")
            }
        }
    }

    func run() throws {
        try reportingErrors(common) { logger in
            let parsed = try pipeline.parse()
            let settings = settings(parsed.slurm)
            try becomeLikeTheNodes(settings)
            let job = pipeline.job(parsed, workers: 1, logger: logger)
            let script = { (token: String) in
                JobScript(run: parsed.directory.path, token: token, executable: Self.executable, settings: settings)
            }
            if dryRun {
                let (loads, isPublished) = try plan(job, parsed, settings, logger: logger)
                let jobs = ArrayJob.jobs(for: loads, isPublished: isPublished, settings: settings)
                try tell(jobs, loads, settings, logger: logger)
                try writeOutput(script("TOKEN").rehearsal(of: jobs))
                return
            }
            let submitter = Submitter(client: SlurmClient(), directory: parsed.directory, settings: settings)
            try submitter.check(stages: StageRegistry.names)
            try parsed.directory.create()
            let lock = try parsed.directory.lock(exclusive: true)
            defer { withExtendedLifetime(lock) {} }
            logger.info("reading the corpus once, for its checksums")
            try job.prepareSubmission()
            let (loads, isPublished) = try job.loads(standInShards: settings.arraySize, submitted: true)
            let jobs = ArrayJob.jobs(for: loads, isPublished: isPublished, settings: settings)
            try tell(jobs, loads, settings, logger: logger)
            guard !jobs.isEmpty else { return }
            let submission = try submitter.submit(
                jobs, script: script(UUID().uuidString.lowercased()), platform: .current)
            for job in submission.jobs {
                let count = job.ranks.count
                try writeOutput("\(job.id) \(job.stage) \(count) \(count == 1 ? "element" : "elements")\n")
            }
            logger.info("submitted; `gradprint status \(parsed.directory.path)` tells how it stands")
        }
    }

    /// Where this program is.
    private static let executable = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().path

    private func settings(_ configured: SlurmSettings) -> SlurmSettings {
        var settings = configured
        settings.arraySize = arraySize ?? settings.arraySize
        settings.kernelLevel = kernelLevel ?? settings.kernelLevel
        settings.override(partition: partition, constraint: constraint, time: time)
        return settings
    }

    /// What a dry run plans from: where the corpus or the embedder is not on this machine, as if nothing was done.
    private func plan(
        _ job: BuildJob, _ parsed: PipelineOptions.Parsed, _ settings: SlurmSettings, logger: Logger
    ) throws(RunError) -> (loads: [StageLoad], isPublished: Bool) {
        do {
            return try job.loads(standInShards: settings.arraySize, submitted: false)
        } catch {
            guard error.kind == .missingInput else { throw error }
            logger.warning("\(error.message); planned as if nothing was done")
            return (try job.loadsOfAbsentInputs(standInShards: settings.arraySize), false)
        }
    }

    private func tell(
        _ jobs: [ArrayJob], _ loads: [StageLoad], _ settings: SlurmSettings, logger: Logger
    ) throws(RunError) {
        if jobs.isEmpty { logger.info("there is nothing to submit: every task is done and published") }
        for sentence in try Submitter.judge(jobs, loads: loads, notice: settings.notice) {
            logger.warning("\(sentence)")
        }
    }

    /// Starts this program again with the environment that jobs have, unless it has it: the plan compares what is done
    /// with what the nodes would make, and OpenBLAS chooses its kernels when it is loaded.
    private func becomeLikeTheNodes(_ settings: SlurmSettings) throws(RunError) {
        guard settings.kernelLevel <= .highest else {
            throw RunError(
                .incompatible,
                "slurm.kernel_level is \(settings.kernelLevel.rawValue), and this machine has \(KernelLevel.highest.rawValue) at most: submit from a node that has it, or lower it to what all nodes have"
            )
        }
        let level = settings.kernelLevel.rawValue
        let environment = ProcessInfo.processInfo.environment
        let isAlike =
            environment["GRADPRINT_KERNELS"] == level
            && (settings.blasCore == nil || environment["OPENBLAS_CORETYPE"] == settings.blasCore)
        guard !isAlike else { return }
        unsafe setenv("GRADPRINT_KERNELS", level, 1)
        if let core = settings.blasCore { unsafe setenv("OPENBLAS_CORETYPE", core, 1) }
        unsafe execv(Self.executable, CommandLine.unsafeArgv)
        throw RunError(
            .defect,
            "gradprint cannot start itself again with the nodes' environment: \(unsafe String(cString: strerror(errno)))"
        )
    }
}

extension WallTime: ExpressibleByArgument {
    package init?(argument: String) { self.init(argument) }
}

extension KernelLevel: ExpressibleByArgument {}
