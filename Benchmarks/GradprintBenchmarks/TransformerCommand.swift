internal import ArgumentParser
internal import Embedding
internal import Kernels
internal import Storage

/// Embeds a file's texts as a build does, between two measurements of the machine's SGEMM rate.
struct TransformerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transformer", abstract: "Times a transformer on the texts of a JSON Lines file.")

    @Argument(help: "A sentence-transformers folder.") var model: String
    @Argument(help: "JSON Lines with a text in each line.") var texts: String
    @Option(help: "The embeddings are written here as .fbin.") var vectors: String?
    @Option var threads = 2

    /// As in a build.
    private static let blockRows = 64

    private struct Result: Encodable {
        let texts: Int
        let tokens: Int
        let textsPerSecond: Double
        /// Useful operations a second, in 10⁹.
        let gigaflops: Double
        /// OpenBLAS on as many threads, the better of before and after, in 10⁹.
        let sgemmGigaflops: Double
        let textsPerProcessorSecond: Double
        /// The share of the SGEMM rate by processor time, which other processes disturb less.
        let processorShare: Double
    }

    func run() throws {
        guard let embedder = try EmbedderFolder.load(model) as? TransformerEmbedder else {
            throw ValidationError("\(model) holds no transformer")
        }
        let texts = try benchmarkTexts(self.texts)
        let tokens = texts.map { embedder.tokenizer.encode($0, maximumCount: embedder.maximumTokens).count }
        // The first use of the memory is not measured.
        _ = try embedder.embed(Array(texts.prefix(8)))
        let before = sgemm()
        BLAS.setThreads(1)
        var watch = Stopwatch()
        let parts = Parallel.map(count: texts.count, blockSize: Self.blockRows, workers: threads) { rows in
            Swift.Result { try embedder.embed(Array(texts[rows])) }
        }
        let seconds = watch.lap("embed")
        let processor = watch.processorSeconds["embed"]!
        let after = sgemm()
        if let vectors {
            let sink = try ByteSink(path: vectors)
            try sink.write([UInt32(texts.count), UInt32(embedder.dimension)].span.rawBytes)
            for part in parts {
                let elements = try part.get().elements
                try sink.write(elements.span.rawBytes)
            }
            try sink.finish()
        }
        let operations = tokens.reduce(0) { $0 + embedder.operations(tokens: $1) }
        try printJSON(
            Result(
                texts: texts.count, tokens: tokens.reduce(0, +), textsPerSecond: Double(texts.count) / seconds,
                gigaflops: Double(operations) / seconds * 1e-9, sgemmGigaflops: max(before.rate, after.rate),
                textsPerProcessorSecond: Double(texts.count) / processor,
                processorShare: Double(operations) / processor * 1e-9
                    / max(before.processorRate, after.processorRate)))
    }

    /// The best of five products of square matrices, with all threads in each: 10⁹ operations a second, and a second of
    /// processor time.
    private func sgemm() -> (rate: Double, processorRate: Double) {
        let size = 2048
        var generator = SeededGenerator(seed: 1)
        let a = (0..<size * size).map { _ in generator.normal() }
        var c = [Float](repeating: 0, count: size * size)
        BLAS.setThreads(threads)
        var (fastest, least) = (Double.infinity, Double.infinity)
        for _ in 0..<5 {
            var watch = Stopwatch()
            var product = c.mutableSpan
            BLAS.multiply(a.span, a.span, into: &product, m: size, n: size, k: size)
            fastest = min(fastest, watch.lap("sgemm"))
            least = min(least, watch.processorSeconds["sgemm"]!)
        }
        let operations = 2 * Double(size * size * size) * 1e-9
        return (operations / fastest, operations / least)
    }
}
