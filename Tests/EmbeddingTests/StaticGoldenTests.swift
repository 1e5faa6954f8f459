import Embedding
import Foundation
import Kernels
import Testing

/// The vectors that model2vec makes of its own folders.
@Suite struct StaticGoldenTests {
    static let models = ["static-float16", "static-int8", "static-mapped"]

    private let golden: [String: Any]
    private let texts: [String]

    init() throws {
        let object = try JSONSerialization.jsonObject(with: Data(try Fixtures.bytes("static.json")))
        golden = try #require(object as? [String: Any])
        texts = try #require(golden["texts"] as? [String])
    }

    @Test(arguments: models)
    func sameVectors(model: String) throws {
        let expected = try #require(golden[model] as? [[Double]])
        let embedder = try EmbedderFolder.load(Fixtures.path(model))
        #expect(embedder is StaticEmbedder)
        let found = try embedder.embed(texts)
        #expect(found.rows == texts.count && found.columns == 20 && embedder.dimension == 20)
        // model2vec adds halves up in half precision.
        let tolerance = model == "static-float16" ? 2e-3 : 2e-6
        for (row, values) in expected.enumerated() {
            for (column, value) in values.enumerated() {
                let difference = abs(Double(found[row, column]) - value)
                #expect(difference <= tolerance * max(1, abs(value)), "\(model): text \(row), column \(column)")
            }
        }
    }

    @Test func theWholeTextIsReadWithoutMaximum() throws {
        let unlimited = try EmbedderFolder.load(Fixtures.path("static-int8"))
        #expect(unlimited.maximumTokens == .max)
        #expect(try EmbedderFolder.load(Fixtures.path("static-mapped")).maximumTokens == 6)
        #expect(try EmbedderFolder.load(Fixtures.path("static-float16")).maximumTokens == 512)
        let long = String(repeating: "big ", count: 5000)
        let (a, b) = try (unlimited.embed([long + "fox"]), unlimited.embed([long + "dog"]))
        #expect(a != b)
    }

    @Test(arguments: models)
    func unknownAndEmptyTextsAreZero(model: String) throws {
        let embedder = try EmbedderFolder.load(Fixtures.path(model))
        let found = try embedder.embed(["", " \n\t ", "Ω ψ", "[UNK]", "\u{0}\u{301}"])
        #expect(found.elements.allSatisfy { $0 == 0 })
    }

    @Test(arguments: models)
    func neighboursAndThreadsDoNotMatter(model: String) throws {
        let embedder = try EmbedderFolder.load(Fixtures.path(model))
        let many = (0..<400).map { texts[$0 * 7 % texts.count] + texts[$0 * 3 % texts.count] }
        let alone = try many.map { try EmbedderFolder.load(Fixtures.path(model)).embed([$0]).elements }
            .flatMap { $0 }
        #expect(try embedder.embed(many).elements == alone)
        for workers in [1, 3, 8] {
            let parts = Parallel.map(count: many.count, blockSize: 16, workers: workers) { rows in
                try? embedder.embed(Array(many[rows])).elements
            }
            #expect(parts.flatMap { $0 ?? [] } == alone, "\(workers) workers")
        }
    }

    @Test func everyFileCountsForTheDigest() throws {
        let folder = try TemporaryFolder(copyOf: Fixtures.path("static-int8"))
        let original = try EmbedderFolder.load(folder.path).digest
        #expect(try EmbedderFolder.load(Fixtures.path("static-int8")).digest == original)
        try folder.edit("config.json", "false", "true")
        #expect(try EmbedderFolder.load(folder.path).digest != original)
    }

    @Test func similarWordsAreNearInTheTable() throws {
        let embedder = try #require(EmbedderFolder.load(Fixtures.path("static-int8")) as? StaticEmbedder)
        let words = embedder.similarWords(to: ["fox", "dog", "nowhere"], count: 3)
        #expect(Set(words.keys) == ["fox", "dog"])
        #expect(words.values.allSatisfy { $0.count == 3 && Set($0).count == 3 })
        #expect(words.allSatisfy { !$1.contains($0) })
    }
}
