import Embedding
import Foundation
import Kernels
import Testing

/// Tables where a token that comes n times weighs √n.
@Suite struct StaticRepeatsTests {
    /// A fixture's table, its vectors not brought to length 1.
    private func embedder(_ model: String, repeats: String?, normalizes: Bool = false) throws -> any Embedder {
        let folder = try TemporaryFolder(copyOf: Fixtures.path(model))
        let repeated = repeats.map { "\"repeated_tokens\": \"\($0)\"," } ?? ""
        let settings = "{\"max_length\": null, \"normalize\": \(normalizes), \(repeated) \"embedding_dtype\": \"-\"}"
        try folder.write("config.json", Array(settings.utf8))
        return try EmbedderFolder.load(folder.path)
    }

    @Test(arguments: StaticGoldenTests.models)
    func tokensWeighTheRootOfTheirCount(model: String) throws {
        let embedder = try embedder(model, repeats: "square_root")
        let words = ["the", "quick", "brown", "fox", "dog", "big"]
        let rows = try embedder.embed(words)
        for counts in [[1, 1, 1, 0, 0, 0], [2, 0, 0, 0, 0, 0], [5, 1, 2, 2, 0, 3], [300, 7, 1, 0, 7, 256]] {
            // Taken in turns, so that the same words do not stand together.
            let text = (0..<counts.max()!).flatMap { turn in
                words.indices.filter { counts[$0] > turn }.map { words[$0] }
            }.joined(separator: " ")
            var (expected, total) = ([Double](repeating: 0, count: rows.columns), 0.0)
            for (word, count) in counts.enumerated() {
                let weight = Double(count).squareRoot()
                total += weight
                for column in 0..<rows.columns { expected[column] += weight * Double(rows[word, column]) }
            }
            let found = try embedder.embed([text])
            for column in 0..<rows.columns {
                let value = expected[column] / total
                #expect(abs(Double(found[0, column]) - value) < 1e-5 * max(1, abs(value)), "\(counts), \(column)")
            }
        }
    }

    @Test(arguments: StaticGoldenTests.models)
    func theOrderOfWordsDoesNotMatter(model: String) throws {
        let embedder = try embedder(model, repeats: "square_root", normalizes: true)
        let found = try embedder.embed(["the dog the fox the dog", "dog dog fox the the the"])
        #expect(found.row(0) == found.row(1))
    }

    @Test(arguments: StaticGoldenTests.models)
    func withoutRepeatsNothingChanges(model: String) throws {
        let (damped, plain) = try (
            embedder(model, repeats: "square_root", normalizes: true), embedder(model, repeats: nil, normalizes: true)
        )
        let once = ["the quick brown fox", "", "big"]
        for (a, b) in zip(try damped.embed(once).elements, try plain.embed(once).elements) {
            #expect(abs(a - b) < 1e-6)
        }
        let several = ["the fox and the dog and the big fox"]
        #expect(try damped.embed(several) != plain.embed(several))
        #expect(try embedder(model, repeats: "sum", normalizes: true).embed(several) == plain.embed(several))
    }

    @Test func anUnknownRuleIsRefused() throws {
        let error = try #require(
            #expect(throws: EmbeddingError.self) { try embedder("static-int8", repeats: "logarithm") })
        #expect(error.kind == .unsupported && "\(error)".contains("\"square_root\""))
    }
}
