internal import ArgumentParser
internal import Cluster
internal import Logging
internal import Pipeline
internal import Stages

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows what a run holds and what is left to do.",
        discussion: """
            Reads the run's manifests, so it works beside a running build and after a killed one. Of such a build it \
            shows for each stage the tasks and rows that are left, and how long they take at the rates of the same stage \
            in this run's journal; for a stage that never ran here that is unknown. What another build would do is \
            printed by `gradprint build … --dry-run`. Of a run that was handed to Slurm it shows the jobs, \
            their states where squeue is there, and why elements failed.
            """)

    @Argument(help: ArgumentHelp("The run directory.", valueName: "run"))
    var directory: String

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var common: CommonOptions

    func run() throws {
        try reportingErrors(common) { _ in
            let run = RunDirectory(path: absolute(directory))
            let status = try RunStatus(directory: run)
            let cluster = try ClusterStatus(directory: run)
            let record = WholeStatus(run: status, cluster: cluster)
            let text = status.table() + (cluster?.text() ?? "")
            try writeOutput(json ? String(decoding: JSONFile.encode(record), as: UTF8.self) : text)
        }
    }
}

/// A run's status, and under `cluster` that of its submission.
private struct WholeStatus: Encodable {
    let run: RunStatus
    let cluster: ClusterStatus?

    private enum CodingKeys: CodingKey { case cluster }

    func encode(to encoder: any Encoder) throws {
        try run.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(cluster, forKey: .cluster)
    }
}

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Verifies every checksum and invariant of a run.",
        discussion: """
            Reads every byte. Names each damaged file; exit code 76 when there is one, 66 when no build has come to its end.

            With --deleted it proves instead that ids are gone, as after `gradprint merge RUN --purge`: no corpus shard of \
            any generation has one, no erased row has content in any file, and no id of eight bytes or more occurs in any \
            text of the run. Exit code 65 when something is left.
            """)

    @Argument(help: ArgumentHelp("The run directory.", valueName: "run"))
    var directory: String

    @Option(help: ArgumentHelp("A file of ids, one a line: prove that they are gone.", valueName: "ids"))
    var deleted: String?

    @OptionGroup var common: CommonOptions

    private func checkDeleted(_ ids: String, _ logger: Logger) throws {
        let result = try DeletionCheck.check(RunDirectory(path: absolute(directory)), idsIn: absolute(ids))
        for note in result.notes { logger.warning("a sample that stays speaks of an id: \(note)") }
        for problem in result.problems { logger.error("\(problem)") }
        if !result.problems.isEmpty {
            throw RunError(
                .badInput,
                "something of the ids is left; `gradprint delete` hides them and `gradprint merge \(directory) --purge` erases them"
            )
        }
        logger.info(
            "\(grouped(result.ids)) ids are gone: \(grouped(result.rows)) rows are erased, and \(grouped(result.files)) files were searched"
        )
    }

    func run() throws {
        try reportingErrors(common) { logger in
            if let deleted { return try checkDeleted(deleted, logger) }
            let result = try RunCheck.check(RunDirectory(path: absolute(directory)))
            for problem in result.problems { logger.error("\(problem)") }
            if !result.problems.isEmpty {
                throw RunError(
                    .corrupt,
                    "\(result.problems.count) of \(result.files) files are damaged; delete their task folders and run the build again"
                )
            }
            let summary = "\(result.files) files, \(byteSize(result.bytes)): all sound"
            guard result.hasGeneration else {
                throw RunError(
                    .missingInput,
                    "\(summary), but no build has come to its end here, so there is nothing to attribute with; run the build again"
                )
            }
            logger.info("\(summary)")
        }
    }
}

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Prints a shard file's header, columns and first rows.")

    @Argument(help: "A .shard file of a run.")
    var file: String

    @Option(help: "How many rows to print.")
    var rows = 3

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if rows < 0 { throw ValidationError("--rows cannot be negative.") }
    }

    func run() throws {
        try reportingErrors(common) { _ in
            try writeOutput(try ShardInspection(path: absolute(file), rows: rows).text)
        }
    }
}
