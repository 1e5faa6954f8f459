import Corpus
import Foundation
import Pipeline
import Stages
import Storage
import TensorFiles
import Testing
import VectorIndex

/// Deleted rows are erased from every file, and nothing else is.
@Suite struct PurgeTests {
    private let workspace = Workspace()

    private func purge(_ run: GrowingRun) throws -> String {
        try PurgeJob(
            directory: run.directory, workers: 2, progress: BuildProgress(isTerminal: false) { _ in }
        ).purge()
    }

    private func check(_ run: GrowingRun, _ ids: [String]) throws -> DeletionCheck {
        let path = try workspace.write(ids.joined(separator: "\n"), to: "check-\(UUID().uuidString).txt")
        return try DeletionCheck.check(run.directory, idsIn: path)
    }

    @Test(arguments: [[], ["retention.project=keep", "retention.shard-index=keep"], GrowingRun.partitioned])
    func everyFileLosesTheRows(_ settings: [String]) throws {
        let run = try GrowingRun(workspace, 0..<120, settings)
        try run.append(GrowingRun.lines(120..<150))
        let gone = ["sample-7", "sample-60", "sample-119", "sample-140"]
        let all = try RunExport(run.directory, content: .embeddings)
        #expect(all.rows == 150 && all.hidden == 0)
        _ = try run.sources(of: [1], method: .gradient)
        try run.delete(gone)
        let left = try RunExport(run.directory, content: .embeddings)
        #expect(left.rows == 146 && left.hidden == 4)
        let (vectors, names) = (workspace.file("left.npy"), workspace.file("left.txt"))
        for (path, write) in [(vectors, { try left.write(to: $0, path: vectors) }), (names, left.writeIDs)] {
            let sink = try ByteSink(path: path)
            try write(sink)
            try sink.finish()
        }
        #expect(try VectorFile(path: vectors).rows == 146)
        let ids = try String(contentsOfFile: names, encoding: .utf8).split(separator: "\n").map(String.init)
        #expect(ids == (0..<150).map { "sample-\($0)" }.filter { !gone.contains($0) })
        let before = try run.sources(of: 0..<150)
        #expect(try check(run, gone).problems.count >= 4)
        #expect(try purge(run).contains("4 deleted rows"))
        let proof = try check(run, gone)
        #expect(proof.problems == [] && proof.notes == [] && proof.rows == 4)
        #expect(try RunCheck.check(run.directory).problems == [])
        // What is left answers as before, to the bit.
        #expect(try run.sources(of: 0..<150) == before)
        let corpus = try artifacts(run, "ingest")
        let reader = try CorpusShardReader(path: corpus[0].path(Catalog.shardFile(part: 0)))
        #expect(try reader.id(7).isEmpty && reader.text(7).isEmpty && reader.metadata(7) == nil)
        #expect(try reader.id(8) == "sample-8" && reader.text(8) == GrowingRun.text(8))
        #expect(!RunDirectory.list(run.directory.path).contains("methods"))
        // Again there is nothing to do, and no file changes.
        let files = workspace.contents(of: "run")
        _ = try purge(run)
        #expect(workspace.contents(of: "run") == files)
        // The run goes on: rows that are gone stay hidden, in a new segment too.
        try run.append(GrowingRun.lines(150..<155))
        _ = try run.job().merge()
        let found = try run.sources(of: [7, 140, 152])
        #expect(
            !found.joined().contains { $0.id.isEmpty || gone.contains($0.id) } && found[2].first?.id == "sample-152")
        #expect(try check(run, gone).problems == [])
        try run.build(retrain: true)
        #expect(try !run.sources(of: [7, 140]).joined().contains { $0.id.isEmpty || gone.contains($0.id) })
        #expect(try check(run, gone).problems == [])
    }

    /// After an upgrade the generation before the current one is of the version before.
    @Test func aGenerationOfAnotherVersionIsNotKept() throws {
        let run = try GrowingRun(workspace, 0..<60)
        try run.append(GrowingRun.lines(60..<80))
        let previous = try #require(try run.directory.previousGeneration())
        try rename(previous, stage: "embed", run)
        try run.delete(["sample-7", "sample-70"])
        #expect(try purge(run).contains("Generation \(previous.number), of another version"))
        #expect(try run.directory.previousGeneration() == nil)
        let proof = try check(run, ["sample-7", "sample-70"])
        #expect(proof.problems == [] && proof.rows == 2)
        #expect(try RunCheck.check(run.directory).problems == [])
        #expect(try run.sources(of: [8])[0].first?.id == "sample-8")
    }

    @Test func aRunOfAnotherVersionIsLeftAsItIs() throws {
        let run = try GrowingRun(workspace, 0..<60)
        try rename(#require(try run.directory.currentGeneration()), stage: "embed", run)
        try run.delete(["sample-7"])
        let files = workspace.contents(of: "run")
        let error = #expect(throws: RunError.self) { try purge(run) }
        #expect(error?.kind == .incompatible && workspace.contents(of: "run") == files)
    }

    /// The files that were given still have the samples: reading them again, for other settings or for a folder that was
    /// lost, does not bring them back.
    @Test(arguments: [["corpus.shard_rows=25"], []])
    func whatWasPurgedStaysAwayWhenItsFileIsReadAgain(_ settings: [String]) throws {
        let run = try GrowingRun(workspace, 0..<60)
        func words() throws -> Int {
            let probe = try artifacts(run, "token-probe")[0]
            return try ShardReader(path: probe.path("frequencies.shard"), expectedKind: nil).rows
        }
        let before = try words()
        try run.delete(["sample-7", "sample-58"])
        _ = try purge(run)
        if settings.isEmpty { RunDirectory.remove(try artifacts(run, "ingest")[0].folder) }
        try run.build(retrain: !settings.isEmpty, settings)
        #expect(try words() == (settings.isEmpty ? before : before - 2))
        let proof = try check(run, ["sample-7", "sample-58"])
        #expect(proof.problems == [] && proof.rows >= 2)
        #expect(try RunCheck.check(run.directory).problems == [])
        let found = try run.sources(of: [7, 9])
        #expect(!found[0].contains { $0.id.isEmpty || $0.id == "sample-7" } && found[1].first?.id == "sample-9")
        // One that is deleted and not purged comes back, hidden.
        try run.delete(["sample-20"])
        try run.build(retrain: true, ["corpus.shard_rows=30"])
        #expect(try words() == before - 2)
        #expect(try !run.sources(of: [20])[0].contains { $0.id == "sample-20" })
    }

    @Test func vectorsThatWerePurgedStayAwayToo() throws {
        let base = try workspace.write(clusteredVectors(90, dimension: 6, clusters: 3, seed: 4), to: "base.npy")
        let ids = try workspace.write((0..<90).map { "vector-\($0)\n" }.joined(), to: "ids.txt")
        let directory = try workspace.build([
            "corpus.files=\(base)", "corpus.ids=\(ids)", "cluster.clusters=3", "corpus.shard_rows=40",
            "calibrate.outputs=50", "calibrate.nulls=100",
        ])
        let gone = try workspace.write("vector-50\n", to: "gone.txt")
        _ = try DeleteJob(directory: directory).delete(idsIn: gone)
        _ = try PurgeJob(directory: directory, workers: 2, progress: BuildProgress(isTerminal: false) { _ in }).purge()
        for stage in ["ingest", "embed"] { RunDirectory.remove(directory.file(stage)) }
        _ = try workspace.build([
            "corpus.files=\(base)", "corpus.ids=\(ids)", "cluster.clusters=3", "corpus.shard_rows=40",
            "calibrate.outputs=50", "calibrate.nulls=100",
        ])
        #expect(try DeletionCheck.check(directory, idsIn: gone).problems == [])
        let generation = try #require(try directory.currentGeneration())
        let embedded = try directory.artifact(try #require(generation.parts["embed"]?[1]))
        var values: [Float] = []
        let reader = try ShardReader(path: embedded.path("embeddings.shard"), expectedKind: nil)
        try reader.read("embedding", rows: 10..<12, into: &values)
        #expect(values.prefix(6).allSatisfy { $0 == 0 } && values.suffix(6).contains { $0 != 0 })
    }

    /// Without it, what was erased would be rows like any others.
    @Test func deletionsThatAreGoneAreNoticed() throws {
        let run = try GrowingRun(workspace, 0..<60)
        try run.delete(["sample-7"])
        _ = try purge(run)
        RunDirectory.remove(run.directory.file("deletions.json"))
        let error = #expect(throws: RunError.self) { try run.sources(of: [8]) }
        #expect(error?.kind == .corrupt && error?.message.contains("deletions.json") == true)
        #expect(try RunCheck.check(run.directory).problems.contains { $0.contains("deletions.json") })
        let generation = try run.directory.currentGeneration()
        #expect(throws: RunError.self) { try run.append(GrowingRun.lines(60..<70)) }
        #expect(try run.directory.currentGeneration() == generation)
    }

    /// What a method learns beside a purge may be of rows that are being erased.
    @Test func nothingIsKeptThatAMethodLearnsBesideAPurge() throws {
        let run = try GrowingRun(workspace, 0..<60)
        try run.delete(["sample-7"])
        do {
            let lock = try FileLock(path: run.directory.file("methods.lock"), mode: .exclusive)
            #expect(try run.sources(of: [1], method: .gradient)[0].count == 10)
            #expect(RunDirectory.list(run.directory.file("methods")).isEmpty)
            let error = #expect(throws: RunError.self) { try purge(run) }
            #expect(error?.kind == .locked)
            withExtendedLifetime(lock) {}
        }
        _ = try run.sources(of: [1], method: .gradient)
        #expect(RunDirectory.list(run.directory.file("methods")).count == 1)
        // A state that is damaged is made again; before that a purge comes, and the run was opened before it.
        let states = run.directory.file("methods")
        let state = "\(states)/\(try #require(RunDirectory.list(states).first))"
        let shard = "\(state)/\(try #require(RunDirectory.list(state).first))"
        try Data("x".utf8).write(to: URL(filePath: shard))
        var purged = 0
        _ = try AttributionJob(directory: run.directory, modelPath: nil, method: .gradient, workers: 1) { _ in
            if (try? purge(run)) != nil { purged += 1 }
        }
        #expect(purged == 1 && RunDirectory.list(states).isEmpty)
    }

    /// Of appended batches too, where documents are cut into passages.
    @Test func purgedPassagesOfAnAppendStayAway() throws {
        let settings = ["corpus.passage.tokens=4", "corpus.passage.stride=4", "corpus.shard_rows=20"]
        let run = try GrowingRun(workspace, 0..<60, settings)
        try run.append(GrowingRun.lines(60..<80))
        try run.delete(["sample-65", "sample-3"])
        _ = try purge(run)
        let before = workspace.contents(of: "run/ingest")
        for ingest in try artifacts(run, "ingest") { RunDirectory.remove(ingest.folder) }
        try run.build()
        #expect(
            workspace.contents(of: "run/ingest").filter { !$0.key.hasSuffix(".json") }
                == before.filter { !$0.key.hasSuffix(".json") })
        #expect(try check(run, ["sample-65", "sample-3"]).problems == [])
        // A later one of the same id is another sample.
        try run.append(GrowingRun.lines([65], version: 1))
        try run.build(retrain: true, ["corpus.shard_rows=30"])
        #expect(try run.sources(of: [65], version: 1)[0].contains { $0.id == "sample-65" })
        #expect(try run.sources(of: [3])[0].allSatisfy { $0.id != "sample-3" })
    }

    /// What was lost of a run that nobody deleted anything from is made again.
    @Test func aLostFolderIsMadeAgain() throws {
        let run = try GrowingRun(workspace, 0..<60)
        let before = workspace.contents(of: "run/ingest")
        RunDirectory.remove(try artifacts(run, "ingest")[0].folder)
        try run.build()
        #expect(workspace.contents(of: "run/ingest") == before)
    }

    /// Makes a generation look like one of a version whose tasks have other fingerprints.
    private func rename(_ generation: Generation, stage: String, _ run: GrowingRun) throws {
        let folder = try #require(generation.parts[stage]?.first?.folder)
        let other = "\(stage)/of-another-version"
        try FileManager.default.copyItem(atPath: run.directory.file(folder), toPath: run.directory.file(other))
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        let text = String(decoding: try encoder.encode(generation), as: UTF8.self)
        let renamed = try JSONDecoder().decode(
            Generation.self, from: Data(text.replacingOccurrences(of: folder, with: other).utf8))
        let name = try #require(
            RunDirectory.list(run.directory.generations).first { Int($0.dropLast(5)) == generation.number })
        try JSONFile.seal(renamed, path: "\(run.directory.generations)/\(name)")
    }

    /// The models are trained anew on what is left, also where nothing was appended since.
    @Test func retrainingAfterAPurgeForgetsTheRowsInTheModels() throws {
        let run = try GrowingRun(workspace, 0..<60)
        func words() throws -> Int {
            let probe = try artifacts(run, "token-probe")[0]
            return try ShardReader(path: probe.path("frequencies.shard"), expectedKind: nil).rows
        }
        let (models, before) = (["token-probe", "cluster", "probe-train", "calibrate"], try words())
        func parts() throws -> [[Generation.Part]?] {
            let generation = try #require(try run.directory.currentGeneration())
            return models.map { generation.parts[$0] }
        }
        let built = try parts()
        try run.build(retrain: true)
        #expect(try parts() == built)
        // Each text has one word that no other has.
        try run.delete(["sample-7", "sample-8"])
        _ = try purge(run)
        #expect(try words() == before)
        try run.build(retrain: true)
        #expect(try words() == before - 2)
        let retrained = try parts()
        for (old, new) in zip(built, retrained) { #expect(old != new) }
        try run.build(retrain: true)
        #expect(try parts() == retrained)
        #expect(try run.sources(of: [9])[0].first?.id == "sample-9")
        #expect(try check(run, ["sample-7", "sample-8"]).problems == [])
        #expect(try RunCheck.check(run.directory).problems == [])
    }

    /// Rows that are erased do not count as drifted, nor as near.
    @Test func theDriftOfTheIndexIsThatOfTheRowsThatAreLeft() throws {
        let settings = GrowingRun.partitioned + ["corpus.shard_rows=100"]
        let run = try GrowingRun(workspace, 0..<100, settings)
        try run.append(GrowingRun.lines(100..<160))
        func drift(_ run: GrowingRun) throws -> [Double] {
            try #require(try RunStatus(directory: run.directory).growth).batches.map { $0.indexDrift ?? 0 }
        }
        let before = try drift(run)
        try run.delete((100..<160).filter { $0 % 3 > 0 }.map { "sample-\($0)" })
        _ = try purge(run)
        let left = try GrowingRun(workspace, 0..<100, settings, run: "left")
        try left.append(GrowingRun.lines((100..<160).filter { $0 % 3 == 0 }))
        let (after, expected) = (try drift(run), try drift(left))
        #expect(after[0] == 1 && abs(after[1] / expected[1] - 1) < 1e-4, "\(before) \(after) \(expected)")
        // A batch of which nothing is left has none.
        try run.delete((100..<160).filter { $0 % 3 == 0 }.map { "sample-\($0)" })
        _ = try purge(run)
        let status = try #require(try RunStatus(directory: run.directory).growth)
        #expect(status.batches[1].indexDrift == nil && status.indexDrift?.overall == 1)
    }

    /// After a retrain, erased rows are neither looked for nor found when recall is measured, and no output is made of them.
    @Test func aRetrainedIndexIsMeasuredOnTheRowsThatAreLeft() throws {
        let run = try GrowingRun(
            workspace, 0..<160, GrowingRun.partitioned + ["fingerprint.signature_weight=0.5"])
        try run.delete((0..<160).filter { $0 % 2 == 0 }.map { "sample-\($0)" })
        _ = try purge(run)
        try run.build(retrain: true)
        let path = try artifacts(run, "index-recall")[0].path("recall.json")
        let table = try JSONDecoder().decode(RecallTable.self, from: Data(contentsOf: URL(filePath: path)))
        #expect(try #require(table.lines.last).recall == 1)
        let status = try RunStatus(directory: run.directory)
        let drift = try #require(status.growth?.indexDrift)
        #expect(drift.overall == 1 && abs(drift.trainedDistance / drift.sampleDistance - 1) < 0.5)
        #expect(try run.sources(of: [1, 3]).map { $0.first?.id } == ["sample-1", "sample-3"])
    }

    @Test func theCheckFindsWhatIsLeft() throws {
        let run = try GrowingRun(workspace, 0..<60)
        try run.delete(["sample-7", "sample-8"])
        _ = try purge(run)
        #expect(try check(run, ["sample-9"]).problems.contains { $0.contains("never deleted") })
        // A sample that stays may speak of one.
        try run.append("{\"id\": \"other\", \"text\": \"this speaks of sample-7 alone\"}\n")
        let spoken = try check(run, ["sample-7"])
        #expect(spoken.problems == [] && spoken.notes.count == 1)
        // A file with the id, wherever it lies in the run.
        try Data("…sample-8…".utf8).write(to: URL(filePath: run.directory.file("note.txt")))
        #expect(try check(run, ["sample-8"]).problems.count == 1)
        // An erased row that has content again.
        let label = try artifacts(run, "embed")[0]
        let name = "embeddings.shard"
        let reader = try ShardReader(path: label.path(name), expectedKind: nil)
        let writer = try ShardWriter(
            path: label.path("copy"), kind: reader.kind, columns: reader.columns, attributes: reader.attributes)
        var values: [Float] = []
        try reader.read("embedding", rows: 0..<reader.rows, into: &values)
        values[7 * (values.count / reader.rows)] = 1
        try writer.append("embedding", floats: values)
        _ = try writer.finish()
        try DurableFile.rename(label.path("copy"), to: label.path(name))
        #expect(try check(run, ["sample-7"]).problems.contains { $0.contains("row 7") && $0.contains(name) })
    }

    @Test func aLargeProbesRowsGoToo() throws {
        let run = try GrowingRun(workspace, 0..<60, ["influence.prepare_limit=0"])
        let curvature = try artifacts(run, "curvature")[0]
        let before = try ShardReader(path: curvature.path("curvature.shard"), expectedKind: nil)
        #expect(before.rows == 60)
        try run.delete(["sample-11"])
        _ = try purge(run)
        let after = try ShardReader(path: curvature.path("curvature.shard"), expectedKind: nil)
        for row in 0..<60 {
            var (old, new): ([Float], [Float]) = ([], [])
            try before.read("row", rows: row..<row + 1, into: &old)
            try after.read("row", rows: row..<row + 1, into: &new)
            #expect(row == 11 ? new.allSatisfy { $0 == 0 } : new == old)
        }
    }

    private func artifacts(_ run: GrowingRun, _ stage: String) throws -> [Artifact] {
        let generation = try #require(try run.directory.currentGeneration())
        return try (generation.parts[stage] ?? []).map { try run.directory.artifact($0) }
    }
}

extension Workspace {
    /// Every file below a folder with its bytes, journals and locks left out.
    func contents(of folder: String) -> [String: Data] {
        var found: [String: Data] = [:]
        for name in FileManager.default.enumerator(atPath: file(folder))?.allObjects as? [String] ?? [] {
            guard !["log.jsonl", "lock", "deletions.lock", "methods.lock"].contains(name) else { continue }
            if let data = FileManager.default.contents(atPath: file("\(folder)/\(name)")) { found[name] = data }
        }
        return found
    }
}
