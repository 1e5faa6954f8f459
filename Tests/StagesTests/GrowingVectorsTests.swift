import Foundation
import Kernels
import Pipeline
import Probing
import Stages
import Testing

/// Appends of vectors, and of texts that were embedded elsewhere.
@Suite struct GrowingVectorsTests {
    private let workspace = Workspace()

    @Test func vectorsGrowToo() throws {
        let base = clusteredVectors(90, dimension: 6, clusters: 3, seed: 4)
        let more = clusteredVectors(30, dimension: 6, clusters: 3, seed: 5)
        func ids(_ name: String, _ numbers: Range<Int>) throws -> String {
            try workspace.write(numbers.map { "v\($0)\n" }.joined(), to: name)
        }
        let directory = try workspace.build([
            "corpus.files=\(try workspace.write(base, to: "base.npy"))", "corpus.ids=\(try ids("base.txt", 0..<90))",
            "cluster.clusters=3", "corpus.shard_rows=40", "calibrate.outputs=50", "calibrate.nulls=100",
        ])
        let job = try GrowJob(
            directory: directory, workers: 2, allowsMixedPlatforms: false, progress: BuildProgress { _ in }
        ) { _ in }
        let path = try workspace.write(more, to: "more.npy")
        #expect(throws: RunError.self) { try job.append(GrowJob.Files([path])) }
        // The first of them replaces the last of the build.
        _ = try job.append(GrowJob.Files([path], ids: try ids("more.txt", 89..<119)))
        let found = try workspace.attribute(directory, vectors: path)
        for (row, output) in found.enumerated() { #expect(output.attributions.first?.sourceID == "v\(89 + row)") }
        let old = try workspace.attribute(directory, vectors: workspace.file("base.npy"))
        #expect(old[88].attributions.first?.sourceID == "v88")
        #expect(old[89].attributions.first?.similarity ?? 1 < 0.9999)
        #expect(try RunCheck.check(directory).problems == [])
    }

    /// Texts that were embedded elsewhere are appended with their vectors.
    @Test func textsGrowWithTheirVectors() throws {
        let all = clusteredVectors(120, dimension: 6, clusters: 3, seed: 4)
        func vectors(_ rows: Range<Int>, _ name: String) throws -> String {
            try workspace.write(all.rows(rows), to: name)
        }
        let corpus = try workspace.write(GrowingRun.lines(0..<90), to: "base.jsonl")
        let directory = try workspace.build([
            "corpus.files=\(corpus)", "embed.path=\(try vectors(0..<90, "base.npy"))", "cluster.clusters=3",
            "corpus.shard_rows=40", "calibrate.outputs=50", "calibrate.nulls=100",
        ])
        func job() throws -> GrowJob {
            try GrowJob(
                directory: directory, workers: 2, allowsMixedPlatforms: false,
                progress: BuildProgress(isTerminal: false) { _ in }
            ) { _ in }
        }
        // The first of them replaces the last of the build.
        let more = try workspace.write(GrowingRun.lines(89..<110), to: "more.jsonl")
        let moreVectors = try vectors(90..<111, "more.npy")
        func refused(_ files: GrowJob.Files, _ text: String) throws {
            let error = #expect(throws: RunError.self) { try job().append(files) }
            #expect(error?.kind == .badInput && error?.message.contains(text) == true, "\(error?.message ?? "")")
            #expect(try directory.pendingGrowth() == nil && directory.currentGeneration()?.number == 1)
        }
        try refused(GrowJob.Files([more]), "--vectors FILE")
        try refused(
            GrowJob.Files([more], vectors: try vectors(90..<108, "few.npy")), "there are 18 vectors for 21 samples")
        let wide = try workspace.write(clusteredVectors(21, dimension: 7, clusters: 3, seed: 1), to: "wide.npy")
        try refused(GrowJob.Files([more], vectors: wide), "7 dimensions and the run's 6")
        _ = try job().append(GrowJob.Files([more], vectors: moreVectors))
        #expect(try job().append(GrowJob.Files([more], vectors: moreVectors)).contains("nothing to do"))
        let found = try workspace.attribute(directory, vectors: moreVectors)
        for (row, output) in found.enumerated() {
            #expect(output.attributions.first?.sourceID == "sample-\(89 + row)")
        }
        // A second night, and one segment of both; the files of the first are needed no more.
        try FileManager.default.removeItem(atPath: moreVectors)
        let last = try workspace.write(GrowingRun.lines(110..<119), to: "last.jsonl")
        let lastVectors = try vectors(111..<120, "last.npy")
        _ = try job().append(GrowJob.Files([last], vectors: lastVectors))
        _ = try job().merge()
        let next = try workspace.attribute(directory, vectors: lastVectors)
        for (row, output) in next.enumerated() {
            #expect(output.attributions.first?.sourceID == "sample-\(110 + row)")
        }
        #expect(try RunCheck.check(directory).problems == [])
    }

    @Test func vectorsAreForTextsThatWereEmbeddedElsewhere() throws {
        let run = try GrowingRun(workspace, 0..<60)
        let path = try workspace.write(GrowingRun.lines(60..<63), to: "more.jsonl")
        let vectors = try workspace.write(clusteredVectors(3, dimension: 4, clusters: 2, seed: 1), to: "v.npy")
        let error = #expect(throws: RunError.self) { try run.job().append(GrowJob.Files([path], vectors: vectors)) }
        #expect(error?.kind == .badInput && error?.message.contains("embeds new samples itself") == true)
    }
}
