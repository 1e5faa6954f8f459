import Foundation
import Kernels
import Pipeline
import Stages
import Storage
import Testing

/// Whole builds and attributions over vectors made elsewhere, in this process.
@Suite struct VectorCorpusTests {
    private let workspace = Workspace()
    private let corpus = clusteredVectors(300, dimension: 16, clusters: 5, seed: 1)

    private func build(_ extra: [String] = [], run: String = "run", workers: Int = 2) throws -> RunDirectory {
        let vectors = try workspace.write(corpus, to: "corpus.npy")
        let ids = try workspace.write((0..<300).map { "doc-\($0)\n" }.joined(), to: "ids.txt")
        let settings = ["corpus.files=\(vectors)", "corpus.ids=\(ids)", "corpus.shard_rows=70", "cluster.clusters=5"]
        return try workspace.build(settings + extra, run: run, workers: workers)
    }

    private static let chosen = [0, 17, 69, 70, 144, 299]

    /// Some of the corpus' rows with a little noise.
    private func queries() throws -> (vectors: String, ids: String) {
        var generator = SeededGenerator(seed: 2)
        var rows = Matrix(rows: 6, columns: 16, elements: Self.chosen.flatMap { corpus.row($0) })
        for index in rows.elements.indices { rows.elements[index] += 0.01 * generator.normal() }
        let ids = try workspace.write(Self.chosen.map { "query-\($0)\n" }.joined(), to: "queries.txt")
        return (try workspace.write(rows, to: "queries.npy"), ids)
    }

    @Test(arguments: [
        [], ["fingerprint.signature_weight=0.5"], ["probe.kind=hidden", "probe.hidden_units=8"],
        ["profile=paper", "refine.rank_by=similarity"], ["influence.prepare_limit=0"],
    ])
    func `a row with a little noise finds the row first`(settings: [String]) throws {
        let directory = try build(settings)
        let queries = try queries()
        let outputs = try workspace.attribute(directory, vectors: queries.vectors, ids: queries.ids)
        #expect(outputs.map(\.id) == Self.chosen.map { "query-\($0)" })
        for (row, output) in zip(Self.chosen, outputs) {
            let first = try #require(output.attributions.first)
            #expect(first.sourceID == "doc-\(row)" && first.rank == 1 && first.similarity > 0.99)
            #expect(output.attributions.map(\.rank) == Array(1...10))
            #expect(output.attributions.allSatisfy { $0.influence.isFinite && $0.text.isEmpty && $0.passage == nil })
            for (before, after) in zip(output.attributions, output.attributions.dropFirst()) {
                #expect(before.score >= after.score)
            }
        }
    }

    @Test func `ranking by influence puts the proponents first`() throws {
        let directory = try build(["profile=paper"])
        let queries = try queries()
        for output in try workspace.attribute(directory, vectors: queries.vectors) {
            let influences = output.attributions.map(\.influence)
            #expect(influences == influences.sorted() && influences[0] < 0)
            #expect(output.attributions.map(\.score) == influences.map { -$0 })
        }
    }

    @Test func `the prepared polynomial and the iteration give the same influence`() throws {
        let queries = try queries()
        let (a, b) = (try build(run: "a"), try build(["influence.prepare_limit=0"], run: "b"))
        let prepared = try workspace.attribute(a, vectors: queries.vectors)
        let iterative = try workspace.attribute(b, vectors: queries.vectors)
        for (one, other) in zip(prepared, iterative) {
            #expect(one.attributions.map(\.sourceID) == other.attributions.map(\.sourceID))
            for (left, right) in zip(one.attributions, other.attributions) {
                #expect(abs(left.influence - right.influence) <= 1e-3 * abs(right.influence) + 1e-6)
            }
        }
    }

    @Test func `shards, workers and the count asked for do not change the sources`() throws {
        let queries = try queries()
        let one = try workspace.attribute(build(run: "a", workers: 1), vectors: queries.vectors, workers: 1)
        let whole = try build(["corpus.shard_rows=1000"], run: "b", workers: 3)
        let other = try workspace.attribute(whole, vectors: queries.vectors, workers: 3)
        #expect(one.map(\.attributions) == other.map(\.attributions))
        let few = try workspace.attribute(whole, vectors: queries.vectors, count: 3)
        #expect(few.map(\.attributions) == other.map { Array($0.attributions.prefix(3)) })
        let many = try workspace.attribute(whole, vectors: queries.vectors, count: 400)
        #expect(many.allSatisfy { Set($0.attributions.map(\.sourceID)).count == 300 })
    }

    @Test func `a value that is not finite is named by its row`() throws {
        var damaged = corpus
        damaged[123, 4] = .nan
        let vectors = try workspace.write(damaged, to: "damaged.npy")
        let failure = #expect(throws: RunError.self) { try workspace.build(["corpus.files=\(vectors)"]) }
        #expect(failure?.kind == .badInput)
        let message = failure?.message ?? ""
        #expect(message.contains("damaged.npy") && message.contains("row 123") && message.contains("nan"), "\(message)")
        // Among outputs it is that output's error, and the others are attributed.
        let outputs = try workspace.attribute(try build(), vectors: vectors)
        #expect(outputs.count == 300)
        for (row, output) in outputs.enumerated() {
            if case .failed(let reason) = output.result {
                #expect(row == 123 && reason.contains("row 123"))
            } else {
                #expect(row != 123)
            }
        }
    }

    @Test func `outputs of another dimension are incompatible`() throws {
        let directory = try build()
        let other = try workspace.write(clusteredVectors(3, dimension: 15, clusters: 2, seed: 3), to: "other.npy")
        let failure = #expect(throws: RunError.self) { try workspace.attribute(directory, vectors: other) }
        #expect(failure?.kind == .incompatible)
        #expect(failure?.message.contains("15") == true && failure?.message.contains("16") == true)
    }

    @Test func `another number of ids than of vectors is refused with both`() throws {
        let vectors = try workspace.write(corpus, to: "corpus.npy")
        let ids = try workspace.write("a\nb\nc\n", to: "few.txt")
        let failure = #expect(throws: RunError.self) {
            try workspace.build(["corpus.files=\(vectors)", "corpus.ids=\(ids)"])
        }
        #expect(failure?.kind == .badInput)
        #expect(failure?.message.contains("3 ids for 300 vectors") == true, "\(failure?.message ?? "")")
    }

    @Test func `two vectors of one id are refused by name`() throws {
        let vectors = try workspace.write(corpus, to: "corpus.npy")
        let ids = try workspace.write((0..<300).map { "doc-\($0 % 299)\n" }.joined(), to: "twice.txt")
        let failure = #expect(throws: RunError.self) {
            try workspace.build(["corpus.files=\(vectors)", "corpus.ids=\(ids)"])
        }
        #expect(failure?.kind == .badInput && failure?.message.contains("doc-0") == true, "\(failure?.message ?? "")")
    }

    @Test(arguments: [(texts: 300, vectors: 250), (texts: 250, vectors: 300)])
    func `vectors for another number of texts are refused with both numbers`(texts: Int, vectors: Int) throws {
        let lines = (0..<texts).map { "{\"id\": \"t\($0)\", \"text\": \"text number \($0)\"}\n" }
        let corpus = try workspace.write(lines.joined(), to: "texts.jsonl")
        let matrix = clusteredVectors(vectors, dimension: 16, clusters: 5, seed: 4)
        let path = try workspace.write(matrix, to: "vectors.npy")
        let error = #expect(throws: RunError.self) {
            try workspace.build(["corpus.files=\(corpus)", "embed.path=\(path)", "cluster.clusters=5"])
        }
        #expect(error?.kind == .badInput)
        #expect(error?.message.contains("300") == true && error?.message.contains("250") == true)
    }

    @Test func `another id list gives other ids, and files keep their row numbers`() throws {
        let vectors = try workspace.write(corpus, to: "corpus.npy")
        let run = ["corpus.files=\(vectors)", "cluster.clusters=5"]
        for prefix in ["x", "y"] {
            let ids = try workspace.write((0..<300).map { "\(prefix)\($0)\n" }.joined(), to: "ids.txt")
            let directory = try workspace.build(run + ["corpus.ids=\(ids)"])
            let found = try workspace.attribute(directory, vectors: vectors, count: 1)
            guard case .attributed(let attributions, _, _)? = found.first?.result else {
                Issue.record("\(found)")
                continue
            }
            #expect(attributions.first?.sourceID == "\(prefix)0")
        }
    }

    @Test func `no fingerprint, or lines that shift their vectors, are refused`() throws {
        let vectors = try workspace.write(corpus, to: "corpus.npy")
        let texts = try workspace.write("{\"id\": \"a\", \"text\": \"b\"}\n", to: "texts.jsonl")
        for settings in [
            ["corpus.files=\(vectors)", "fingerprint.embedding_weight=0"],
            ["corpus.files=\(texts)", "embed.path=\(vectors)", "corpus.on_error=skip"],
            ["corpus.files=\(texts)", "embed.path=\(vectors)", "corpus.ids=\(texts)"],
            ["corpus.files=\(texts)", "embed.path=\(vectors)", "corpus.fields.id=text"],
        ] {
            let error = #expect(throws: RunError.self) { try workspace.build(settings) }
            #expect(error?.kind == .configuration)
        }
    }

    @Test func `texts with a vector for each are found by vectors`() throws {
        let lines = (0..<300).map { "{\"id\": \"t\($0)\", \"text\": \"text number \($0)\"}\n" }
        let texts = try workspace.write(lines.joined(), to: "texts.jsonl")
        let vectors = try workspace.write(corpus, to: "vectors.npy")
        let directory = try workspace.build(["corpus.files=\(texts)", "embed.path=\(vectors)", "cluster.clusters=5"])
        let queries = try queries()
        for (row, output) in zip(Self.chosen, try workspace.attribute(directory, vectors: queries.vectors)) {
            #expect(output.attributions.first?.sourceID == "t\(row)")
            #expect(output.attributions.first?.text == "text number \(row)")
        }
    }
}
