internal import ArgumentParser
internal import Corpus
internal import Kernels
internal import Storage

/// A corpus of any size made from real texts, and a log of outputs with known sources in it.
///
/// A text is the beginning of one short real text and the end of another, both drawn from the seed, cut at words. An
/// output is a text of the corpus that lost one word in ten and has its last quarter from elsewhere.
struct ScaleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale", abstract: "Writes many short texts made from real ones, and outputs that have a source.")

    @Argument(help: "JSON Lines with real texts (id, text).") var texts: String
    @Argument(help: "The corpus to write; .zst and .gz compress.") var corpus: String
    @Option var rows = 10_000_000
    @Option(help: "A log of outputs to write.") var outputs: String?
    @Option(help: "How many outputs.") var outputCount = 100_000
    @Option var seed: UInt64 = 1

    private static let shortest = 6
    private static let longest = 24

    func run() throws {
        let pieces = try sentences()
        guard pieces.count > 1 else { throw ValidationError("\(texts) has too few texts of \(Self.shortest) words.") }
        let sink = try ByteSink(path: corpus)
        for row in 0..<rows {
            try sink.write("{\"id\":\"s\(row)\",\"text\":\"\(text(row, pieces))\"}\n")
        }
        try sink.finish()
        guard let outputs else { return }
        let log = try ByteSink(path: outputs)
        var generator = SeededGenerator(seed: seed, stream: 1)
        for number in 0..<outputCount {
            let row = generator.integer(below: rows)
            var words = text(row, pieces).split(separator: " ").filter { _ in generator.uniform() >= 0.1 }
            let other = pieces[generator.integer(below: pieces.count)]
            words = words.prefix(max(1, words.count * 3 / 4)) + other.suffix(max(1, words.count / 4))
            let text = words.joined(separator: " ")
            try log.write("{\"id\":\"o\(number)\",\"text\":\"\(text)\",\"source_ids\":[\"s\(row)\"]}\n")
        }
        try log.finish()
    }

    /// The text of a row; a function of the seed and the row.
    private func text(_ row: Int, _ pieces: [[Substring]]) -> String {
        var generator = SeededGenerator(seed: seed, stream: UInt64(row) << 8 | 0xFF)
        let first = pieces[generator.integer(below: pieces.count)]
        let second = pieces[generator.integer(below: pieces.count)]
        let head = first.prefix(first.count / 2 + generator.integer(below: first.count / 2))
        let tail = second.suffix(second.count / 4 + generator.integer(below: second.count / 2))
        return (head + tail).joined(separator: " ")
    }

    /// Runs of words of the real texts' lines, none with a character that JSON would escape.
    private func sentences() throws -> [[Substring]] {
        let source = SampleSource(files: [texts])
        var found: [[Substring]] = []
        while let sample = try source.next() {
            for line in sample.text.split(separator: "\n") {
                let words = line.split(separator: " ").filter { word in
                    word.utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
                }
                for start in stride(from: 0, to: words.count, by: Self.longest) {
                    let piece = words[start..<min(words.count, start + Self.longest)]
                    if piece.count >= Self.shortest { found.append(Array(piece)) }
                }
            }
        }
        return found
    }
}
