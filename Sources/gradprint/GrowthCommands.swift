internal import ArgumentParser
internal import Foundation
internal import Logging
internal import Pipeline
internal import Stages

struct AppendCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "append",
        abstract: "Adds new files to a run, under the models that it has.",
        discussion: """
            The night's samples are ingested, embedded and fingerprinted as the run's corpus was, and become a batch with a \
            part of the index of its own; the models stay as they are, so it costs what the new files cost. Now and then \
            neighbouring parts are merged, so that there are never many.

              gradprint append tonight.jsonl.zst --run-dir RUN

            A sample whose id an earlier batch has replaces it; within the files of one append an id must not come twice. \
            The new generation appears in one step. Killed at any moment, the same command goes on; files that are in the \
            run already are not appended twice. After an error nothing of the files is part of the run. \
            `gradprint status RUN` tells when the new samples have drifted so far from the models that it is time for \
            `build --retrain`.
            """)

    @Argument(help: "Files like those of corpus.files: JSON Lines, plain or .gz, .zst, .lz4, or -; or vectors.")
    var files: [String]

    @Option(help: "The run directory that `build` made.")
    var runDir: String

    @Option(help: "One id a line, for vectors.")
    var ids: String?

    @Option(help: "A file with one vector for each sample, in order, for a run whose texts were embedded elsewhere.")
    var vectors: String?

    @Flag(help: "Append files once more that are in the run already, for example after their ids were deleted.")
    var again = false

    @Flag(help: "Let parts made at another instruction-set level or with another BLAS build be mixed.")
    var allowMixedKernels = false

    @Flag(help: "Print the plan and stop.")
    var dryRun = false

    @OptionGroup var workers: WorkerOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        try reportingErrors(common) { logger in
            let job = try GrowJob(
                directory: RunDirectory(path: absolute(runDir)), workers: workers.count(),
                allowsMixedPlatforms: allowMixedKernels, progress: BuildProgress { logger.info("\($0)") }
            ) { logger.warning("\($0)") }
            let files = GrowJob.Files(
                files.map { $0 == "-" ? $0 : absolute($0) }, ids: ids.map(absolute), vectors: vectors.map(absolute),
                isRepeated: again)
            if dryRun {
                try writeOutput(try job.plan(files).table() + "\n")
            } else {
                let summary = try job.append(files)
                logger.info("\(summary)")
            }
        }
    }
}

struct MergeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Makes one part of the index of all that was appended.",
        discussion: """
            Appends merge by themselves, so this is for a quiet hour: a search then reads two parts, that of the build and \
            that of all appends.

            With --purge what `gradprint delete` has hidden is erased, from every file of every generation that the run \
            keeps; the run's copy of standard input and what methods have learned go altogether, and a previous generation that \
            another version of gradprint made, or another embedder than is there now. What stays are sums over \
            many samples that a deleted one was part of: centroids, probe and its curvature, frequencies of words and the \
            calibration. They name no sample and quote none; the frequencies still count its words, by their hashes. \
            `gradprint build PIPELINE.yaml --retrain` after the purge makes all of them without it. Killed at any moment, the \
            run answers as before and the same command goes on. The files that you gave to `build` and `append` are yours: \
            nobody touches them. `gradprint check RUN --deleted IDS.txt` proves that the ids are gone.
            """)

    @Argument(help: ArgumentHelp("The run directory.", valueName: "run"))
    var directory: String

    @Flag(help: "Erase deleted samples from every file of the run.")
    var purge = false

    @Flag(help: "Let parts made at another instruction-set level or with another BLAS build be mixed.")
    var allowMixedKernels = false

    @OptionGroup var workers: WorkerOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        try reportingErrors(common) { logger in
            let job = try GrowJob(
                directory: RunDirectory(path: absolute(directory)), workers: workers.count(),
                allowsMixedPlatforms: allowMixedKernels, progress: BuildProgress { logger.info("\($0)") }
            ) { logger.warning("\($0)") }
            let summary = try job.merge()
            logger.info("\(summary)")
            guard purge else { return }
            let erased = try PurgeJob(
                directory: RunDirectory(path: absolute(directory)), workers: workers.count(),
                progress: BuildProgress { logger.info("\($0)") }
            ).purge()
            logger.info("\(erased)")
        }
    }
}

struct DeleteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Takes samples down: hides them at once in every generation.",
        discussion: """
            The file has one id a line, of samples or of whole documents. From the next `attribute` on nobody finds them, \
            also after a rollback; a build that runs meanwhile is not disturbed. A sample of the same id that is appended \
            later is another one and can be found. Nothing is erased: that is `gradprint merge RUN --purge`.

              gradprint delete RUN takedown.txt

            Ids that the run does not have are an error, and then nothing is deleted.
            """)

    @Argument(help: ArgumentHelp("The run directory.", valueName: "run"))
    var directory: String

    @Argument(help: "A file of ids, one a line; - reads standard input.")
    var ids: String

    @Flag(help: "Delete the other ids where the run does not have some.")
    var ignoreMissing = false

    @Flag(help: "Say what would be hidden and change nothing.")
    var dryRun = false

    @OptionGroup var common: CommonOptions

    func run() throws {
        try reportingErrors(common) { logger in
            let job = try DeleteJob(directory: RunDirectory(path: absolute(directory)))
            let path = ids == "-" ? ids : absolute(ids)
            let summary = try job.delete(idsIn: path, ignoringMissing: ignoreMissing, isDry: dryRun)
            logger.info("\(summary)")
        }
    }
}

struct RollbackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Returns to the generation before the current one.",
        discussion: """
            A run keeps the generation before the current one with all its files. This makes it the current one, in one \
            step and under a new number; what was appended since is not part of the run any more. Deleted samples stay \
            deleted. A second rollback takes the first one back, as long as nothing was built in between.
            """)

    @Argument(help: ArgumentHelp("The run directory.", valueName: "run"))
    var directory: String

    @OptionGroup var common: CommonOptions

    func run() throws {
        try reportingErrors(common) { logger in
            let summary = try RollbackJob.rollBack(RunDirectory(path: absolute(directory)))
            logger.info("\(summary)")
        }
    }
}
