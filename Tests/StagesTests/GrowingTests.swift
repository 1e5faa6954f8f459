import Foundation
import Pipeline
import Stages
import Testing

/// Appends, merges, rollbacks: what a reader finds afterwards.
@Suite struct GrowingTests {
    private let workspace = Workspace()

    /// Ten nights with replaced and deleted samples give what one append of the samples that are left gives, to the bit.
    @Test func tenNightsEqualOneAppend() throws {
        let nightly = try GrowingRun(workspace, 0..<120)
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
        let once = try GrowingRun(workspace, 0..<120, run: "once")
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
        #expect(generation.segments.map(\.batches) == [0..<1, 1..<8, 8..<9, 9..<10, 10..<11])
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
            try run.job().append(GrowJob.Files([workspace.write(clusteredVectors(3, dimension: 4, clusters: 2, seed: 1), to: "v.npy")]))
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

    @Test func driftIsTold() throws {
        let base = clusteredVectors(90, dimension: 6, clusters: 3, spread: 0.1, seed: 4)
        let far = clusteredVectors(30, dimension: 6, clusters: 3, spread: 0.9, seed: 5)
        let near = clusteredVectors(30, dimension: 6, clusters: 3, spread: 0.1, seed: 6)
        func ids(_ name: String, _ first: Int) throws -> String {
            try workspace.write((first..<first + 30).map { "v\($0)\n" }.joined(), to: name)
        }
        let directory = try workspace.build([
            "corpus.files=\(try workspace.write(base, to: "base.npy"))", "cluster.clusters=3", "calibrate.outputs=50",
            "calibrate.nulls=100",
        ])
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
        #expect(status.table().contains("Batch 2: the samples lie more than 1.1 times"))
    }
}

@Suite struct HiddenRowsTests {
    private let workspace = Workspace()

    @Test func deletionsHideRowsInEveryGeneration() throws {
        let run = try GrowingRun(workspace, 0..<60)
        try run.append(GrowingRun.lines(60..<70))
        #expect(try run.sources(of: [4, 62]).map(\.first?.id) == ["sample-4", "sample-62"])
        let unknown = #expect(throws: RunError.self) { try run.delete(["sample-4", "nobody"]) }
        #expect(unknown?.kind == .badInput && unknown?.message.contains("'nobody'") == true)
        #expect(try run.sources(of: [4])[0].first?.id == "sample-4")
        let summary = try run.delete(["sample-4", "sample-62", "nobody"], ignoringMissing: true)
        #expect(summary.contains("2 ids are deleted: 2 more rows"), "\(summary)")
        // Deleting again changes nothing.
        #expect(try run.delete(["sample-4"]).contains("0 more rows"))
        for _ in 0..<2 {
            let found = try run.sources(of: [4, 62])
            // A hidden row takes nobody's place.
            #expect(found.allSatisfy { $0.count == 10 })
            #expect(!found.joined().contains { ["sample-4", "sample-62"].contains($0.id) })
            _ = try RollbackJob.rollBack(run.directory)
        }
        // Appended again it is another sample, of whatever text.
        let again = try run.append(GrowingRun.lines([4]))
        #expect(again.contains("1 ids that were deleted are there again"), "\(again)")
        #expect(try run.sources(of: [4])[0].first?.id == "sample-4")
        try run.delete(["sample-4"])
        #expect(try !run.sources(of: [4])[0].contains { $0.id == "sample-4" })
    }

    @Test func aDocumentGoesWithAllItsPassages() throws {
        let long = (0..<40).map { "word\($0) of the long document and more of it" }.joined(separator: " ")
        let other = (0..<40).map { "another\($0) text that is long as well" }.joined(separator: " ")
        let corpus = GrowingRun.lines(0..<40)
            + "{\"id\": \"long\", \"text\": \"\(long)\"}\n{\"id\": \"other\", \"text\": \"\(other)\"}\n"
        let path = try workspace.write(corpus, to: "documents.jsonl")
        let run = try GrowingRun(
            workspace, 0..<1, ["corpus.files=\(path)", "corpus.passage.tokens=20", "corpus.shard_rows=7"])
        let passages = try #require(try run.directory.currentGeneration()).catalog.rows - 40
        #expect(passages > 20)
        // A newer version of a document replaces all passages of the older one, however few it has.
        try run.append("{\"id\": \"other\", \"text\": \"a short text now\"}\n")
        let status = try RunStatus(directory: run.directory)
        try run.delete(["long"])
        let after = try RunStatus(directory: run.directory)
        let (replaced, deleted) = (status.growth?.replacedRows ?? 0, after.growth?.deletedRows ?? 0)
        #expect(replaced > 5 && deleted > 5 && replaced + deleted == passages)
        let found = try run.sources(of: 0..<20, count: 40)
        #expect(!found.joined().contains { $0.id == "long" || $0.text.contains("another") })
    }

    @Test func filtersNarrowTheSearch() throws {
        let run = try GrowingRun(workspace, 0..<60)
        try run.append(GrowingRun.lines(60..<80))
        func found(_ set: (inout RowFilter) -> Void) throws -> [[GrowingRun.Source]] {
            var filter = RowFilter()
            set(&filter)
            return try run.sources(of: 0..<80, filter: filter)
        }
        func number(_ source: GrowingRun.Source) -> Int { Int(source.id.dropFirst(7)) ?? -1 }
        let books = try found { $0.conditions = [RowFilter.Condition("source=books")!] }
        #expect(books.joined().allSatisfy { number($0) % 2 == 0 } && books.allSatisfy { $0.count == 10 })
        for row in stride(from: 0, to: 80, by: 2) { #expect(number(books[row][0]) == row) }
        let both = try found {
            $0.conditions = [RowFilter.Condition("source=mail")!, RowFilter.Condition("year=2001")!]
        }
        #expect(both.joined().allSatisfy { number($0) % 2 == 1 && number($0) % 3 == 1 })
        let listed = Set([3, 5, 61, 62, 63])
        let ids = try workspace.write(listed.map { "sample-\($0)\n" }.joined(), to: "ids.txt")
        let only = try found { $0.onlyIDs = ids }
        #expect(only.allSatisfy { Set($0.map(number)) == listed })
        let without = try found { $0.withoutIDs = ids }
        #expect(without.joined().allSatisfy { !listed.contains(number($0)) })
        // The order is that of the whole search with the others taken out.
        let whole = try run.sources(of: 0..<80, count: 80)
        for (filtered, all) in zip(without, whole) {
            #expect(filtered.map(\.id) == all.filter { !listed.contains(number($0)) }.prefix(10).map(\.id))
        }
        let none = #expect(throws: RunError.self) { try found { $0.conditions = [RowFilter.Condition("source=radio")!] } }
        #expect(none?.message.contains("source = radio") == true)
        #expect(RowFilter.Condition("nothing") == nil && RowFilter.Condition("=x") == nil)
    }
}
