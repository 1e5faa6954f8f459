internal import ArgumentParser
internal import Corpus
internal import Embedding
internal import Kernels
internal import Storage

/// The embeddings of a file of texts, for benchmarks that need them more than once.
struct EmbedCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embed", abstract: "Writes the embeddings of the texts of a JSON Lines file as .fbin.")

    @Argument(help: "A sentence-transformers folder.") var model: String
    @Argument(help: "JSON Lines with a text in each line.") var texts: String
    @Argument var file: String
    @Option(help: "The first so many texts.") var rows = Int.max
    @Option var threads = 2

    private static let blockRows = 64

    func run() throws {
        BLAS.setThreads(1)
        let embedder = try EmbedderFolder.load(model)
        let log = try OutputLog(path: self.texts)
        var texts: [String] = []
        while texts.count < rows, let record = try log.next() { texts.append(try record.result.get().text) }
        let all = texts
        let sink = try ByteSink(path: file)
        try sink.write([UInt32(texts.count), UInt32(embedder.dimension)].span.rawBytes)
        // Some blocks a thread at once, so that memory does not grow with the file.
        let part = Self.blockRows * threads * 16
        for start in stride(from: 0, to: texts.count, by: part) {
            let count = min(texts.count, start + part) - start
            let parts = Parallel.map(count: count, blockSize: Self.blockRows, workers: threads) { rows in
                Result { try embedder.embed(Array(all[start + rows.lowerBound..<start + rows.upperBound])) }
            }
            for part in parts {
                let elements = try part.get().elements
                try sink.write(elements.span.rawBytes)
            }
        }
        try sink.finish()
    }
}
