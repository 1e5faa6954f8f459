internal import ArgumentParser
internal import Corpus
internal import Embedding
internal import Kernels

/// Token ids of a file's texts, as `embed` and `tokenize` get them: whole, with special tokens.
struct TokenizerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenizer", abstract: "Times WordPiece on the texts of a JSON Lines file.")

    @Argument(help: "A folder with a tokenizer.json or vocab.txt.") var model: String
    @Argument(help: "JSON Lines with a text in each line.") var texts: String
    @Option var threads = 2
    @Option(help: "Passes over the texts, of which the median counts.") var passes = 5

    private static let blockRows = 512

    private struct Result: Encodable {
        let texts: Int
        let bytes: Int
        let ids: Int
        /// Of all ids in order, which the peer computes too.
        let digest: String
        let textsPerSecond: Double
    }

    func run() throws {
        let tokenizer = try WordPieceTokenizer(folder: model)
        let texts = try benchmarkTexts(self.texts)
        var seconds: [Double] = []
        var ids: [[Int32]] = []
        for _ in 0..<passes {
            var watch = Stopwatch()
            ids = Parallel.map(count: texts.count, blockSize: Self.blockRows, workers: threads) { rows in
                var scratch = WordPieceTokenizer.Scratch()
                var ids: [Int32] = []
                for row in rows { tokenizer.encode(texts[row].utf8.span, into: &ids, using: &scratch) }
                return ids
            }
            seconds.append(watch.lap("encode"))
        }
        // FNV-1a over the ids.
        var digest: UInt64 = 0xcbf2_9ce4_8422_2325
        for id in ids.joined() { digest = (digest ^ UInt64(UInt32(bitPattern: id))) &* 0x100_0000_01b3 }
        try printJSON(
            Result(
                texts: texts.count, bytes: texts.reduce(0) { $0 + $1.utf8.count }, ids: ids.reduce(0) { $0 + $1.count },
                digest: String(digest, radix: 16),
                textsPerSecond: Double(texts.count) / seconds.sorted()[seconds.count / 2]))
    }
}

/// The texts of a JSON Lines file, in contiguous UTF-8.
func benchmarkTexts(_ path: String) throws -> [String] {
    let log = try OutputLog(path: path)
    var texts: [String] = []
    while let record = try log.next() {
        var text = try record.result.get().text
        text.makeContiguousUTF8()
        texts.append(text)
    }
    return texts
}
