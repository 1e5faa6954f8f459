import Embedding
import Foundation
import Kernels
import Testing

/// Seeded two-layer models, saved and evaluated by sentence-transformers. Its products are in single precision and ours in
/// 16-bit integers, whose errors are about 10⁻⁴ of a row's largest element: the coordinates here were found to differ by
/// 3·10⁻⁴ of the largest at most.
@Suite struct TransformerGoldenTests {
    struct Golden: Decodable {
        let texts: [String]
        let ids: [[Int32]]
        let meanNormalized: [[Float]]
        let cls: [[Float]]
        let max: [[Float]]
    }

    static func golden(_ model: String) throws -> Golden {
        try JSONDecoder().decode(Golden.self, from: Data(Fixtures.bytes("\(model)/golden.json")))
    }

    private func compare(_ matrix: Matrix, _ golden: [[Float]], _ texts: [String]) {
        #expect(matrix.rows == golden.count)
        for (row, expected) in golden.enumerated() {
            let difference = zip(matrix.row(row), expected).map { abs($0 - $1) }.max()!
            let size = expected.map(abs).max()!
            #expect(difference <= 5e-4 * max(1, size), "text \(row): \(texts[row].prefix(40))")
            #expect(Fixtures.cosine(matrix.row(row), expected) > 0.999_999, "text \(row)")
        }
    }

    @Test(arguments: ["tiny-bert", "tiny-mpnet"])
    func meanAndNormalize(model: String) throws {
        let golden = try Self.golden(model)
        let embedder = try EmbedderFolder.load(Fixtures.path(model))
        #expect(embedder.dimension == 32 && embedder.maximumTokens == 150)
        compare(try embedder.embed(golden.texts), golden.meanNormalized, golden.texts)
        let tokenizer = try WordPieceTokenizer(folder: Fixtures.path(model))
        #expect(golden.texts.map { tokenizer.encode($0, maximumCount: 150) } == golden.ids)
    }

    @Test(arguments: ["tiny-bert", "tiny-mpnet"])
    func otherPoolings(model: String) throws {
        let golden = try Self.golden(model)
        let folder = try TemporaryFolder(copyOf: Fixtures.path(model))
        let modules = try JSONSerialization.jsonObject(with: Data(folder.bytes("modules.json"))) as! [Any]
        try folder.write("modules.json", Array(JSONSerialization.data(withJSONObject: Array(modules.dropLast()))))
        try folder.edit("1_Pooling/config.json", "\"mean\"", "\"cls\"")
        compare(try EmbedderFolder.load(folder.path).embed(golden.texts), golden.cls, golden.texts)
        try folder.edit("1_Pooling/config.json", "\"cls\"", "\"max\"")
        compare(try EmbedderFolder.load(folder.path).embed(golden.texts), golden.max, golden.texts)
    }

    /// Several calls at once give what each gives alone.
    @Test func concurrentCalls() async throws {
        let texts = try Self.golden("tiny-bert").texts
        let embedder = try EmbedderFolder.load(Fixtures.path("tiny-bert"))
        let lists = (0..<8).map { start in (0..<40).map { texts[(start * 7 + $0) % texts.count] } }
        let alone = try lists.map { try embedder.embed($0) }
        let together = try await withThrowingTaskGroup(of: (Int, Matrix).self) { group in
            for (index, list) in lists.enumerated() { group.addTask { (index, try embedder.embed(list)) } }
            return try await group.reduce(into: [Int: Matrix]()) { $0[$1.0] = $1.1 }
        }
        for index in lists.indices {
            #expect(together[index] == alone[index])
        }
    }

    /// A text's embedding has the same bits whichever texts it is embedded with, and rows keep the input's order.
    @Test(arguments: ["tiny-bert", "tiny-mpnet"])
    func packingChangesNothing(model: String) throws {
        let texts = try Self.golden(model).texts
        let embedder = try EmbedderFolder.load(Fixtures.path(model))
        let together = try embedder.embed(texts)
        let backwards = try embedder.embed(texts.reversed())
        for (row, text) in texts.enumerated() {
            #expect(try embedder.embed([text]).elements == together.row(row))
            #expect(backwards.row(texts.count - 1 - row) == together.row(row))
        }
        #expect(try embedder.embed([]).rows == 0)
    }

    /// 16·hidden² + 4·hidden·tokens for a token and layer, as the intermediate size is twice the hidden one here.
    @Test func operations() throws {
        let embedder = try #require(try EmbedderFolder.load(Fixtures.path("tiny-bert")) as? TransformerEmbedder)
        #expect(embedder.operations(tokens: 10) == 2 * 10 * (16 * 32 * 32 + 4 * 32 * 10))
        #expect(embedder.operations(tokens: 0) == 0)
    }

    @Test func digestFollowsEveryFile() throws {
        let folder = try TemporaryFolder(copyOf: Fixtures.path("tiny-bert"))
        let original = try EmbedderFolder.load(folder.path).digest
        #expect(original.count == 64)
        #expect(try EmbedderFolder.load(Fixtures.path("tiny-bert")).digest == original)
        var seen: Set = [original]
        for name in ["config.json", "modules.json", "1_Pooling/config.json", "tokenizer.json", "tokenizer_config.json"]
        {
            let bytes = try folder.bytes(name)
            try folder.write(name, bytes + [0x0a])
            #expect(seen.insert(try EmbedderFolder.load(folder.path).digest).inserted, "\(name) doesn't count")
            try folder.write(name, bytes)
        }
        var weights = try folder.bytes("model.safetensors")
        weights[weights.count - 1] ^= 1
        try folder.write("model.safetensors", weights)
        #expect(seen.insert(try EmbedderFolder.load(folder.path).digest).inserted)
    }
}
