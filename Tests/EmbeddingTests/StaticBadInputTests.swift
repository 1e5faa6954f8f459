import Embedding
import Foundation
import Kernels
import Testing

/// Every way in which a table can be wrong is an error that says which file, what, and what was expected.
@Suite struct StaticBadInputTests {
    private func failure(
        _ model: String = "static-float16", _ change: (TemporaryFolder) throws -> Void
    ) throws -> EmbeddingError {
        let folder = try TemporaryFolder(copyOf: Fixtures.path(model))
        try change(folder)
        return try #require(#expect(throws: EmbeddingError.self) { try EmbedderFolder.load(folder.path) })
    }

    private struct Tensor {
        var name = "embeddings"
        var type = "F32"
        var shape: [Int]
        var bytes: [UInt8]
    }

    private func safetensors(_ tensors: [Tensor]) -> [UInt8] {
        var (entries, body): ([String], [UInt8]) = ([], [])
        for tensor in tensors {
            entries.append(
                "\"\(tensor.name)\":{\"dtype\":\"\(tensor.type)\",\"shape\":\(tensor.shape),"
                    + "\"data_offsets\":[\(body.count),\(body.count + tensor.bytes.count)]}")
            body += tensor.bytes
        }
        let header = Array("{\(entries.joined(separator: ","))}".utf8)
        return (0..<8).map { UInt8(header.count >> (8 * $0) & 0xff) } + header + body
    }

    private func floats(_ count: Int, _ value: Float = 1) -> [UInt8] {
        (0..<count).flatMap { _ in (0..<4).map { UInt8(value.bitPattern >> UInt32(8 * $0) & 0xff) } }
    }

    private func failure(tensors: [Tensor]) throws -> EmbeddingError {
        try failure { try $0.write("model.safetensors", safetensors(tensors)) }
    }

    /// The tokenizer of the fixtures has so many tokens.
    private static let tokens = 118

    /// model2vec reads `tokenizer.json` alone.
    @Test func whatTheTokenizersConfigurationSaysDoesNotCount() throws {
        let folder = try TemporaryFolder(copyOf: Fixtures.path("static-float16"))
        let before = try EmbedderFolder.load(folder.path)
        try folder.write("tokenizer_config.json", Array("{\"do_lower_case\": false}".utf8))
        let after = try EmbedderFolder.load(folder.path)
        #expect(try before.embed(["The Fox"]) == after.embed(["The Fox"]) && before.digest == after.digest)
    }

    /// Numbers that no token has are no tokens of no length: texts are cut by the median of those there are.
    @Test func aVocabularyWithGaps() throws {
        let folder = try TemporaryFolder(copyOf: Fixtures.path("static-float16"))
        var tokenizer = try #require(
            JSONSerialization.jsonObject(with: Data(folder.bytes("tokenizer.json"))) as? [String: Any])
        var model = try #require(tokenizer["model"] as? [String: Any])
        model["vocab"] = ["[UNK]": 0, "a": 1, "fox": 9]
        tokenizer["model"] = model
        tokenizer["added_tokens"] = [Any]()
        try folder.write("tokenizer.json", Array(JSONSerialization.data(withJSONObject: tokenizer)))
        try folder.write("model.safetensors", safetensors([Tensor(shape: [10, 4], bytes: floats(40))]))
        #expect(try EmbedderFolder.load(folder.path).embed(["a fox"]).row(0).contains { $0 != 0 })
    }

    @Test(arguments: ["model.safetensors", "tokenizer.json", "config.json"])
    func missingFile(name: String) throws {
        let error = try failure { try $0.remove(name) }
        #expect(error.kind == .missingFile && error.path.hasSuffix("/" + name))
    }

    @Test(arguments: ["model.safetensors", "tokenizer.json", "config.json"])
    func truncatedFile(name: String) throws {
        let error = try failure { try $0.write(name, Array(try $0.bytes(name).dropLast(2))) }
        #expect(error.kind == .unreadable && error.path.hasSuffix("/" + name))
    }

    @Test(arguments: [1, 117, 119])
    func anotherVocabularySize(rows: Int) throws {
        let error = try failure(tensors: [Tensor(shape: [rows, 4], bytes: floats(rows * 4))])
        #expect(error.kind == .unsupported)
        #expect(error.message.contains("\(rows) rows") && error.message.contains("118 tokens"), "\(error)")
    }

    @Test(arguments: [[0, 4], [118, 0], [118], [118, 2, 2]])
    func emptyVocabularyOrMisshapenTable(shape: [Int]) throws {
        let error = try failure(tensors: [Tensor(shape: shape, bytes: floats(shape.reduce(1, *)))])
        #expect(error.kind == .tensor && error.message.contains("[tokens, dimension]"), "\(error)")
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity])
    func valuesThatAreNotFinite(value: Float) throws {
        var bytes = floats(Self.tokens * 4)
        bytes.replaceSubrange((7 * 4 + 2) * 4..<(7 * 4 + 3) * 4, with: floats(1, value))
        let error = try failure(tensors: [Tensor(shape: [Self.tokens, 4], bytes: bytes)])
        #expect(error.kind == .nonFinite)
        #expect(error.message.contains("token 7") && error.message.contains("column 2"), "\(error)")
    }

    @Test func weightsThatAreNotFinite() throws {
        var weights = floats(Self.tokens)
        weights.replaceSubrange(5 * 4..<6 * 4, with: floats(1, .nan))
        let error = try failure(tensors: [
            Tensor(type: "I8", shape: [Self.tokens, 4], bytes: [UInt8](repeating: 1, count: Self.tokens * 4)),
            Tensor(name: "weights", shape: [Self.tokens], bytes: weights),
        ])
        #expect(error.kind == .nonFinite && error.message.contains("token 5"), "\(error)")
    }

    @Test func sumsBeyondSinglePrecision() throws {
        let folder = try TemporaryFolder(copyOf: Fixtures.path("static-float16"))
        let bytes = floats(Self.tokens * 4, .greatestFiniteMagnitude)
        try folder.write("model.safetensors", safetensors([Tensor(shape: [Self.tokens, 4], bytes: bytes)]))
        let embedder = try EmbedderFolder.load(folder.path)
        let error = try #require(
            #expect(throws: EmbeddingError.self) { try embedder.embed(["fox", "dog", "the lazy dog"]) })
        #expect(error.kind == .nonFinite && error.message.contains("index 2"), "\(error)")
    }

    @Test func otherTensors() throws {
        let table = Tensor(shape: [Self.tokens, 4], bytes: floats(Self.tokens * 4))
        #expect(try failure(tensors: [Tensor(name: "vectors", shape: [1], bytes: floats(1))]).kind == .tensor)
        let short = try failure(tensors: [table, Tensor(name: "weights", shape: [117], bytes: floats(117))])
        #expect(short.kind == .unsupported && short.message.contains("[118]"), "\(short)")
        let float = try failure(tensors: [table, Tensor(name: "mapping", shape: [118], bytes: floats(118))])
        #expect(float.kind == .tensor && float.message.contains("whole numbers"), "\(float)")
        var rows = [UInt8](repeating: 0, count: 118 * 4)
        rows[9 * 4] = 118
        let beyond = try failure(tensors: [table, Tensor(name: "mapping", type: "I32", shape: [118], bytes: rows)])
        #expect(beyond.kind == .tensor && beyond.message.contains("row 118"), "\(beyond)")
        let boolean = Tensor(type: "BOOL", shape: [118, 4], bytes: [UInt8](repeating: 1, count: 118 * 4))
        #expect(try failure(tensors: [boolean]).kind == .tensor)
    }

    @Test(arguments: [("\"normalize\": true", "\"normalize\": 2"), ("\"max_length\": 6", "\"max_length\": 0")])
    func settings(old: String, new: String) throws {
        let error = try failure("static-mapped") { try $0.edit("config.json", old, new) }
        #expect(error.kind == .unsupported && error.path.hasSuffix("config.json"), "\(error)")
    }

    @Test func anotherKindOfTokenizer() throws {
        let error = try failure { try $0.edit("tokenizer.json", "\"WordPiece\",\"unk", "\"Unigram\",\"unk") }
        #expect(error.kind == .unsupported && error.message.contains("supported is WordPiece"), "\(error)")
    }
}
