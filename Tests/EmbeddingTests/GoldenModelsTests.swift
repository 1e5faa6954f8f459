import Embedding
import Foundation
import Kernels
import Testing

/// The published models against sentence-transformers. Slow, so it runs only when it is asked for by setting
/// `GRADPRINT_GOLDEN_DIR` (a folder that `make_golden.py large` wrote) or `GRADPRINT_MODELS_DIR` (the folder of
/// `all-MiniLM-L6-v2` and `all-mpnet-base-v2`; otherwise they are looked for in `data/cache/models`).
@Suite(.serialized) struct GoldenModels {
    static let models = [("minilm", "all-MiniLM-L6-v2"), ("mpnet", "all-mpnet-base-v2")]
    static let environment = ProcessInfo.processInfo.environment
    static let modelDirectory =
        environment["GRADPRINT_MODELS_DIR"]
        ?? Fixtures.directory.appending(path: "../../../data/cache/models")
        .standardizedFileURL.path(percentEncoded: false)
    static let goldenDirectory = environment["GRADPRINT_GOLDEN_DIR"]
    static var hasModels: Bool {
        models.allSatisfy { FileManager.default.fileExists(atPath: "\(modelDirectory)/\($0.1)/model.safetensors") }
            && (goldenDirectory != nil || environment["GRADPRINT_MODELS_DIR"] != nil)
    }
    static var hasTexts: Bool {
        hasModels && goldenDirectory.map { FileManager.default.fileExists(atPath: "\($0)/texts.bin") } ?? false
    }

    /// 200 package synopses, compared after a projection to 24 dimensions by seeded signs.
    @Test(.enabled(if: hasModels), arguments: models)
    func embeddings(name: String, folder: String) throws {
        let texts = try Fixtures.text("synopses.txt").split(separator: "\n").map(String.init)
        let golden = try Fixtures.words("synopses-\(name).f32").map { Float(bitPattern: $0) }
        let embedder = try EmbedderFolder.load("\(Self.modelDirectory)/\(folder)")
        let vectors = try embedder.embed(texts)
        var random = SplitMix64(state: GoldenTexts.seed)
        let signs = (0..<embedder.dimension * 24).map { _ in random.next() >> 63 == 1 ? Float(1) : -1 }
        var lowest = 1.0
        var furthest = 0.0
        for row in texts.indices {
            let projected = (0..<24).map { column in
                (0..<embedder.dimension).reduce(Float(0)) { $0 + vectors[row, $1] * signs[$1 * 24 + column] }
            }
            let expected = Array(golden[row * 24..<(row + 1) * 24])
            lowest = min(lowest, Fixtures.cosine(projected, expected))
            furthest = max(furthest, Double(zip(projected, expected).map { abs($0 - $1) }.max()!))
        }
        #expect(golden.count == texts.count * 24 && texts.count == 200)
        #expect(lowest >= 0.99999 && furthest < 1e-3, "cosine \(lowest), difference \(furthest)")
        print("\(folder): lowest cosine \(lowest), furthest coordinate \(furthest)")
    }

    /// The ids of a large set of real texts.
    @Test(.enabled(if: hasTexts), arguments: models)
    func tokens(name: String, folder: String) throws {
        let directory = try #require(Self.goldenDirectory)
        let texts = Reader(try Data(contentsOf: URL(filePath: "\(directory)/texts.bin")))
        let golden = Reader(try Data(contentsOf: URL(filePath: "\(directory)/\(name).ids.bin")))
        let tokenizer = try WordPieceTokenizer(folder: "\(Self.modelDirectory)/\(folder)")
        var scratch = WordPieceTokenizer.Scratch()
        var count = 0
        var different: [String] = []
        while let length = texts.word() {
            let text = texts.bytes(Int(length))
            let expected = (0..<Int(golden.word()!)).map { _ in Int32(bitPattern: golden.word()!) }
            var ids: [Int32] = []
            tokenizer.encode(text.span, into: &ids, using: &scratch)
            if ids != expected { different.append("\(count): \(String(decoding: text, as: UTF8.self).prefix(80))") }
            count += 1
        }
        #expect(golden.word() == nil)
        #expect(different.isEmpty, "\(different.prefix(10).joined(separator: "\n"))")
        #expect(count >= 10_000)
        print("\(folder): \(count) texts, \(different.count) different")
    }

    /// Reads little-endian words and bytes one after another.
    private final class Reader {
        private let data: [UInt8]
        private var position = 0

        init(_ data: Data) { self.data = [UInt8](data) }

        func word() -> UInt32? {
            guard position < data.count else { return nil }
            defer { position += 4 }
            return (0..<4).reduce(0) { $0 | UInt32(data[position + $1]) << (8 * UInt32($1)) }
        }

        func bytes(_ count: Int) -> [UInt8] {
            defer { position += count }
            return Array(data[position..<position + count])
        }
    }
}
