import Foundation
import Kernels
import Pipeline
import Stages
import Storage
import Testing

/// Words near to an output's: when a run has them, what its file holds, and what they are worth.
@Suite struct NearWordsStageTests {
    private let workspace = Workspace()
    private static let table = Workspace.repository.appending(path: "data/static-mpnet").path
    private static let words = [
        "doctor", "ship", "car", "child", "stone", "song", "forest", "king", "house", "teacher", "street", "winter",
    ]
    /// The same in other words.
    private static let others = [
        "physician", "vessel", "automobile", "kid", "rock", "melody", "woods", "monarch", "home", "instructor", "road",
        "snow",
    ]

    /// Six of the words, as their numbers.
    private static let choices: [[Int]] = {
        var generator = SeededGenerator(seed: 3)
        return (0..<80).map { _ in (0..<6).map { _ in generator.integer(below: words.count) } }
    }()

    private func build(_ extra: [String] = [], model: String = table, run: String = "run", workers: Int = 2) throws
        -> RunDirectory
    {
        // Each word of the other list is somewhere in the corpus, so that it is not strange.
        let texts = Self.choices.map { $0.map { Self.words[$0] }.joined(separator: " ") } + Self.others
        let lines = texts.enumerated().map { "{\"id\": \"t\($0)\", \"text\": \"\($1) in 1984\"}\n" }
        let corpus = try workspace.write(lines.joined(), to: "\(run).jsonl")
        return try workspace.build(
            [
                "corpus.files=\(corpus)", "embed.path=\(model)", "cluster.clusters=4", "corpus.shard_rows=30",
                "calibrate.outputs=80", "calibrate.nulls=100",
            ] + extra, run: run, workers: workers)
    }

    private func artifacts(_ directory: RunDirectory) throws -> [Artifact] {
        let generation = try #require(try directory.currentGeneration())
        return try (generation.parts["near-words"] ?? []).map { try directory.artifact($0) }
    }

    @Test func `a sample in other words explains an output`() throws {
        let log = try workspace.write(
            Self.choices.enumerated().map { number, words in
                "{\"id\": \"o\(number)\", \"text\": \"\(words.map { Self.others[$0] }.joined(separator: " "))\"}\n"
            }.joined(), to: "log.jsonl")
        /// For how many outputs token influence alone is best for the source, or a sample of the same words.
        func explained(_ directory: RunDirectory) throws -> Int {
            try workspace.attribute(directory, log: log, count: 90).enumerated().count { number, result in
                // The rows of single words have some of the very words.
                let rows = result.attributions.map { (Int($0.sourceID.dropFirst())!, $0.tokenInfluence!) }
                    .filter { $0.0 < 80 }
                let isSource = { Self.choices[$0].sorted() == Self.choices[number].sorted() }
                let (own, others) = (rows.filter { isSource($0.0) }, rows.filter { !isSource($0.0) })
                return own.map(\.1).min()! < others.map(\.1).min()!
            }
        }
        let with = try explained(build(run: "with"))
        let without = try explained(build(["tokens.near=false"], run: "without"))
        #expect(with >= 60 && without == 0, "\(with) with, \(without) without")
    }

    @Test func `a table has them and a transformer has not, unless they are asked for`() throws {
        let transformer = Workspace.repository.appending(path: "Tests/EmbeddingTests/Fixtures/tiny-bert").path
        for (model, extra, isThere) in [
            (Self.table, [], true), (Self.table, ["tokens.near=false"], false),
            (Self.table, ["refine.rank_by=similarity"], false), (transformer, [], false),
            (transformer, ["tokens.near=true"], true),
        ] {
            // One run directory: what the settings before left does no harm.
            let directory = try build(extra, model: model)
            #expect(try artifacts(directory).count == (isThere ? 1 : 0))
            let status = try RunStatus(directory: directory)
            #expect(status.stages.contains { $0.name == "near-words" } == isThere)
            #expect(try RunCheck.check(directory).problems == [])
        }
        let vectors = try workspace.write(clusteredVectors(40, dimension: 8, clusters: 4, seed: 1), to: "v.npy")
        for settings in [
            ["corpus.files=\(vectors)"], ["corpus.files=\(workspace.file("run.jsonl"))", "embed.path=\(vectors)"],
            ["corpus.files=\(workspace.file("run.jsonl"))", "embed.path=\(Self.table)", "refine.rank_by=influence"],
        ] {
            let error = #expect(throws: RunError.self) { try Workspace.configuration(settings + ["tokens.near=true"]) }
            #expect(error?.kind == .configuration && error?.message.contains("tokens.near") == true)
        }
    }

    @Test func `workers and shards change nothing, and a number is near to none`() throws {
        let one = try artifacts(build(run: "one", workers: 1))[0]
        let other = try artifacts(build(["corpus.shard_rows=1000"], run: "other"))[0]
        #expect(one.manifest.outputs == other.manifest.outputs)
        // The words of both lists and "in".
        #expect(one.manifest.figures["words"] == .integer(25))
        let log = try workspace.write("{\"id\": \"o\", \"text\": \"1985 7\"}\n", to: "log.jsonl")
        let found = try workspace.attribute(RunDirectory(path: workspace.file("one")), log: log)
        // Nothing is explained: there is only what a sample's length costs.
        #expect(found[0].attributions.allSatisfy { $0.tokenInfluence! > 0 })
    }

    /// A word can be told from its vector.
    @Test func `a word of a purged sample alone is gone`() throws {
        let directory = try build()
        func words() throws -> Int {
            let path = try artifacts(directory)[0].path("near-words.shard")
            return try ShardReader(path: path, expectedKind: "near-words").rows
        }
        #expect(try words() == 25)
        // The one sample that says "physician".
        let ids = try workspace.write("t80\n", to: "ids.txt")
        _ = try DeleteJob(directory: directory).delete(idsIn: ids, ignoringMissing: false)
        #expect(try words() == 25)
        func problems() throws -> [String] { try DeletionCheck.check(directory, idsIn: ids).problems }
        let (folder, kept) = (try artifacts(directory)[0].folder, workspace.file("kept"))
        try FileManager.default.copyItem(atPath: folder, toPath: kept)
        _ = try PurgeJob(
            directory: directory, workers: 2, progress: BuildProgress(isTerminal: false) { _ in }
        ).purge()
        #expect(try words() == 24)
        #expect(try RunCheck.check(directory).problems == [])
        #expect(try problems() == [])
        let purged = workspace.file("purged")
        try FileManager.default.moveItem(atPath: folder, toPath: purged)
        try FileManager.default.moveItem(atPath: kept, toPath: folder)
        #expect(try problems().contains { $0.contains("near-words/all") && $0.contains("before rows were erased") })
        try FileManager.default.moveItem(atPath: folder, toPath: kept)
        try FileManager.default.moveItem(atPath: purged, toPath: folder)
        let log = try workspace.write("{\"id\": \"o\", \"text\": \"a physician\"}\n", to: "log.jsonl")
        #expect(try workspace.attribute(directory, log: log)[0].attributions.count == 10)
    }

    @Test func `a damaged file is found, and stops an attribution`() throws {
        let directory = try build()
        let path = try artifacts(directory)[0].path("near-words.shard")
        let log = try workspace.write("{\"id\": \"o\", \"text\": \"a physician\"}\n", to: "log.jsonl")
        var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        bytes[bytes.count / 2] ^= 1
        try Data(bytes).write(to: URL(filePath: path))
        #expect(try RunCheck.check(directory).problems.contains { $0.contains("near-words.shard") })
        #expect(throws: RunError.self) { try workspace.attribute(directory, log: log) }
        try Data(bytes.prefix(bytes.count / 3)).write(to: URL(filePath: path))
        #expect(throws: RunError.self) { try workspace.attribute(directory, log: log) }
    }
}
