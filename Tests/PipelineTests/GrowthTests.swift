import Foundation
import Pipeline
import Storage
import Testing

/// A run of toy stages that grows.
@Suite struct GrowthTests {
    private let folder = TemporaryFolder()

    private func directory(_ name: String) throws -> RunDirectory {
        let directory = RunDirectory(path: "\(folder.path)/\(name)")
        try directory.create()
        try "offset: 1\n".write(toFile: directory.configuration, atomically: true, encoding: .utf8)
        return directory
    }

    private func joined(_ directory: RunDirectory) throws -> [Int] {
        let generation = try #require(try directory.currentGeneration())
        return try (generation.parts["join"] ?? []).flatMap { part in
            try String(contentsOfFile: directory.file("\(part.folder)/joined"), encoding: .utf8)
                .split(separator: "\n").compactMap { Int($0) }
        }
    }

    @Test func anAppendRunsItsOwnTasksAlone() throws {
        let run = try directory("run")
        var pipeline = ToyPipeline()
        pipeline.joins = true
        try pipeline.runner(run).build()
        _ = pipeline.log.take()
        pipeline.files.append([9, 10])
        pipeline.batches = 1
        try pipeline.runner(run).build()
        // Neither the model, which is the sum here, nor anything of the first batch.
        #expect(pipeline.log.take() == ["ingest/2", "catalog", "multiply/[9, 10]", "join/1..<2/0"])
        #expect(try joined(run) == (1...10).map { 3 * $0 })
        let generation = try #require(try run.currentGeneration())
        #expect(generation.segments.map(\.batches) == [0..<1, 1..<2])
        #expect(generation.catalog.shards.map(\.firstRow) == [0, 2, 4, 5, 7, 8])
        #expect(generation.parts["join"]?.map(\.segment) == [0, 0, 1])
    }

    @Test func fourAppendsShareASegmentAndOldOnesGo() throws {
        let run = try directory("run")
        var pipeline = ToyPipeline()
        pipeline.joins = true
        for night in 0..<6 {
            try pipeline.runner(run, dropped: ["multiply"]).build()
            pipeline.files.append([100 + night])
            pipeline.batches += 1
        }
        let generation = try #require(try run.currentGeneration())
        #expect(generation.segments.map(\.batches) == [0..<1, 1..<5, 5..<6])
        #expect(try joined(run) == (Array(1...8) + Array(100...104)).map { 3 * $0 })
        #expect(run.generationNumbers() == [5, 6])
        let kept = try run.keptGenerations().reduce(into: Set<String>()) { $0.formUnion($1.folders) }
        let present = ["ingest", "catalog", "multiply", "sum", "join"].flatMap { stage in
            RunDirectory.list(run.file(stage)).map { "\(stage)/\($0)" }
        }
        #expect(Set(present) == kept)
        // The same rows appended in one go give the same tasks.
        let fresh = try directory("fresh")
        pipeline.files.removeLast()
        pipeline.batches -= 1
        try pipeline.runner(fresh, dropped: ["multiply"]).build()
        #expect(try fresh.currentGeneration()?.parts == generation.parts)
    }

    /// A purge leaves fingerprints as they are; a training after it is a task of its own all the same.
    @Test func aTrainingAfterAPurgeRunsAgainAndNothingElseDoes() throws {
        let run = try directory("run")
        var pipeline = ToyPipeline()
        (pipeline.batches, pipeline.trained) = (1, 2)
        try pipeline.runner(run).build()
        _ = pipeline.log.take()
        pipeline.erased = "rows"
        try pipeline.runner(run).build()
        #expect(pipeline.log.take() == ["sum"])
        try pipeline.runner(run).build()
        #expect(pipeline.log.take() == [])
    }

    @Test func retrainingReadsAllBatches() throws {
        let run = try directory("run")
        var pipeline = ToyPipeline()
        pipeline.joins = true
        pipeline.files.append([9])
        pipeline.batches = 1
        try pipeline.runner(run).build()
        _ = pipeline.log.take()
        pipeline.trained = 2
        try pipeline.runner(run).build()
        #expect(pipeline.log.take().filter { $0.hasPrefix("ingest") || $0.hasPrefix("multiply") }.isEmpty)
        let generation = try #require(try run.currentGeneration())
        let sum = try run.artifact(try #require(generation.parts["sum"]?.first)).manifest.figures["sum"]
        #expect(sum == .integer(45 * 3 + 1))
        #expect(generation.segments.map(\.batches) == [0..<2])
    }

    @Test func rollbackReturnsAndTakesNumbersNowhere() throws {
        let run = try directory("run")
        var pipeline = ToyPipeline()
        pipeline.joins = true
        try pipeline.runner(run).build()
        #expect(throws: RunError.self) { try run.rollBack() }
        pipeline.files.append([9])
        pipeline.batches = 1
        try pipeline.runner(run).build()
        let second = try #require(try run.currentGeneration())
        let first = try #require(try run.previousGeneration())
        let back = try run.rollBack()
        #expect(back.number == 3 && back.parts == first.parts && back.growth.batches == first.growth.batches)
        // The number of the batch that was taken back is not given again.
        #expect(back.growth.nextNumber == 2)
        #expect(run.generationNumbers() == [2, 3])
        #expect(try joined(run) == (1...8).map { 3 * $0 })
        let again = try run.rollBack()
        #expect(again.number == 4 && again.parts == second.parts)
        #expect(try joined(run) == (1...9).map { 3 * $0 })
        // Nothing of it has to be built again.
        _ = pipeline.log.take()
        try pipeline.runner(run).build()
        #expect(pipeline.log.take().isEmpty)
    }

    @Test func whatHasBegunIsForgottenWithItsGeneration() throws {
        let run = try directory("run")
        var pipeline = ToyPipeline()
        pipeline.joins = true
        try pipeline.runner(run).build()
        pipeline.files.append([9])
        pipeline.batches = 1
        try run.keepPending(pipeline.growth)
        #expect(try run.pendingGrowth() == pipeline.growth)
        #expect(try run.targetGrowth() == pipeline.growth)
        try pipeline.runner(run).build()
        #expect(try run.pendingGrowth() == nil)
        #expect(try run.targetGrowth() == pipeline.growth)
    }
}
