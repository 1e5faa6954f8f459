import Foundation
import Kernels
import Pipeline
import Probing
import Stages
import Testing
import VectorIndex

/// Fingerprints with a block of words, from a corpus of texts to attributed outputs.
@Suite struct TokenFingerprintTests {
    private let workspace = Workspace()
    private static let model = Workspace.repository.appending(path: "Tests/EmbeddingTests/Fixtures/tiny-bert").path

    private let texts: [String] = {
        var generator = SeededGenerator(seed: 5)
        let words = [
            "river", "stone", "the", "of", "lantern", "moss", "seventy", "bridge", "salt", "a", "wheel", "ash",
        ]
        return (0..<120).map { row in
            "n\(row) "
                + (0..<4 + generator.integer(below: 9)).map { _ in words[generator.integer(below: words.count)] }
                .joined(separator: " ")
        }
    }()

    private func build(_ extra: [String]) throws -> RunDirectory {
        let lines = texts.enumerated().map { "{\"id\": \"t\($0)\", \"text\": \"\($1)\"}\n" }
        let corpus = try workspace.write(lines.joined(), to: "texts.jsonl")
        return try workspace.build(
            [
                "corpus.files=\(corpus)", "embed.path=\(Self.model)", "cluster.clusters=4", "corpus.shard_rows=50",
                "calibrate.outputs=50", "calibrate.nulls=100",
            ] + extra)
    }

    private func artifacts(_ directory: RunDirectory, _ stage: String) throws -> [Artifact] {
        let generation = try #require(try directory.currentGeneration())
        return try (generation.parts[stage] ?? []).map { try directory.artifact($0) }
    }

    private func index(_ directory: RunDirectory) throws -> FlatIndex {
        try FlatIndex(segments: [artifacts(directory, "merge")[0].path("segment.shard")])
    }

    private func inner(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Double {
        zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }

    @Test func `a fingerprint is the embedding's and then the token signature`() throws {
        let plain = try index(build([]))
        let directory = try build(["fingerprint.token_weight=0.25", "fingerprint.token_dimension=48"])
        let both = try index(directory)
        #expect(both.dimension == plain.dimension + 48)
        let probe = TokenProbe(
            try TokenFrequencies(path: artifacts(directory, "token-probe")[0].path("frequencies.shard")))
        let signature = TokenSignature(probe, settings: .init(dimension: 48), seed: 42)
        let counts = TokenCounts(texts: texts)
        for row in stride(from: 0, to: texts.count, by: 7) {
            let vector = try both.vector(row: row)
            let embedding = try plain.vector(row: row)
            #expect(Array(vector.prefix(plain.dimension)) == embedding)
            let expected = try signature.signature(counts.bag(row))
            let norm = inner(expected[...], expected[...]).squareRoot()
            for (value, wanted) in zip(vector.suffix(48), expected) {
                #expect(abs(Double(value) - 0.5 * Double(wanted) / norm) < 1e-6)
            }
        }
    }

    @Test func `outputs are fingerprinted as the corpus was`() throws {
        let directory = try build(["fingerprint.token_weight=1", "refine.rank_by=similarity"])
        let lines = [3, 49, 50, 119].map { "{\"id\": \"o\($0)\", \"text\": \"\(texts[$0])\"}\n" }
        let outputs = try workspace.attribute(
            directory, .texts(path: workspace.write(lines.joined(), to: "outputs.jsonl")))
        for (row, output) in zip([3, 49, 50, 119], outputs) {
            let best = try #require(output.attributions.first)
            #expect(best.sourceID == "t\(row)")
            #expect(abs(best.similarity - 1) < 1e-5)
        }
        #expect(try RunCheck.check(directory).problems == [])
        // Vectors have no words.
        let vectors = try workspace.write(Matrix(rows: 1, columns: try index(build([])).dimension), to: "outputs.npy")
        let words = try build(["fingerprint.token_weight=1"])
        let error = #expect(throws: RunError.self) { try workspace.attribute(words, vectors: vectors) }
        #expect(error?.kind == .incompatible && error?.message.contains("fingerprint.token_weight") == true)
    }

    /// Vectors of different identity are never compared; without a weight nothing about a fingerprint changes.
    @Test func `the identity covers the block, and only where there is one`() throws {
        func made(_ extra: [String]) throws -> (identity: String, project: [String]) {
            let directory = try build(extra)
            return (try index(directory).identity, try artifacts(directory, "project").map(\.folder))
        }
        let plain = try made([])
        for same in [["fingerprint.token_dimension=9"], ["tokens.prior=7"], ["fingerprint.token_weight=0"]] {
            let other = try made(same)
            #expect(other.identity == plain.identity && other.project == plain.project, "\(same)")
        }
        let base = ["fingerprint.token_weight=0.5", "fingerprint.token_dimension=16"]
        var identities: Set = [plain.identity, try made(base).identity]
        for change in ["fingerprint.token_weight=1", "fingerprint.token_dimension=17", "tokens.prior=7"] {
            let other = try made(base + [change])
            #expect(identities.insert(other.identity).inserted, "\(change)")
            #expect(Set(other.project).isDisjoint(with: plain.project))
        }
    }

    @Test func `without words there is no block of words`() throws {
        let vectors = try workspace.write(clusteredVectors(20, dimension: 8, clusters: 4, seed: 1), to: "vectors.npy")
        let corpus = try workspace.write("{\"id\": \"a\", \"text\": \"b\"}\n", to: "one.jsonl")
        for (settings, part) in [
            (["corpus.files=\(vectors)"], "the corpus is vectors"),
            (["corpus.files=\(corpus)", "embed.path=\(vectors)"], "embed.path is vectors"),
            (["corpus.files=\(corpus)", "embed.path=\(Self.model)", "profile=paper"], "fingerprint.combine: raw"),
        ] {
            #expect(throws: Never.self) { try Workspace.configuration(settings) }
            let error = #expect(throws: RunError.self) {
                try Workspace.configuration(settings + ["fingerprint.token_weight=0.1"])
            }
            #expect(error?.kind == .configuration && error?.message.contains(part) == true, "\(error?.message ?? "")")
        }
    }
}
