internal import ArgumentParser
internal import Corpus
internal import Embedding
internal import Foundation
internal import Kernels

/// How many texts a second a static table embeds: in rounds over one file, of which the median is meant.
struct StaticCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "static", abstract: "Times a static table on the texts of a JSON Lines file.")

    @Argument(help: "A folder as model2vec writes it.") var table: String
    @Argument(help: "JSON Lines with a text in each line.") var texts: String
    @Option(help: "How often the texts are taken, one after another.") var copies = 1
    @Option var rounds = 5
    @Option var threads = 2

    private struct Result: Encodable {
        let texts: Int
        let bytes: Int
        let loadSeconds: Double
        /// Of each round, in their order.
        let seconds: [Double]
        let textsPerSecond: Double
        /// Of the embeddings' first coordinates, so that runs can be compared.
        let checksum: Double
    }

    private static let blockRows = 64

    func run() throws {
        BLAS.setThreads(1)
        let log = try OutputLog(path: self.texts)
        var texts: [String] = []
        while let record = try log.next() { texts.append(try record.result.get().text) }
        let all = (0..<copies).flatMap { _ in texts }
        var watch = Stopwatch()
        let embedder = try EmbedderFolder.load(table)
        let loadSeconds = watch.lap("load")
        var (seconds, checksum): ([Double], Double) = ([], 0)
        for _ in 0..<rounds {
            watch.restart()
            let parts = Parallel.map(count: all.count, blockSize: Self.blockRows, workers: threads) { rows in
                Swift.Result { try embedder.embed(Array(all[rows])) }
            }
            seconds.append(watch.lap("embed"))
            checksum = 0
            for part in parts {
                let matrix = try part.get()
                for row in 0..<matrix.rows { checksum += Double(matrix[row, 0]) }
            }
        }
        let median = seconds.sorted()[seconds.count / 2]
        try printJSON(
            Result(
                texts: all.count, bytes: all.reduce(0) { $0 + $1.utf8.count }, loadSeconds: loadSeconds,
                seconds: seconds, textsPerSecond: Double(all.count) / median, checksum: checksum))
    }
}
