internal import ArgumentParser
internal import Foundation
internal import Logging
internal import Pipeline
internal import Stages

struct AttributeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attribute",
        abstract: "Finds the sources of each output in a log.",
        discussion: """
            The log is JSON Lines: {"id": …, "text": …} a line, plain or .gz, .zst, .lz4, or - for standard input. Each \
            line gives one JSON object with its ranked sources, in input order; a bad line gives {"id", "error"}, a \
            missing id becomes the line's number.

              gradprint attribute outputs.jsonl --run-dir RUN --output attributions.jsonl --report audit.html

            The report is one HTML file for a reader: outputs and sources side by side with the words they share marked, \
            what each number means, and what it was made with. \
            Vectors made elsewhere are attributed with --vectors outputs.npy --ids ids.txt.

            Fields: `score` is what ranks, higher is better. `p_value` is the share of outputs without a source, of about as \
            many words, whose best match looks at least as good; `no_source` is true when the best one is above --level; both are null where \
            the build simulated too few outputs of that size to tell at this level (calibrate.nulls). `similarity` is the \
            cosine of the fingerprints, `sentence_similarity` that of the embeddings of the output and of the sample's nearest sentence, null in a run without sentences; `influence` is -∇L(output)ᵀ(H+λI)⁻¹∇L(sample) of the cluster probe, \
            `relative_influence` the same divided by the root of the sample's own, `token_influence` the change of the \
            token probe's loss in nats, where a word that the sample lacks counts a little by the nearest it has (in a run \
            with near words): each the more negative, the more the sample explains the output.

            --where, --only-ids and --without-ids leave samples out before the search, so that none of them takes another's \
            place. p-values stay those of the whole corpus: among fewer samples they are larger than they could be, unless one of \
            many samples that resemble each other is left, which then seems to be the only one.

            With a --method other than gif, `score` is that method's and ranks the whole corpus; `p_value` and `no_source` \
            are null, for the null distribution is that of the run's own ranking. Such methods are there to be compared \
            with: most hold the corpus' embeddings in memory.
            """)

    @Argument(help: "The log of outputs, JSON Lines; - reads standard input.")
    var log: String?

    @Option(help: "The run directory that `build` made.")
    var runDir: String

    @Option(name: .shortAndLong, help: "Where the result goes; .gz, .zst and .lz4 compress. (default: standard output)")
    var output: String?

    @Option(help: "How many sources to list for each output; more than refine.candidates asks the index for more.")
    var count = AttributionJob.defaultCount

    @Option(help: "The share of outputs without a source for which a false one may be claimed; from 0 to 1.")
    var level = AttributionJob.defaultLevel

    @Option(help: "An audit for a reader, as one HTML file, beside the result.")
    var report: String?

    @Option(help: "What ranks the corpus.")
    var method: MethodName = .gif

    @Option(help: "How the result is written: one JSON object a line, or a table to read.")
    var format: OutputFormat = .jsonl

    @Option(
        name: .customLong("where"), parsing: .singleValue,
        help: ArgumentHelp(
            "Find only samples whose metadata has this value. Repeatable; all have to hold.", valueName: "key=value"))
    var conditions: [String] = []

    @Option(help: "A file of ids, one a line: find only these samples or documents.")
    var onlyIds: String?

    @Option(help: "A file of ids, one a line: find none of these samples or documents.")
    var withoutIds: String?

    @Option(help: "The embedder's folder, when it is not where the build found it.")
    var model: String?

    @Option(help: "Vectors of the outputs (.npy, .safetensors, .fbin, .fvecs) instead of a log of texts.")
    var vectors: String?

    @Option(help: "One id a line for --vectors.")
    var ids: String?

    @Flag(help: "Leave out times and the report's date, so that the result is reproducible.")
    var noTiming = false

    @OptionGroup var workers: WorkerOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if (log == nil) == (vectors == nil) { throw ValidationError("Give either a log of texts or --vectors FILE.") }
        if ids != nil, vectors == nil { throw ValidationError("--ids goes with --vectors.") }
        for condition in conditions where RowFilter.Condition(condition) == nil {
            throw ValidationError("--where is KEY=VALUE, and '\(condition)' is not.")
        }
        if !(0...1).contains(level) { throw ValidationError("--level has to be from 0 to 1.") }
        try requireApart(
            results: [output ?? "-", report], inputs: [log, vectors, ids, onlyIds, withoutIds],
            folders: [runDir, model])
        if !(1...10_000).contains(count) { throw ValidationError("--count has to be from 1 to 10000.") }
    }

    func run() throws {
        try reportingErrors(common) { logger in
            let job = try AttributionJob(
                directory: RunDirectory(path: absolute(runDir)), modelPath: model.map(absolute), method: method,
                filter: filter, workers: workers.count()
            ) { logger.info("\($0)") }
            for warning in job.warnings { logger.warning("\(warning)") }
            let source: OutputSource =
                if let vectors { .vectors(path: absolute(vectors), ids: ids.map(absolute)) } else {
                    .texts(path: log.map { $0 == "-" ? $0 : absolute($0) } ?? "-")
                }
            let summary = try job.run(source, count: count, level: level, to: try sink(job))
            logger.info("\(summary)")
        }
    }

    private var filter: RowFilter {
        var filter = RowFilter()
        filter.conditions = conditions.compactMap { RowFilter.Condition($0) }
        filter.onlyIDs = onlyIds.map(absolute)
        filter.withoutIDs = withoutIds.map(absolute)
        return filter
    }

    /// Where the result goes, and the report with it.
    private func sink(_ job: AttributionJob) throws -> any AttributionSink {
        let path = output.map { $0 == "-" ? $0 : absolute($0) } ?? "-"
        let result: any AttributionSink =
            switch format {
            case .jsonl: try JSONLinesWriter(path: path, withTiming: !noTiming, workers: workers.count())
            case .table:
                try TableWriter(
                    path: path, depth: count, tests: method == .gif, withTiming: !noTiming, isInCorpus: job.hasSource)
            }
        guard let report else { return result }
        do {
            let name = (vectors ?? log).map { $0 == "-" ? "standard input" : URL(filePath: $0).lastPathComponent }
            let audit = try AuditReport(
                path: report == "-" ? report : absolute(report), log: name ?? "standard input", job: job,
                method: method,
                level: level, command: CommandLine.arguments, date: noTiming ? nil : .now)
            return SinkPair(result, audit)
        } catch {
            result.abandon()
            throw error
        }
    }
}

extension MethodName: ExpressibleByArgument {
    public var defaultValueDescription: String { summary }
}
