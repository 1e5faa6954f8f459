internal import ArgumentParser
internal import Foundation
internal import Logging
internal import Pipeline
internal import Stages

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measures how well sources are found, by every method, and writes a report.",
        discussion: """
            Queries are outputs whose sources are known, JSON Lines: {"id", "text", "source_ids": [id, …]} a line; an \
            empty list says that there is no source in the corpus. A run is built for the corpus, or gone on with:

              gradprint evaluate --corpus C.jsonl --queries Q.jsonl --model MODEL_FOLDER --output report/

            or one that `build` made is measured as it is:

              gradprint evaluate --run-dir RUN --queries Q.jsonl --output report/

            report/index.html opens without a network; its tables are beside it as .csv, its figures as .svg. The same \
            seed gives the same report, but for latencies, which --no-timing leaves out. What methods learn is kept in \
            the run, so a second evaluation is faster.

            Methods:
            \(MethodName.allCases.map { "  \($0.rawValue): \($0.summary)" }.joined(separator: "\n"))
            """)

    @Option(help: "The corpus, JSON Lines; a run is built for it with the settings of pipelines/default.yaml.")
    var corpus: String?

    @Option(help: "Outputs with source_ids, JSON Lines.")
    var queries: String

    @Option(help: "The embedder's folder; with --run-dir alone, when it is not where the build found it.")
    var model: String?

    @Option(name: .shortAndLong, help: "The folder of the report.")
    var output: String

    @Option(help: "The run: built there with --corpus (default: OUTPUT/run), measured as it is without.")
    var runDir: String?

    @Option(help: "Which methods, separated by commas; gif is always among them. (default: all)")
    var methods: String?

    @Option(help: ArgumentHelp("Measure a seeded sample of so many queries.", valueName: "number"))
    var queriesLimit: Int?

    @Option(help: "Of the build, and of every sample and interval of the report.")
    var seed: UInt64 = 42

    @Option(help: "How many sources rankings.csv lists for each query and method; metrics are to rank 10.")
    var count = 10

    @Option(help: "A file of the queries' vectors, one a line of --queries, for a run that was built from vectors.")
    var vectors: String?

    @Option(help: "Outputs of another corpus, JSON Lines, as a further test of \"no source\".")
    var foreignQueries: String?

    @Option(help: "The corpus' field by which samples are of one document; all of it goes when a source is taken out.")
    var documentField: String?

    @Flag(help: "Also retrain the probe on 100 random halves, and measure how well methods foretell the losses.")
    var lds = false

    @Flag(help: "Leave out latencies, so that the report is reproducible byte for byte.")
    var noTiming = false

    @OptionGroup var workers: WorkerOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if corpus == nil, runDir == nil { throw ValidationError("Give --corpus and --model, or --run-dir of a build.") }
        if let queriesLimit, queriesLimit < 1 { throw ValidationError("--queries-limit has to be 1 or more.") }
        if !(10...1000).contains(count) { throw ValidationError("--count has to be from 10 to 1000.") }
        if seed > UInt64(Int.max) { throw ValidationError("--seed has to be from 0 to \(Int.max).") }
        if vectors != nil, foreignQueries != nil {
            throw ValidationError("--foreign-queries are texts, and --vectors is for a run of vectors.")
        }
        _ = try chosenMethods()
    }

    private func chosenMethods() throws -> [MethodName] {
        guard let methods else { return MethodName.allCases }
        return try methods.split(separator: ",").map { part in
            let name = part.trimmingCharacters(in: .whitespaces)
            guard let method = MethodName(rawValue: name) else {
                let known = MethodName.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("There is no method '\(name)'; the methods are \(known).")
            }
            return method
        }
    }

    func run() throws {
        try reportingErrors(common) { logger in
            let progress = BuildProgress { logger.info("\($0)") }
            let directory = RunDirectory(path: absolute(runDir ?? "\(output)/run"))
            if let corpus { try build(corpus, in: directory, progress, logger) }
            var settings = EvaluationSettings(queries: absolute(queries))
            settings.vectors = vectors.map(absolute)
            settings.foreign = foreignQueries.map(absolute)
            settings.limit = queriesLimit
            settings.methods = try chosenMethods()
            settings.seed = seed
            settings.count = count
            settings.documentField = documentField
            settings.measuresTime = !noTiming
            settings.contributive = lds ? ContributiveSettings() : nil
            settings.workers = workers.count()
            let job = try EvaluationJob(
                directory: directory, modelPath: model.map(absolute), settings: settings, progress: progress
            ) { logger.warning("\($0)") }
            let summary = try job.run(to: absolute(output))
            logger.info("\(summary)")
        }
    }

    /// The settings of pipelines/default.yaml, which are the defaults of every key.
    private func build(_ corpus: String, in directory: RunDirectory, _ progress: BuildProgress, _ logger: Logger) throws
    {
        var root = try ConfigurationNode(yaml: "profile: default\n", path: "gradprint evaluate")
        root.replace("seed", with: ["\(seed)"])
        root.replace("corpus.files", with: [absolute(corpus)])
        if let model { root.replace("embed.path", with: [absolute(model)]) }
        let job = BuildJob(
            configuration: try PipelineConfiguration(root), root: root, directory: directory,
            workers: workers.count(), allowsMixedPlatforms: false, progress: progress)
        let summary = try job.build()
        logger.info("\(summary)")
    }
}
