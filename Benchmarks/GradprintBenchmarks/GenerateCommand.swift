internal import ArgumentParser
internal import Kernels
internal import Storage

/// Clustered unit vectors: 200 random directions, each row one of them plus noise of 1.5 times its length, so that ten
/// clusters do not separate by themselves. A function of seed and stream; the directions of the seed alone.
struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Writes clustered unit vectors as .fbin.")

    @Argument var file: String
    @Option var rows = 520_000
    @Option var dimension = 384
    @Option var seed: UInt64 = 1
    @Option(help: "Rows of another stream differ and have the same centres.") var stream: UInt64 = 0
    @Option var threads = 2

    private static let centres = 200
    private static let noise: Float = 1.5

    func run() throws {
        var generator = SeededGenerator(seed: seed)
        let centres = Matrix(
            rows: Self.centres, columns: dimension,
            elements: (0..<Self.centres).flatMap { _ in unit((0..<dimension).map { _ in generator.normal() }) })
        let sink = try ByteSink(path: file)
        try sink.write([UInt32(rows), UInt32(dimension)].span.rawBytes)
        let part = 65_536
        for start in stride(from: 0, to: rows, by: part) {
            let count = min(rows, start + part) - start
            var values = [Float](repeating: 0, count: count * dimension)
            var span = values.mutableSpan
            Parallel.fill(
                &span, width: dimension, count: count, blockSize: 1024, workers: threads
            ) { block, out in
                let number = UInt64((start + block.lowerBound) / 1024)
                var generator = SeededGenerator(seed: seed, stream: stream << 32 | (number + 1))
                for row in 0..<block.count { fill(&out, row: row, centres, &generator) }
            }
            try sink.write(values.span.rawBytes)
        }
        try sink.finish()
    }

    private func fill(_ out: inout MutableSpan<Float>, row: Int, _ centres: Matrix, _ generator: inout SeededGenerator)
    {
        let centre = centres.row(generator.integer(below: centres.rows))
        let scale = Self.noise / Float(dimension).squareRoot()
        let values = unit(centre.map { $0 + scale * generator.normal() })
        for column in 0..<dimension { out[row * dimension + column] = values[column] }
    }

    private func unit(_ values: [Float]) -> [Float] {
        let norm = dot(values.span, values.span).squareRoot()
        return values.map { $0 / norm }
    }
}

/// Texts of random words, as JSON Lines: input for the speed of a tokenizer and an embedder, not for their quality.
struct TextsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "texts", abstract: "Writes texts of random words as JSON Lines.")

    @Argument var file: String
    @Option var rows = 5000
    @Option var seed: UInt64 = 1

    private static let words =
        "the of a to in library server network image file text data tool for with program user small fast system audio video package format reader game language mail web python plot graph client kernel driver font editor"
        .split(separator: " ")

    func run() throws {
        var generator = SeededGenerator(seed: seed)
        let sink = try ByteSink(path: file)
        for row in 0..<rows {
            let words = (0..<20 + generator.integer(below: 60)).map { _ in
                Self.words[generator.integer(below: Self.words.count)]
            }
            try sink.write("{\"id\": \"t\(row)\", \"text\": \"\(words.joined(separator: " "))\"}\n")
        }
        try sink.finish()
    }
}
