internal import ArgumentParser
internal import Logging
internal import Pipeline
internal import Stages

struct DistillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "distill",
        abstract: "Makes a static embedder of a transformer: one vector for each token.",
        discussion: """
            Every token of the vocabulary goes through the transformer by itself; the mean and the first principal \
            components of the outputs are taken off, the next ones kept, and each token is weighted by how rare it is. \
            A text's embedding is then the mean of its tokens' vectors: some points less accurate, and hundreds of times \
            faster. The folder is one that model2vec reads, and one for embed.path:

              gradprint distill data/cache/models/all-mpnet-base-v2 --output TABLE --frequencies CORPUS.jsonl
              gradprint build pipelines/default.yaml --set corpus.files=CORPUS.jsonl --set embed.path=TABLE --run-dir RUN
            """)

    @Argument(
        help: ArgumentHelp("The transformer's folder, as sentence-transformers publishes it.", valueName: "model"))
    var transformer: String

    @Option(name: .shortAndLong, help: "The table's folder.")
    var output: String

    @Option(help: "How many numbers a vector has.")
    var dimension = 256

    @Option(help: "A corpus, JSON Lines, to count tokens in. (default: frequencies by rank in the vocabulary alone)")
    var frequencies: String?

    @Option(help: "How many of the first principal components are taken off.")
    var removeComponents = 1

    @Option(help: "a of the weight a / (a + p) of a token with probability p.")
    var smoothing = 6e-4

    @Option(help: ArgumentHelp("How numbers are stored.", valueName: DistillJob.elementTypes.joined(separator: "|")))
    var type = "int8"

    @OptionGroup var workers: WorkerOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (1...65_536).contains(dimension) else {
            throw ValidationError("--dimension has to be from 1 to 65536.")
        }
        guard (0...1000).contains(removeComponents) else {
            throw ValidationError("--remove-components has to be from 0 to 1000.")
        }
        guard smoothing > 0, smoothing.isFinite else { throw ValidationError("--smoothing has to be above 0.") }
        guard DistillJob.elementTypes.contains(type) else {
            throw ValidationError("--type has to be one of \(DistillJob.elementTypes.joined(separator: ", ")).")
        }
    }

    func run() throws {
        try reportingErrors(common) { logger in
            var job = DistillJob(transformer: absolute(transformer))
            job.frequencies = frequencies.map(absolute)
            job.dimension = dimension
            job.removedComponents = removeComponents
            job.smoothing = smoothing
            job.elementType = type
            job.workers = workers.count()
            let summary = try job.run(to: absolute(output)) { logger.info("\($0)") }
            logger.info("\(summary)")
        }
    }
}
