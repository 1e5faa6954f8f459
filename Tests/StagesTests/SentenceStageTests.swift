import Corpus
import Embedding
import Foundation
import Kernels
import Pipeline
import Stages
import Storage
import Testing

/// The embeddings of sentences: what the files hold, when they are made, and what they are worth.
@Suite struct SentenceStageTests {
    private let workspace = Workspace()
    private static let table = Workspace.repository.appending(path: "data/static-mpnet").path
    private static let words = [
        "river", "stone", "winter", "music", "engine", "bridge", "lantern", "garden", "copper", "violin", "harbour",
        "meadow", "forest", "kitchen", "doctor", "planet", "window", "summer", "letter", "market", "soldier", "ocean",
    ]

    /// A sentence of six words.
    private static func sentence(_ generator: inout SeededGenerator) -> String {
        (0..<6).map { _ in words[generator.integer(below: words.count)] }.joined(separator: " ") + "."
    }

    private func build(
        _ texts: [String], _ extra: [String] = [], model: String = table, run: String = "run", workers: Int = 2
    ) throws -> RunDirectory {
        let lines = texts.enumerated().map { row, text in
            "{\"id\": \"t\(row)\", \"text\": \"\(text.replacing("\n", with: "\\n"))\"}\n"
        }
        let corpus = try workspace.write(lines.joined(), to: "\(run).jsonl")
        return try workspace.build(
            [
                "corpus.files=\(corpus)", "embed.path=\(model)", "cluster.clusters=4", "corpus.shard_rows=30",
                "calibrate.outputs=50", "calibrate.nulls=100",
            ] + extra, run: run, workers: workers)
    }

    private func artifacts(_ directory: RunDirectory) throws -> [Artifact] {
        let generation = try #require(try directory.currentGeneration())
        return try (generation.parts["sentences"] ?? []).map { try directory.artifact($0) }
    }

    private func unit(_ matrix: Matrix) -> Matrix {
        var matrix = matrix
        matrix.scaleRows(to: 1)
        return matrix
    }

    /// Texts of one to nine sentences, one of words that the table does not know, and one whose lines are its sentences.
    private let texts: [String] = {
        var generator = SeededGenerator(seed: 5)
        var texts = (0..<70).map { row in
            (0...row % 9).map { _ in SentenceStageTests.sentence(&generator) }.joined(separator: " ")
        }
        texts[33] = "𐌰𐌱 𐌲𐌳 𐌴𐌵 𐌶𐌷\n𐌰𐌱 𐌲𐌳 𐌴𐌵 𐌺𐌻"
        texts[34] = texts[34].replacing(". ", with: "\n")
        return texts
    }()

    @Test func `a shard of more sentences than are embedded at once`() throws {
        var generator = SeededGenerator(seed: 8)
        let texts = (0..<300).map { row in
            (0...row % 19).map { _ in Self.sentence(&generator) }.joined(separator: " ")
        }
        let files = try [1, 2].map { workers in
            let directory = try build(texts, ["corpus.shard_rows=300"], run: "run\(workers)", workers: workers)
            let found = try artifacts(directory)
            #expect(found.count == 1)
            return try Data(contentsOf: URL(filePath: found[0].path("sentences.shard")))
        }
        #expect(files[0] == files[1])
        let rows = try SentenceRows(
            try artifacts(RunDirectory(path: workspace.file("run1"))), dimension: 256)
        let embedder = try EmbedderFolder.load(Self.table)
        for row in texts.indices where row % 19 > 0 {
            let sentences = SentenceSplitter().sentences(of: texts[row])
            let last = unit(try embedder.embed([sentences[sentences.count - 1]]))
            let nearest = try #require(try rows.nearest(row: row, to: last.row(0).span))
            #expect(nearest.sentence == sentences.count - 1 && nearest.cosine > 0.995)
        }
    }

    @Test(arguments: ["static", "tiny-bert"])
    func `the files hold the embeddings of the sentences`(kind: String) throws {
        let model =
            kind == "static"
            ? Self.table : Workspace.repository.appending(path: "Tests/EmbeddingTests/Fixtures/tiny-bert").path
        let directory = try build(texts, ["embed.sentences=true", "embed.normalise=false"], model: model)
        let embedder = try EmbedderFolder.load(model)
        let found = try artifacts(directory)
        #expect(found.count == 3 && found.map(\.manifest.rows).reduce(0, +) == 70)
        // A table's tasks keep the keys that they had before embedders had versions.
        let arithmetic = embedder.isStatic ? "" : "\"arithmetic\":2,"
        #expect(found[0].manifest.parameters == "{\(arithmetic)\"embedder\":\"\(embedder.digest)\"}")
        let rows = try SentenceRows(found, dimension: embedder.dimension)
        #expect(rows.rows == 70)
        var generator = SeededGenerator(seed: 6)
        let queries = unit(try embedder.embed((0..<8).map { _ in Self.sentence(&generator) }))
        let nothing = [Float](repeating: 0, count: embedder.dimension)
        var errors: [Float] = []
        for (row, text) in texts.enumerated() {
            let sentences = SentenceSplitter().sentences(of: text)
            #expect(sentences.count == (row == 33 ? 2 : row % 9 + 1))
            guard sentences.count > 1 else {
                #expect(try rows.nearest(row: row, to: queries.row(0).span) == nil)
                continue
            }
            #expect(try rows.nearest(row: row, to: nothing.span)?.cosine == 0)
            let vectors = unit(try embedder.embed(sentences))
            // Each sentence is nearest to itself.
            for sentence in 0..<vectors.rows where row != 33 {
                let own = try #require(try rows.nearest(row: row, to: vectors.row(sentence).span))
                #expect(abs(own.cosine - 1) < 1e-3)
            }
            for query in 0..<queries.rows {
                let nearest = try #require(try rows.nearest(row: row, to: queries.row(query).span))
                let cosines = (0..<vectors.rows).map { dot(vectors.row($0).span, queries.row(query).span) }
                errors.append(abs(nearest.cosine - cosines.max()!))
                #expect(abs(cosines[nearest.sentence] - cosines.max()!) < 0.01)
            }
            if row == 33, kind == "static" {
                #expect(try rows.nearest(row: row, to: queries.row(0).span)?.cosine == 0)
            }
        }
        #expect(errors.max()! < 0.006 && errors.reduce(0, +) / Float(errors.count) < 0.0015, "\(errors.max()!)")
        #expect(try RunCheck.check(directory).problems == [])
        #expect(try ShardInspection(path: found[0].path("sentences.shard"), rows: 3).text.contains("3 vectors"))
        #expect(throws: StorageError.self) { try SentenceRows(found, dimension: embedder.dimension + 1) }
    }

    /// Pairs of samples have the same words, and so the same embedding and the same token influence, in other sentences.
    @Test func `an output of one sentence finds the sample that has it`() throws {
        var generator = SeededGenerator(seed: 8)
        var texts: [String] = []
        var outputs: [String] = []
        for pair in 0..<60 {
            let words = (0..<48).map { _ in Self.words[generator.integer(below: Self.words.count)] + " p\(pair)" }
            func text(_ words: [String]) -> String {
                stride(from: 0, to: 48, by: 6).map { words[$0..<$0 + 6].joined(separator: " ") + "." }
                    .joined(separator: " ")
            }
            var others = words
            others.shuffle(using: &generator)
            texts += [text(others), text(words)]
            outputs.append(words[12..<18].joined(separator: " "))
        }
        let log = try workspace.write(
            outputs.enumerated().map { "{\"id\": \"o\($0)\", \"text\": \"\($1)\"}\n" }.joined(), to: "log.jsonl")
        func found(_ directory: RunDirectory) throws -> Int {
            let results = try workspace.attribute(directory, log: log)
            return results.enumerated().count { $1.attributions.first?.sourceID == "t\(2 * $0 + 1)" }
        }
        let with = try build(texts, ["calibrate.outputs=120"], run: "with")
        let without = try build(texts, ["embed.sentences=false", "calibrate.outputs=120"], run: "without")
        let (right, before) = (try found(with), try found(without))
        #expect(right >= 57 && before <= 45, "\(right) with, \(before) without")
        let status = try RunStatus(directory: with)
        guard case .number(let weight)? = status.stages.last?.figures["weight of sentence similarity"] else {
            Issue.record("calibrate does not say its weights")
            return
        }
        #expect(weight > 0.05)
        for output in try workspace.attribute(with, log: log) {
            #expect(output.attributions.allSatisfy { $0.sentenceSimilarity.map { (-1...1.001).contains($0) } == true })
            let first = try #require(output.attributions.first)
            #expect(abs(first.sentenceSimilarity! - 1) < 1e-3 && first.nearestSentence == output.text + ".")
        }
        for output in try workspace.attribute(without, log: log) {
            #expect(output.attributions.allSatisfy { $0.sentenceSimilarity == nil })
        }
    }

    /// Where a sample is one sentence, the similarity of its embedding counts, whatever else the fingerprint has.
    @Test func `one sentence is the sample itself`() throws {
        var generator = SeededGenerator(seed: 9)
        let texts = (0..<60).map { _ in Self.sentence(&generator) }
        let log = try workspace.write("{\"id\": \"o\", \"text\": \"\(texts[7]) \(texts[9])\"}\n", to: "log.jsonl")
        let embedder = try EmbedderFolder.load(Self.table)
        let output = unit(try embedder.embed(["\(texts[7]) \(texts[9])"]))
        for extra in [[], ["fingerprint.signature_weight=0.5", "fingerprint.token_weight=0.5"]] {
            let directory = try build(texts, extra)
            for attribution in try workspace.attribute(directory, log: log)[0].attributions {
                let row = try #require(Int(attribution.sourceID.dropFirst()))
                let own = unit(try embedder.embed([texts[row]]))
                let cosine = dot(own.elements.span, output.elements.span)
                #expect(abs(try #require(attribution.sentenceSimilarity) - cosine) < 1e-5)
                if extra.isEmpty { #expect(attribution.sentenceSimilarity == attribution.similarity) }
            }
        }
    }

    @Test func `a table has it and a transformer has not, unless it is asked for`() throws {
        let transformer = Workspace.repository.appending(path: "Tests/EmbeddingTests/Fixtures/tiny-bert").path
        for (model, extra, isThere) in [
            (Self.table, [], true), (Self.table, ["embed.sentences=false"], false),
            (Self.table, ["refine.rank_by=similarity"], false), (transformer, [], false),
            (transformer, ["embed.sentences=true"], true),
        ] {
            // One run directory: what the settings before left does no harm.
            let directory = try build(Array(texts.prefix(40)), extra, model: model)
            #expect(try artifacts(directory).isEmpty == !isThere)
            let status = try RunStatus(directory: directory)
            #expect(status.stages.contains { $0.name == "sentences" } == isThere)
            let calibrate = try #require(status.stages.last)
            #expect(calibrate.figures["weight of sentence similarity"] != nil)
            #expect(try RunCheck.check(directory).problems == [])
        }
        let vectors = try workspace.write(clusteredVectors(40, dimension: 8, clusters: 4, seed: 1), to: "v.npy")
        for settings in [
            ["corpus.files=\(vectors)"], ["corpus.files=\(workspace.file("run.jsonl"))", "embed.path=\(vectors)"],
        ] {
            let error = #expect(throws: RunError.self) {
                try Workspace.configuration(settings + ["embed.sentences=true"])
            }
            #expect(error?.message.contains("embed.sentences") == true)
            #expect(try artifacts(workspace.build(settings + ["calibrate.outputs=50", "cluster.clusters=4"])).isEmpty)
        }
        let (root, configuration) = try Workspace.configuration(
            ["corpus.files=\(workspace.file("run.jsonl"))", "embed.path=\(transformer)"])
        let job = BuildJob(
            configuration: configuration, root: root, directory: RunDirectory(path: workspace.file("other")),
            workers: 1, allowsMixedPlatforms: false, progress: BuildProgress(isTerminal: false) { _ in })
        #expect(try !job.plan().table().contains("sentences"))
        let error = #expect(throws: RunError.self) { try job.run(stage: "sentences", rank: 0, worldSize: 1) }
        #expect(error?.kind == .configuration && error?.message.contains("embed.sentences") == true)
    }

    @Test func `the number of workers and shards changes no source`() throws {
        let log = try workspace.write(
            (0..<20).map { "{\"id\": \"o\($0)\", \"text\": \"\(Self.words[$0 % 20]) \(texts[$0].prefix(60))\"}\n" }
                .joined().replacing("\n\"", with: "\""), to: "log.jsonl")
        let one = try build(texts, run: "one", workers: 1)
        let other = try build(texts, ["corpus.shard_rows=1000"], run: "other")
        #expect(
            try workspace.attribute(one, log: log).map(\.attributions)
                == workspace.attribute(other, log: log).map(\.attributions))
        let again = try build(texts, run: "again")
        for (a, b) in zip(try artifacts(one), try artifacts(again)) {
            #expect(a.manifest.outputs == b.manifest.outputs)
        }
    }
}
