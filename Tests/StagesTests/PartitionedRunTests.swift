import Foundation
import Kernels
import Pipeline
import Stages
import Testing

/// A build with a partitioned index, from vectors.
@Suite struct PartitionedRunTests {
    private let workspace = Workspace()

    private func build(_ extra: [String], run: String, workers: Int = 2) throws -> RunDirectory {
        let path = workspace.file("vectors.npy")
        if !FileManager.default.fileExists(atPath: path) {
            _ = try workspace.write(clusteredVectors(600, dimension: 24, clusters: 6, seed: 5), to: "vectors.npy")
        }
        return try workspace.build(
            [
                "corpus.files=\(path)", "cluster.clusters=4", "corpus.shard_rows=150", "calibrate.outputs=50",
                "calibrate.nulls=100",
            ] + extra, run: run, workers: workers)
    }

    /// With every partition read and eight bits, each row finds itself and what the flat index finds.
    @Test(arguments: ["inner_product", "l2"]) func itFindsWhatTheFlatIndexFinds(metric: String) throws {
        let flat = try build(["index.kind=flat", "index.metric=\(metric)"], run: "flat")
        let partitioned = try build(
            [
                "index.kind=partitioned", "index.metric=\(metric)", "index.bits=8", "index.partitions=7",
                "index.probes=7",
            ],
            run: "partitioned")
        let queries = workspace.file("vectors.npy")
        let expected = try workspace.attribute(flat, vectors: queries, count: 5)
        let found = try workspace.attribute(partitioned, vectors: queries, count: 5)
        #expect(found.count == 600)
        var agreeing = 0
        for (number, (found, expected)) in zip(found, expected).enumerated() {
            #expect(found.attributions.first?.sourceID == "\(number)")
            agreeing += zip(found.attributions, expected.attributions).count { $0.sourceID == $1.sourceID }
        }
        #expect(agreeing > 2900, "\(agreeing) of 3000")
    }

    @Test func statusSaysHowItWasMeasuredAndWorkersChangeNothing() throws {
        let settings = ["index.kind=partitioned", "index.partitions=7"]
        let one = try build(settings, run: "one", workers: 1)
        let two = try build(settings, run: "two", workers: 2)
        #expect(
            workspace.contents(of: "one").filter { !$0.key.hasPrefix("configuration") }
                == workspace.contents(of: "two").filter { !$0.key.hasPrefix("configuration") })
        let stages = try RunStatus(directory: one).stages
        let training = try #require(stages.first { $0.name == "index-train" })
        #expect(training.figures["partitions"] == .integer(7) && training.figures["kind"] == .text("partitioned"))
        let recall = try #require(stages.first { $0.name == "index-recall" })
        #expect(recall.figures["probes for recall 0.9"] != nil)
        #expect(try RunCheck.check(two).problems == [])
    }

    /// Wherever a byte of a slice is wrong: `check` names the file, and an answer that needs the byte is refused, never
    /// another one.
    @Test func aFlippedByteIsFoundAndNeverAnswersWrongly() throws {
        let directory = try build(
            ["index.kind=partitioned", "index.partitions=7", "index.probes=7"], run: "damaged")
        let queries = workspace.file("vectors.npy")
        func answers() throws -> [[String]] {
            try workspace.attribute(directory, vectors: queries, count: 5).map {
                $0.attributions.map { "\($0.sourceID) \($0.score)" }
            }
        }
        let sound = try answers()
        let part = try #require(try directory.currentGeneration()?.parts["merge"]?.first)
        let path = directory.file("\(part.folder)/segment.shard")
        let bytes = try Data(contentsOf: URL(filePath: path))
        var generator = SeededGenerator(seed: 3)
        var refused = 0
        let places =
            [0, bytes.count / 2, bytes.count - 1] + (0..<15).map { _ in generator.integer(below: bytes.count) }
        for place in places {
            var damaged = bytes
            damaged[place] ^= 1 << UInt8(generator.integer(below: 8))
            try damaged.write(to: URL(filePath: path))
            #expect(try RunCheck.check(directory).problems.contains { $0.contains(path) }, "byte \(place)")
            do {
                // A byte between the sections is nobody's.
                #expect(try answers() == sound, "byte \(place)")
            } catch let error as RunError {
                #expect(error.kind == .corrupt && error.message.contains(path), "byte \(place): \(error)")
                refused += 1
            }
        }
        #expect(refused > places.count / 2, "\(refused) of \(places.count)")
        try bytes.write(to: URL(filePath: path))
        #expect(try answers() == sound)
    }

    /// Small corpora get the exact index without being asked.
    @Test func autoIsFlatForFewRows() throws {
        let stages = try RunStatus(directory: try build([], run: "auto")).stages
        #expect(stages.first { $0.name == "index-train" }?.figures["kind"] == .text("flat"))
    }
}
