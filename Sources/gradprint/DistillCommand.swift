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
            A text's embedding is then the mean of its tokens' vectors: less accurate, and far faster. The \
            folder is one that model2vec reads, and one for embed.path:

              gradprint distill data/cache/models/all-mpnet-base-v2 --output TABLE --frequencies CORPUS.jsonl

            With --texts the tokens also learn from context: their outputs are changed so that texts, as sums of \
            tokens, come near to the transformer's embeddings of them. Good texts are short (sentences, definitions; \
            what goes beyond the transformer's length is cut), of the corpus' subject and of general language, and \
            tens of thousands; they take most of the time. What is killed goes on where it was, by the embeddings that \
            it kept in TABLE.unfinished. Where there is a GPU, embed the texts there and give the vectors:

              gradprint distill MODEL --output TABLE --frequencies CORPUS.jsonl --texts TEXTS.jsonl
              gradprint distill MODEL --output TABLE --frequencies CORPUS.jsonl --texts TEXTS.jsonl --text-vectors V.npy

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

    @Option(help: ArgumentHelp("Texts to learn from, JSON Lines; may be repeated. (default: none)", valueName: "file"))
    var texts: [String] = []

    @Option(
        help: ArgumentHelp(
            "The transformer's embeddings of the texts, made elsewhere: .npy, .fbin, .safetensors; one for each text.",
            valueName: "file"))
    var textVectors: String?

    @Option(help: "How many texts of middle length move a token half-way from what it means alone.")
    var textStrength = 5.0

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
        guard (1e-12...1e12).contains(smoothing) else {
            throw ValidationError("--smoothing has to be from 1e-12 to 1e12.")
        }
        guard (1e-6...1e9).contains(textStrength) else {
            throw ValidationError("--text-strength has to be from 1e-6 to 1e9.")
        }
        guard textVectors == nil || !texts.isEmpty else {
            throw ValidationError("--text-vectors needs --texts, the texts whose embeddings they are.")
        }
        guard DistillJob.elementTypes.contains(type) else {
            throw ValidationError("--type has to be one of \(DistillJob.elementTypes.joined(separator: ", ")).")
        }
    }

    func run() throws {
        try reportingErrors(common) { logger in
            var job = DistillJob(transformer: absolute(transformer))
            job.frequencies = frequencies.map(absolute)
            job.texts = texts.map(absolute)
            job.vectors = textVectors.map(absolute)
            job.strength = textStrength
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
