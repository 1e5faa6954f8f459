import Foundation
import Pipeline
import Stages
import Storage
import Testing

/// Appends, merges, rollbacks: what a reader finds afterwards.
@Suite struct GrowingTests {
    private let workspace = Workspace()

    /// To Swift, strings of the same characters composed in two ways are equal; ids are bytes.
    @Test(arguments: [[], ["corpus.passage.tokens=4", "corpus.passage.stride=4"]])
    func idsAreTheirBytes(_ settings: [String]) throws {
        let run = try GrowingRun(workspace, 0..<60, settings)
        let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}")
        try run.append(
            [(composed, 100), (decomposed, 101)].map {
                "{\"id\": \"\($0.0)\", \"text\": \"\(GrowingRun.text($0.1))\"}\n"
            }.joined())
        func found() throws -> [Bool] {
            let ids = try run.sources(of: [100, 101]).joined().map { Array($0.id.utf8) }
            return [composed, decomposed].map { ids.contains(Array($0.utf8)) }
        }
        #expect(try found() == [true, true])
        try run.delete([composed])
        #expect(try found() == [false, true])
        #expect(try run.delete([composed, decomposed]).contains("2 ids are deleted"))
        #expect(try found() == [false, false])
    }

    /// A list that does not fit is told, for what it names would be left out of the filter in silence.
    @Test func idsThatNoSampleHasAreTold() throws {
        let run = try GrowingRun(workspace, 0..<60)
        var filter = RowFilter()
        filter.withoutIDs = try workspace.write("sample-7\nsample-8 \n", to: "without.txt")
        func warnings() throws -> [String] {
            try AttributionJob(directory: run.directory, modelPath: nil, filter: filter, workers: 1).warnings
        }
        #expect(try warnings().count == 1 && warnings()[0].contains("'sample-8 '"))
        filter.withoutIDs = try workspace.write("sample-7\n", to: "without.txt")
        #expect(try warnings() == [])
    }

    /// Ten nights with replaced and deleted samples give what one append of the samples that are left gives, to the bit.
    @Test(arguments: [[], GrowingRun.partitioned]) func tenNightsEqualOneAppend(settings: [String]) throws {
        let nightly = try GrowingRun(workspace, 0..<120, settings)
        for night in 0..<10 {
            let first = 120 + 20 * night
            // Two samples of the night before come in another version.
            let updates = night == 0 ? [] : [first - 20, first - 19]
            try nightly.append(
                GrowingRun.lines(first..<first + 20) + GrowingRun.lines(updates, version: 1))
            try nightly.delete(["sample-\(night)", "sample-\(first + 5)"])
            if night == 6 { _ = try nightly.job().merge() }
        }
        let gone = Set((0..<10).flatMap { [$0, 125 + 20 * $0] })
        let updated = Set((1..<10).flatMap { [100 + 20 * $0, 101 + 20 * $0] })
        let left = (120..<320).filter { !gone.contains($0) }
        let once = try GrowingRun(workspace, 0..<120, settings, run: "once")
        try once.append(
            GrowingRun.lines(left.filter { !updated.contains($0) })
                + GrowingRun.lines(left.filter(updated.contains), version: 1))
        try once.delete((0..<10).map { "sample-\($0)" })
        let queries = Array(stride(from: 0, to: 320, by: 3))
        let found = try nightly.sources(of: queries)
        let expected = try once.sources(of: queries)
        #expect(found == expected)
        for (query, sources) in zip(queries, found) where !gone.contains(query) && !updated.contains(query) {
            #expect(sources.first?.id == "sample-\(query)")
        }
        #expect(try RunCheck.check(nightly.directory).problems == [])
        // Few segments, and each batch in one.
        let generation = try #require(try nightly.directory.currentGeneration())
        #expect(generation.segments.map(\.batches) == [0..<1, 1..<11])
        for method in [MethodName.static, .bm25, .rrf] {
            let ranked = try nightly.sources(of: [0, 125, 200, 300], method: method)
            for source in ranked.joined() { #expect(!gone.map { "sample-\($0)" }.contains(source.id)) }
            #expect(ranked[3].first?.id == "sample-300" && ranked.allSatisfy { $0.count == 10 })
        }
    }

    @Test func theModelsStayAndARepeatedIdReplaces() throws {
        let run = try GrowingRun(workspace, 0..<60)
        let before = try #require(try run.directory.currentGeneration())
        let summary = try run.append(GrowingRun.lines(60..<80) + GrowingRun.lines([7], version: 3))
        #expect(summary.contains("21 rows appended") && summary.contains("replace 1 rows"), "\(summary)")
        let after = try #require(try run.directory.currentGeneration())
        for stage in ["cluster", "probe-train", "curvature", "token-probe", "calibrate"] {
            #expect(after.parts[stage] == before.parts[stage])
        }
        #expect(after.parts["merge"]?.first == before.parts["merge"]?.first)
        #expect(try run.sources(of: [7], version: 3)[0].first?.text == GrowingRun.text(7, version: 3))
        #expect(try !run.sources(of: [7]).joined().contains { $0.text == GrowingRun.text(7) })
        // The same files once more are no news.
        #expect(try run.append(GrowingRun.lines(60..<80) + GrowingRun.lines([7], version: 3)).contains("nothing to do"))
        #expect(try run.directory.currentGeneration() == after)
        let status = try RunStatus(directory: run.directory)
        #expect(status.growth?.batches.map(\.rows) == [60, 21] && status.growth?.replacedRows == 1)
        #expect(status.table().contains("(trained on)"))
    }

    @Test func rollbackTakesABatchBackAndDeletionsHold() throws {
        let run = try GrowingRun(workspace, 0..<60)
        try run.append(GrowingRun.lines(60..<70) + GrowingRun.lines([3], version: 1))
        try run.delete(["sample-5", "sample-65"])
        #expect(try RollbackJob.rollBack(run.directory).contains("generation 3 is generation 1 again"))
        #expect(try run.sources(of: [3])[0].first?.text == GrowingRun.text(3))
        #expect(try !run.sources(of: [5, 65]).joined().contains { $0.id == "sample-5" || $0.id == "sample-65" })
        // The batch that was taken back does not come back with the next one.
        try run.append(GrowingRun.lines(70..<75))
        let generation = try #require(try run.directory.currentGeneration())
        #expect(generation.catalog.rows == 65 && generation.growth.batches.map(\.number) == [0, 2])
        #expect(try RunCheck.check(run.directory).problems == [])
    }

    @Test func anErrorTakesTheAppendBack() throws {
        let run = try GrowingRun(workspace, 0..<60)
        let before = try #require(try run.directory.currentGeneration())
        let twice = #expect(throws: RunError.self) { try run.append(GrowingRun.lines([90, 91, 90]), name: "twice") }
        #expect(twice?.kind == .badInput)
        let place = "twice.jsonl:3"
        #expect(twice?.message.contains("sample-90") == true && twice?.message.contains(place) == true, "\(twice!)")
        let fields = #expect(throws: RunError.self) { try run.append("{\"key\": \"a\", \"body\": \"b\"}\n") }
        #expect(fields?.kind == .badInput)
        let empty = #expect(throws: RunError.self) { try run.append("\n\n") }
        #expect(empty?.message.contains("no sample") == true)
        let vectors = #expect(throws: RunError.self) {
            try run.job().append(
                GrowJob.Files([workspace.write(clusteredVectors(3, dimension: 4, clusters: 2, seed: 1), to: "v.npy")]))
        }
        #expect(vectors?.message.contains("JSON Lines") == true)
        #expect(try run.directory.currentGeneration() == before && run.directory.pendingGrowth() == nil)
        try run.append(GrowingRun.lines(90..<95))
        #expect(try run.directory.currentGeneration()?.catalog.rows == 65)
    }

    @Test func aRunWithoutAGenerationRefuses() throws {
        let directory = RunDirectory(path: workspace.file("none"))
        let error = #expect(throws: RunError.self) {
            try GrowJob(
                directory: directory, workers: 1, allowsMixedPlatforms: false, progress: BuildProgress { _ in }
            ) { _ in }
        }
        #expect(error?.kind == .missingInput)
    }

    @Test func retrainingMakesOneCorpusOfAllBatches() throws {
        let run = try GrowingRun(workspace, 0..<60)
        try run.append(GrowingRun.lines(60..<90) + GrowingRun.lines([3], version: 1))
        let before = try #require(try run.directory.currentGeneration())
        // The first batch's file is needed no more.
        try FileManager.default.removeItem(atPath: workspace.file("run-corpus.jsonl"))
        try run.build(retrain: true)
        let after = try #require(try run.directory.currentGeneration())
        #expect(after.parts["ingest"] == before.parts["ingest"] && after.parts["embed"] == before.parts["embed"])
        #expect(after.parts["cluster"] != before.parts["cluster"] && after.segments.map(\.batches) == [0..<2])
        #expect(try run.directory.previousGeneration()?.number == before.number)
        #expect(try run.sources(of: [3], version: 1)[0].first?.text == GrowingRun.text(3, version: 1))
        #expect(try !run.sources(of: [3]).joined().contains { $0.text == GrowingRun.text(3) })
        // The next append goes on from there.
        try run.append(GrowingRun.lines(90..<95))
        let next = try #require(try run.directory.currentGeneration())
        #expect(next.parts["cluster"] == after.parts["cluster"] && next.segments.map(\.batches) == [0..<2, 2..<3])
        #expect(try RunCheck.check(run.directory).problems == [])
    }

    @Test func aBuildOfOtherSettingsKeepsWhatWasAppended() throws {
        let run = try GrowingRun(workspace, 0..<60)
        try run.append(GrowingRun.lines(60..<80))
        try run.build(["cluster.clusters=5"])
        let generation = try #require(try run.directory.currentGeneration())
        #expect(generation.catalog.rows == 80 && generation.growth.trained == 1)
        #expect(try run.sources(of: [70])[0].first?.id == "sample-70")
        _ = try RollbackJob.rollBack(run.directory)
        #expect(try RunStatus(directory: run.directory).isUnfinished == false)
    }

    @Test(arguments: [false, true]) func driftIsTold(isPartitioned: Bool) throws {
        let base = clusteredVectors(90, dimension: 6, clusters: 3, spread: 0.1, seed: 4)
        let far = clusteredVectors(30, dimension: 6, clusters: 3, spread: 0.9, seed: 5)
        let near = clusteredVectors(30, dimension: 6, clusters: 3, spread: 0.1, seed: 6)
        func ids(_ name: String, _ first: Int) throws -> String {
            try workspace.write((first..<first + 30).map { "v\($0)\n" }.joined(), to: name)
        }
        let directory = try workspace.build([
            "corpus.files=\(try workspace.write(base, to: "base.npy"))", "cluster.clusters=3", "calibrate.outputs=50",
            "calibrate.nulls=100", "index.kind=\(isPartitioned ? "partitioned" : "flat")", "index.partitions=3",
        ])
        if isPartitioned {
            let before = try #require(try RunStatus(directory: directory).growth?.indexDrift)
            #expect(before.appended == nil && before.overall == 1 && !before.advisesRetraining)
        }
        for (number, matrix) in [near, far].enumerated() {
            let job = try GrowJob(
                directory: directory, workers: 2, allowsMixedPlatforms: false, progress: BuildProgress { _ in }
            ) { _ in }
            let path = try workspace.write(matrix, to: "more\(number).npy")
            _ = try job.append(GrowJob.Files([path], ids: try ids("more\(number).txt", 1000 * (number + 1))))
        }
        let status = try RunStatus(directory: directory)
        let drifts = status.growth?.batches.map { $0.drift ?? 0 } ?? []
        #expect(drifts.count == 3 && abs(drifts[0] - 1) < 1e-9)
        #expect(drifts[1] < 1.1 && drifts[2] > 1.5, "\(drifts)")
        let table = status.table()
        #expect(table.contains("Batch 2: the samples lie more than 1.1 times") && table.contains("--retrain"))
        guard isPartitioned else {
            #expect(status.growth?.indexDrift == nil && !table.contains("fingerprints lie"))
            return
        }
        let index = try #require(status.growth?.indexDrift)
        let own = status.growth?.batches.map { $0.indexDrift ?? 0 } ?? []
        #expect(own.count == 3 && own[0] == 1 && own[1] < 1.05 && own[2] > 1.2, "\(own)")
        #expect(
            index.advisesRetraining && table.contains("Batch 2: the fingerprints lie more than 1.05 times"), "\(table)")
        // Of squares: the batches have 90, 30 and 30 rows.
        let squares = own.map { $0 * $0 }
        #expect(abs(index.appended! - ((squares[1] + squares[2]) / 2).squareRoot()) < 1e-9)
        #expect(abs(index.overall - ((3 * squares[0] + squares[1] + squares[2]) / 5).squareRoot()) < 1e-9)
        #expect(abs(index.appendedDistance! - index.appended! * index.trainedDistance) < 1e-9)
        let record = String(decoding: JSONFile.encode(status), as: UTF8.self)
        #expect(record.contains("\"indexDrift\" : {") && record.contains("\"advisesRetraining\" : true"), "\(record)")
    }
}
