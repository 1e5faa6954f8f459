import Embedding
import Foundation
import Kernels
import Testing

/// From a transformer's folder to a table.
@Suite struct StaticDistillerTests {
    private static let corpus = [
        "the quick brown fox", "the lazy dog", "the end", "hello world, the word is big", "the the the",
    ]

    private func settings(_ type: StaticElementType = .float32, dimension: Int = 12) -> Distiller.Settings {
        _ = Self.oneThread
        var settings = Distiller.Settings()
        settings.dimension = dimension
        settings.elementType = type
        return settings
    }

    private static let oneThread: Void = BLAS.setThreads(1)

    private func distil(
        _ model: String, _ settings: Distiller.Settings, corpus: [String] = corpus, texts: [String] = [],
        vectors: [Float]? = nil, workers: Int = 1
    ) throws -> TemporaryFolder {
        var distiller = try Distiller(transformer: Fixtures.path(model))
        for text in corpus { distiller.count(text) }
        if !texts.isEmpty {
            distiller.learn(texts, vectors: try vectors ?? distiller.embed(texts, workers: workers))
        }
        let folder = try TemporaryFolder()
        try distiller.distil(settings, workers: workers) { _ in }.write(to: folder.path)
        return folder
    }

    private func length(_ vector: [Float]) -> Double {
        vector.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    }

    @Test(arguments: ["tiny-bert", "tiny-mpnet"])
    func tableLoads(model: String) throws {
        let folder = try distil(model, settings())
        let embedder = try #require(EmbedderFolder.load(folder.path) as? StaticEmbedder)
        #expect(embedder.dimension == 12 && embedder.maximumTokens == .max)
        let found = try embedder.embed(["the quick brown fox", "Ω", "big foxing"])
        #expect(abs(length(found.row(0)) - 1) < 1e-6 && length(found.row(1)) == 0)
        #expect(abs(length(found.row(2)) - 1) < 1e-6)
    }

    /// Special tokens are no pieces of a text, and mean nothing when they are written out.
    @Test func specialTokensAreLeftOut() throws {
        let folder = try distil("tiny-bert", settings())
        let tokenizer = try WordPieceTokenizer(folder: folder.path)
        #expect(tokenizer.prefix == [] && tokenizer.suffix == [])
        let pieces = (0..<tokenizer.vocabularySize).map { String(decoding: tokenizer.piece(Int32($0)), as: UTF8.self) }
        #expect(!pieces.contains("[CLS]") && !pieces.contains("[PAD]") && pieces.contains("[UNK]"))
        #expect(pieces.contains("##believable") && pieces.contains("the") && pieces.contains("["))
        #expect(tokenizer.encode("[CLS]").count > 1)
        let original = try WordPieceTokenizer(folder: Fixtures.path("tiny-bert"))
        for text in Self.corpus + ["unbelievable cafés, 123 北京 Ω!"] {
            let found = tokenizer.encode(text).map { tokenizer.piece($0) }
            #expect(found == original.encode(text, addsSpecialTokens: false).map { original.piece($0) })
        }
    }

    /// With p from the corpus and the vocabulary's order: the mean of the rows, each with its p, is zero.
    @Test func textOfAverageWordsIsZero() throws {
        var settings = settings()
        settings.smoothing = 0.01
        for corpus in [Self.corpus, []] {
            let folder = try distil("tiny-bert", settings, corpus: corpus)
            // Rows as they are: not normalised.
            try folder.edit("config.json", "\"normalize\": true", "\"normalize\": false")
            let embedder = try EmbedderFolder.load(folder.path)
            let tokenizer = try WordPieceTokenizer(folder: folder.path)
            let pieces = (0..<tokenizer.vocabularySize).map { tokenizer.piece(Int32($0)) }
            var counts = [Int](repeating: 0, count: pieces.count)
            for text in corpus { for id in tokenizer.encode(text) { counts[Int(id)] += 1 } }
            let p = TokenProbabilities(pieces: pieces, counts: corpus.isEmpty ? nil : counts).values
            #expect(abs(p.reduce(0, +) - 1) < 1e-12)
            var (sum, size) = ([Double](repeating: 0, count: 12), 0.0)
            for (id, piece) in pieces.enumerated() where !piece.starts(with: Array("##".utf8)) {
                let name = String(decoding: piece, as: UTF8.self)
                guard name != "[UNK]" else { continue }
                let row = try embedder.embed([name]).elements
                size += p[id] * length(row)
                for column in 0..<12 { sum[column] += p[id] * Double(row[column]) }
            }
            // Pieces that continue a word are no texts by themselves: "a##b" less "a".
            for (id, piece) in pieces.enumerated() where piece.starts(with: Array("##".utf8)) {
                let word = "q" + String(decoding: piece.dropFirst(2), as: UTF8.self)
                guard tokenizer.encode(word).map({ tokenizer.piece($0) }) == [Array("q".utf8), piece] else { continue }
                let (both, alone) = try (embedder.embed([word]).elements, embedder.embed(["q"]).elements)
                for column in 0..<12 { sum[column] += p[id] * Double(2 * both[column] - alone[column]) }
            }
            #expect(sum.reduce(0) { $0 + $1 * $1 }.squareRoot() < 1e-4 * size, "\(sum)")
        }
    }

    @Test func probabilitiesAreTheGeometricMeanOfCountsAndRank() {
        let pieces = [",", "a", "the", "##s", "of"].map { Array($0.utf8) }
        let zipf = [1.0 / 50, 1.0 / 50, 1, 1.0 / 2, 1.0 / 3]
        let byRank = TokenProbabilities(pieces: pieces, counts: nil).values
        let both = TokenProbabilities(pieces: pieces, counts: [4, 0, 10, 1, 0]).values
        let products = zip([4.5, 0.5, 10.5, 1.5, 0.5], zipf).map { ($0 * $1).squareRoot() }
        for index in pieces.indices {
            #expect(abs(byRank[index] - zipf[index] / zipf.reduce(0, +)) < 1e-15)
            #expect(abs(both[index] - products[index] / products.reduce(0, +)) < 1e-15)
        }
    }

    @Test func bytesDoNotDependOnWorkers() throws {
        let one = try distil("tiny-bert", settings(.int8), workers: 1)
        let four = try distil("tiny-bert", settings(.int8), workers: 4)
        for name in ["model.safetensors", "tokenizer.json", "config.json", "modules.json"] {
            #expect(try one.bytes(name) == four.bytes(name), "\(name)")
        }
    }

    /// Of ten words each, drawn anew.
    private static let lessons: [String] = {
        var generator = SeededGenerator(seed: 3)
        let words = ["the", "quick", "brown", "fox", "lazy", "dog", "end", "hello", "world", "word", "is", "big", "in"]
        return (0..<200).map { _ in
            (0..<10).map { _ in words.randomElement(using: &generator)! }.joined(separator: " ")
        }
    }()

    @Test(arguments: ["tiny-bert", "tiny-mpnet"])
    func textsTeachContext(model: String) throws {
        var distiller = try Distiller(transformer: Fixtures.path(model))
        distiller.learn(Self.lessons, vectors: try distiller.embed(Self.lessons, workers: 2))
        let cosines = try #require(try distiller.distil(settings(), workers: 1) { _ in }.cosines)
        #expect(1 - cosines.after < 0.9 * (1 - cosines.before), "\(cosines)")
    }

    @Test func bytesDoNotDependOnWorkersOrWhoEmbedsTheTexts() throws {
        let one = try distil("tiny-bert", settings(.int8), texts: Self.lessons)
        let three = try distil("tiny-bert", settings(.int8), texts: Self.lessons, workers: 3)
        let vectors = try EmbedderFolder.load(Fixtures.path("tiny-bert")).embed(Self.lessons).elements
        let given = try distil("tiny-bert", settings(.int8), texts: Self.lessons, vectors: vectors)
        let untaught = try distil("tiny-bert", settings(.int8))
        for name in ["model.safetensors", "tokenizer.json", "config.json", "modules.json"] {
            #expect(try one.bytes(name) == three.bytes(name) && one.bytes(name) == given.bytes(name), "\(name)")
        }
        #expect(try one.bytes("model.safetensors") != untaught.bytes("model.safetensors"))
        #expect(try String(decoding: one.bytes("config.json"), as: UTF8.self).contains("\"learned_from_texts\": 200"))
    }

    @Test func textsOfUnknownWordsTeachNothing() throws {
        var distiller = try Distiller(transformer: Fixtures.path("tiny-bert"))
        distiller.learn(["ψυχή", "Ω"], vectors: try distiller.embed(["ψυχή", "Ω"], workers: 1))
        let error = try #require(
            #expect(throws: EmbeddingError.self) { try distiller.distil(settings(), workers: 1) { _ in } })
        #expect(error.kind == .unsupported && error.message.contains("none of the texts"), "\(error)")
    }

    @Test(arguments: [StaticElementType.int8, .float16])
    func narrowTypesAreNear(type: StaticElementType) throws {
        let texts = ["the quick brown fox", "hello world", "unbelievable café", "big dog is lazy, the end"]
        let folders = try (distil("tiny-bert", settings()), distil("tiny-bert", settings(type)))
        let wide = try EmbedderFolder.load(folders.0.path).embed(texts)
        let narrow = try EmbedderFolder.load(folders.1.path).embed(texts)
        for row in texts.indices {
            #expect(Fixtures.cosine(wide.row(row), narrow.row(row)) > (type == .int8 ? 0.998 : 0.999_99))
        }
    }

    @Test func moreDimensionsThanTheModelHas() throws {
        let distiller = try Distiller(transformer: Fixtures.path("tiny-bert"))
        let error = try #require(
            #expect(throws: EmbeddingError.self) { try distiller.distil(settings(dimension: 32), workers: 1) { _ in } })
        #expect(error.kind == .unsupported && error.message.contains("a dimension of 32"), "\(error)")
        #expect(throws: EmbeddingError.self) { try Distiller(transformer: Fixtures.path("static-int8")) }
    }
}
