import Embedding
import Foundation
import Kernels
import Testing

/// Every way in which a folder can be wrong is an error that says which file, what, and what was expected.
@Suite struct EmbedderFolderTests {
    private func failure(_ path: String) throws -> EmbeddingError {
        let error = #expect(throws: EmbeddingError.self) { try EmbedderFolder.load(path) }
        return try #require(error)
    }

    private func failure(_ model: String = "tiny-bert", _ change: (TemporaryFolder) throws -> Void) throws
        -> EmbeddingError
    {
        let folder = try TemporaryFolder(copyOf: Fixtures.path(model))
        try change(folder)
        return try failure(folder.path)
    }

    @Test(arguments: ["config.json", "model.safetensors", "tokenizer.json", "1_Pooling/config.json"])
    func missingFile(name: String) throws {
        let error = try failure { try $0.remove(name) }
        #expect(error.kind == .missingFile)
        #expect(error.path.hasSuffix("/" + name))
    }

    @Test func missingFolder() throws {
        #expect(try failure("/nonexistent/model").kind == .missingFile)
        #expect(try failure(Fixtures.path("README.md")).message.contains("is a file"))
    }

    @Test func optionalFiles() throws {
        let folder = try TemporaryFolder(copyOf: Fixtures.path("tiny-bert"))
        try folder.remove("modules.json")
        try folder.remove("sentence_bert_config.json")
        try folder.remove("config_sentence_transformers.json")
        try folder.remove("tokenizer_config.json")
        let embedder = try EmbedderFolder.load(folder.path)
        #expect(embedder.maximumTokens == 160)
        let row = try embedder.embed(["hello"]).row(0)
        #expect(abs(row.reduce(0) { $0 + $1 * $1 } - 1) > 1e-3, "without modules.json nothing is normalised")
    }

    /// `vocab.txt` stands in for `tokenizer.json`.
    @Test(arguments: ["tiny-bert", "tiny-mpnet"])
    func vocabularyFile(model: String) throws {
        let folder = try TemporaryFolder(copyOf: Fixtures.path(model))
        let original = try WordPieceTokenizer(folder: folder.path)
        var lines: [UInt8] = []
        for id in 0..<original.vocabularySize { lines += original.piece(Int32(id)) + [0x0a] }
        try folder.remove("tokenizer.json")
        try folder.write("vocab.txt", lines)
        let embedder = try EmbedderFolder.load(folder.path)
        let golden = try TransformerGoldenTests.golden(model)
        let result = try embedder.embed(golden.texts)
        for (row, text) in golden.texts.enumerated() where text != "<unk>" {
            #expect(Fixtures.cosine(result.row(row), golden.meanNormalized[row]) > 0.99999)
        }
        try folder.write("vocab.txt", Array("a\nb\n".utf8))
        let error = try failure(folder.path)
        #expect(error.path.hasSuffix("vocab.txt") && error.message.contains("special token"))
    }

    @Test func missingTensor() throws {
        for (model, name) in [
            ("tiny-bert", "encoder.layer.1.output.LayerNorm.bias"),
            ("tiny-mpnet", "encoder.layer.0.attention.attn.q.weight"),
            ("tiny-mpnet", "encoder.relative_attention_bias.weight"),
        ] {
            let error = try failure(model) { folder in
                var bytes = try folder.bytes("model.safetensors")
                let range = try #require(Data(bytes).range(of: Data(name.utf8)))
                bytes[range.lowerBound] = UInt8(ascii: "X")
                try folder.write("model.safetensors", bytes)
            }
            #expect(error.kind == .tensor)
            #expect(error.path.hasSuffix("model.safetensors"))
            #expect(
                error.message.contains("no tensor \"\(name)\"") && error.message.contains("expected one of shape [32"))
        }
    }

    @Test(arguments: [
        ("\"hidden_size\": 32", "\"hidden_size\": 64", "[2, 64]"),
        ("\"vocab_size\": 118", "\"vocab_size\": 119", "[119, 32]"),
        ("\"intermediate_size\": 64", "\"intermediate_size\": 65", "[65, 32]"),
        ("\"max_position_embeddings\": 160", "\"max_position_embeddings\": 161", "[161, 32]"),
        ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3", "encoder.layer.2"),
    ])
    func wrongShape(old: String, new: String, expected: String) throws {
        let error = try failure { try $0.edit("config.json", old, new) }
        #expect(error.kind == .tensor && error.message.contains(expected), "\(error)")
    }

    @Test(arguments: [
        ("config.json", "\"model_type\": \"bert\"", "\"model_type\": \"t5\"", "\"bert\" and \"mpnet\""),
        ("config.json", "\"hidden_act\": \"gelu\"", "\"hidden_act\": \"relu\"", "supported is \"gelu\""),
        ("config.json", "\"hidden_size\": 32", "\"hidden_size\": -1", "\"hidden_size\""),
        ("config.json", "\"num_attention_heads\": 4", "\"num_attention_heads\": 5", "not a multiple"),
        ("config.json", "\"vocab_size\"", "\"vocabulary\"", "has no \"vocab_size\""),
        ("modules.json", "pooling.Pooling", "dense.Dense", "Dense"),
        ("1_Pooling/config.json", "\"mean\"", "\"weightedmean\"", "mean_tokens"),
        ("1_Pooling/config.json", "\"embedding_dimension\": 32", "\"embedding_dimension\": 31", "hidden_size"),
        (
            "config_sentence_transformers.json", "\"default_prompt_name\": null", "\"default_prompt_name\": \"query\"",
            "prompts"
        ),
        ("tokenizer.json", "\"WordPiece\",\n    \"unk", "\"BPE\",\n    \"unk", "supported is WordPiece"),
        ("tokenizer.json", "\"BertNormalizer\"", "\"NFKC\"", "supported is BertNormalizer"),
        ("tokenizer.json", "\"TemplateProcessing\"", "\"ByteLevel\"", "supported are TemplateProcessing"),
        ("tokenizer.json", "\"ids\": [\n          2", "\"ids\": [\n          -2", "the id -2"),
        ("tokenizer.json", "\"ids\": [\n          2", "\"ids\": [\n          200", "\"vocab_size\" is 118"),
        ("tokenizer_config.json", "\"do_lower_case\": true", "\"do_lower_case\": 3", "do_lower_case"),
        ("tokenizer_config.json", "\"model_max_length\": 150", "\"model_max_length\": 1", "max_seq_length"),
    ])
    func unsupported(file: String, old: String, new: String, expected: String) throws {
        let error = try failure { try $0.edit(file, old, new) }
        #expect(error.kind == .unsupported && error.message.contains(expected), "\(error)")
    }

    @Test(arguments: [
        "config.json", "modules.json", "1_Pooling/config.json", "tokenizer.json", "tokenizer_config.json",
    ])
    func brokenJSON(name: String) throws {
        let error = try failure { try $0.write(name, Array(try $0.bytes(name).dropLast(3))) }
        #expect(error.kind == .unreadable && error.path.hasSuffix(name) && error.message.contains("byte"))
    }

    /// A tokenizer that adds no token of its own, and a text of nothing but what it drops.
    @Test func aTextWithoutTokensIsZero() throws {
        let folder = try TemporaryFolder(copyOf: Fixtures.path("tiny-bert"))
        var tokenizer = try #require(
            JSONSerialization.jsonObject(with: Data(folder.bytes("tokenizer.json"))) as? [String: Any])
        tokenizer["post_processor"] = NSNull()
        try folder.write("tokenizer.json", Array(JSONSerialization.data(withJSONObject: tokenizer)))
        let embedder = try EmbedderFolder.load(folder.path)
        let rows = try embedder.embed(["\u{200b}", "a fox", "\u{200b}", "hello"])
        #expect(rows.row(0).allSatisfy { $0 == 0 } && rows.row(2).allSatisfy { $0 == 0 })
        #expect(try rows.row(1) == embedder.embed(["a fox"]).row(0) && rows.row(3) == embedder.embed(["hello"]).row(0))
        #expect(try embedder.embed(["\u{200b}"]).row(0).allSatisfy { $0 == 0 })
    }

    @Test func moreBucketsThanDistances() throws {
        let error = try failure("tiny-mpnet") { folder in
            let text = String(decoding: try folder.bytes("config.json"), as: UTF8.self)
            let changed = text.replacingOccurrences(of: "num_buckets\": 32", with: "num_buckets\": 512")
            #expect(changed != text)
            try folder.write("config.json", Array(changed.utf8))
        }
        #expect(error.message.contains("relative_attention_num_buckets"))
    }

    @Test func truncatedWeights() throws {
        let error = try failure { folder in
            try folder.write("model.safetensors", Array(try folder.bytes("model.safetensors").dropLast(1)))
        }
        #expect(error.kind == .unreadable && error.message.contains("truncated"))
    }

    @Test func nonFiniteOutputNamesTheText() throws {
        let folder = try TemporaryFolder(copyOf: Fixtures.path("tiny-bert"))
        let tokenizer = try WordPieceTokenizer(folder: folder.path)
        let fox = Int(tokenizer.encode("fox", addsSpecialTokens: false)[0])
        var bytes = try folder.bytes("model.safetensors")
        // The row of "fox" in the word embeddings becomes infinite.
        let text = String(decoding: bytes.prefix(6000), as: UTF8.self)
        let entry = try #require(
            text.firstMatch(of: /"embeddings\.word_embeddings\.weight":\{[^}]*"data_offsets":\[(\d+),/))
        let header = Int(bytes[0]) | Int(bytes[1]) << 8
        let start = 8 + header + Int(entry.1)! + fox * 32 * 4
        for offset in 0..<4 { bytes[start + offset] = [0, 0, 0x80, 0x7f][offset] }
        try folder.write("model.safetensors", bytes)
        let embedder = try EmbedderFolder.load(folder.path)
        #expect(try embedder.embed(["hello", "world"]).rows == 2)
        let error = try #require(
            #expect(throws: EmbeddingError.self) { try embedder.embed(["hello", "a fox", "world"]) })
        #expect(error.kind == .nonFinite && error.message.contains("index 1"))
    }
}
