import Foundation
import Kernels
import Pipeline
import Probing
import Stages
import Storage
import Testing
import VectorIndex

/// The stages of the token probe, from a corpus of texts to its files, against the texts themselves.
@Suite struct TokenStagesTests {
    private let workspace = Workspace()
    private let texts: [String] = {
        var generator = SeededGenerator(seed: 31)
        let words = ["river", "Stone", "the", "of", "κόσμος", "木", "run_2", "Éclair", "seventy", "moss", "lantern"]
        return (0..<300).map { row in
            let count = 1 + generator.integer(below: 20)
            return "n\(row % 90) "
                + (0..<count).map { _ in words[generator.integer(below: words.count)] }.joined(separator: ", ")
        }
    }()
    private var counts: TokenCounts { TokenCounts(texts: texts) }

    private func build(_ extra: [String] = [], run: String = "run") throws -> RunDirectory {
        let lines = texts.enumerated().map { "{\"id\": \"t\($0)\", \"text\": \"\($1)\"}\n" }
        let corpus = try workspace.write(lines.joined(), to: "texts.jsonl")
        let vectors = clusteredVectors(300, dimension: 8, clusters: 5, seed: 1)
        return try workspace.build(
            [
                "corpus.files=\(corpus)", "embed.path=\(try workspace.write(vectors, to: "vectors.npy"))",
                "cluster.clusters=5", "corpus.shard_rows=70",
            ] + extra, run: run)
    }

    private func artifacts(_ directory: RunDirectory, _ stage: String) throws -> [Artifact] {
        let generation = try #require(try directory.currentGeneration())
        return try (generation.parts[stage] ?? []).map { try directory.artifact($0) }
    }

    @Test func `the files hold the words of the texts`() throws {
        let directory = try build()
        let tokens = try artifacts(directory, "tokenize")
        #expect(tokens.count == 5)
        let rows = try TokenRows(tokens)
        #expect(rows.rows == 300)
        for row in [0, 69, 70, 71, 139, 140, 299] + Array(0..<300) {
            #expect(try rows.bag(row: row) == counts.bag(row))
        }
        var builder = TokenFrequencies.Builder()
        builder.add(counts)
        let expected = builder.finish()
        let found = try TokenFrequencies(path: artifacts(directory, "token-probe")[0].path("frequencies.shard"))
        #expect(found.rows == 300 && found.tokens == expected.tokens && found.words == expected.words)
        for id in Set(counts.ids) { #expect(try found.entry(id) == expected.entry(id)) }
        #expect(try RunCheck.check(directory).problems == [])
        let file = try ShardInspection(path: tokens[0].path("tokens.shard"), rows: 1)
        let first = counts.bag(0)
        #expect(file.text.contains(String(format: "%08x×%d", first.ids[0], Int(first.counts[0]))), "\(file.text)")
    }

    /// What the index finds is what scoring every row by influence finds.
    @Test func `the index ranks as the probe's influence does`() throws {
        let directory = try build()
        let rows = try TokenRows(artifacts(directory, "tokenize"))
        let probe = TokenProbe(
            try TokenFrequencies(path: artifacts(directory, "token-probe")[0].path("frequencies.shard")))
        let index = try PostingsIndex(folder: artifacts(directory, "token-index")[0].folder)
        #expect(index.rows == 300)
        for row in stride(from: 0, to: 300, by: 23) {
            let query = try probe.query(rows.bag(row: row))
            let found = try index.search(
                [
                    .init(
                        ids: query.output.ids, counts: query.output.counts, gains: query.gains,
                        length: query.output.length)
                ],
                scorer: QueryLikelihood(prior: probe.prior), count: 10, workers: 2)[0]
            let influences = try (0..<300).map { query.influence(of: try rows.bag(row: $0)) }.sorted()
            #expect(found.count == 10)
            for (place, neighbor) in found.enumerated() {
                let own = query.influence(of: try rows.bag(row: neighbor.row))
                #expect(abs(Double(neighbor.score) + own) < 1e-4 * max(1, abs(own)))
                #expect(abs(own - influences[place]) < 1e-4 * max(1, abs(own)))
            }
        }
    }

    @Test func `another prior makes nothing again`() throws {
        let first = try build()
        let folders = try ["tokenize", "token-probe", "token-index"].map { try artifacts(first, $0).map(\.folder) }
        let second = try build(["tokens.prior=9"])
        #expect(
            try ["tokenize", "token-probe", "token-index"].map { try artifacts(second, $0).map(\.folder) } == folders)
        let text = try #require(try second.currentGeneration()?.configuration)
        #expect(text.contains("prior"))
    }

    @Test func `vectors without texts have no token probe, and leave none behind`() throws {
        let texts = try build()
        #expect(try !RunStatus(directory: texts).table().contains("no token probe"))
        let vectors = try workspace.write(clusteredVectors(200, dimension: 8, clusters: 5, seed: 2), to: "only.npy")
        let settings = ["corpus.files=\(vectors)", "cluster.clusters=5"]
        let directory = try workspace.build(settings)
        let status = try RunStatus(directory: directory)
        #expect(status.table().contains("no token probe: the corpus has no text"))
        #expect(!status.stages.contains { $0.name.hasPrefix("token") })
        // The generation before stays for a rollback; the next one lets it go.
        _ = try workspace.build(settings + ["seed=9"])
        for stage in ["tokenize", "token-probe", "token-index"] {
            #expect(RunDirectory.list(directory.file(stage)).isEmpty, "\(stage)")
        }
        #expect(try RunCheck.check(directory).problems == [])
        let (root, configuration) = try Workspace.configuration(settings)
        let job = BuildJob(
            configuration: configuration, root: root, directory: directory, workers: 1, allowsMixedPlatforms: false,
            progress: BuildProgress(isTerminal: false) { _ in })
        #expect(try !job.plan().table().contains("token"))
        let error = #expect(throws: RunError.self) { try job.run(stage: "tokenize", rank: 0, worldSize: 1) }
        #expect(error?.kind == .configuration && error?.message.contains("tokenize") == true)
    }

    /// A sound shard file whose rows are no lists of words.
    @Test func `rows that make no sense are refused`() throws {
        let manifest = try artifacts(build(), "tokenize")[0].manifest
        let word: [UInt8] = [1, 0, 0, 0, 1, 0]
        // Two sentences, the word in the second.
        let sentences: [UInt8] = [2, 0, 0, 0, 0, 0, 1, 0, 0, 0]
        let damaged: [(tokens: [UInt8], sentences: [UInt8])] = [
            ([1, 2, 3], []), (word, [0, 0] + sentences.dropFirst(2)), (word, [4, 0] + sentences.dropFirst(2)),
            (word, Array(sentences.dropLast(4))), (word, Array(sentences.dropLast())),
            (word, [1, 0] + [UInt8](repeating: 0, count: 4 * 17)),
        ]
        let writer = try ShardWriter(
            path: workspace.file("tokens.shard"), kind: "tokens",
            columns: [.variable("tokens"), ColumnDescription("length", .uint32), .variable("sentences")])
        for row in [(word, []), (word, sentences)] + damaged {
            try writer.append("tokens", bytes: row.0.rawBytes)
            try writer.append("sentences", bytes: row.1.rawBytes)
        }
        try writer.append("length", values: [UInt32](repeating: 1, count: 2 + damaged.count))
        _ = try writer.finish()
        let rows = try TokenRows([Artifact(folder: workspace.path, manifest: manifest, shard: nil)])
        #expect(try rows.bag(row: 0) == TokenBag(ids: [1], counts: [1], length: 1))
        #expect(try rows.bag(row: 1).sentences == [2] && rows.bag(row: 1).sentenceLengths == [0, 1])
        for row in 2..<rows.rows { #expect(throws: StorageError.self, "row \(row)") { try rows.bag(row: row) } }
        #expect(try rows.bag(row: 0).sentenceLengths == [])
    }
}
