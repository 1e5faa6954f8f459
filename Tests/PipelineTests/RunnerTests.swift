import Foundation
import Pipeline
import Storage
import Testing

@Suite struct RunnerTests {
    private let folder = TemporaryFolder()

    private func directory(_ name: String) throws -> RunDirectory {
        let directory = RunDirectory(path: "\(folder.path)/\(name)")
        try directory.create()
        return directory
    }

    private func result(_ directory: RunDirectory) throws -> Figure? {
        let generation = try #require(try directory.currentGeneration())
        let part = try #require(generation.parts["sum"]?.first)
        return try directory.artifact(part).manifest.figures["sum"]
    }

    @Test func buildsEverythingOnceAndThenNothing() throws {
        let pipeline = ToyPipeline()
        let run = try directory("run")
        try pipeline.runner(run).build()
        #expect(try result(run) == .integer(36 * 3 + 1))
        #expect(pipeline.log.take().count == 2 + 1 + 5 + 1)
        try pipeline.runner(run).build()
        #expect(pipeline.log.take().isEmpty)
    }

    @Test func workersDoNotChangeTheBytes() throws {
        try ToyPipeline().runner(try directory("one")).build()
        try ToyPipeline().runner(try directory("four"), workers: 4).build()
        let one = folder.contents(of: "one")
        #expect(!one.isEmpty && one == folder.contents(of: "four"))
    }

    @Test func aChangedParameterRunsWhatDependsOnItAndNoMore() throws {
        let run = try directory("run")
        var pipeline = ToyPipeline()
        try pipeline.runner(run).build()
        _ = pipeline.log.take()
        pipeline.offset = 100
        try pipeline.runner(run).build()
        #expect(pipeline.log.take() == ["sum"])
        #expect(try result(run) == .integer(36 * 3 + 100))
        pipeline.factor = 2
        try pipeline.runner(run).build()
        #expect(pipeline.log.take().count == 6)
        #expect(try result(run) == .integer(36 * 2 + 100))
        // Of older parameters nothing is left but what the generation before needs.
        let kept = try run.keptGenerations()
        #expect(kept.map(\.number) == [2, 3])
        let folders = ["ingest", "catalog", "multiply", "sum"].flatMap { stage in
            RunDirectory.list(run.file(stage)).map { "\(stage)/\($0)" }
        }
        #expect(Set(folders) == Set(kept.flatMap(\.folders)))
    }

    @Test func aChangedFileRunsItsShardsAlone() throws {
        let run = try directory("run")
        var pipeline = ToyPipeline()
        try pipeline.runner(run).build()
        _ = pipeline.log.take()
        pipeline.files[1] = [6, 7, 9]
        try pipeline.runner(run).build()
        #expect(pipeline.log.take() == ["ingest/1", "catalog", "multiply/[6, 7]", "multiply/[9]", "sum"])
    }

    @Test func aFailedTaskKeepsWhatIsDone() throws {
        let run = try directory("run")
        let broken = ToyPipeline(failing: ["[5]"])
        #expect(throws: RunError.self) { try broken.runner(run).build() }
        #expect(try run.currentGeneration() == nil)
        let mended = ToyPipeline()
        try mended.runner(run).build()
        #expect(mended.log.take() == ["multiply/[5]", "multiply/[6, 7]", "multiply/[8]", "sum"])
        try ToyPipeline().runner(try directory("fresh")).build()
        #expect(folder.contents(of: "run") == folder.contents(of: "fresh"))
    }

    @Test func droppedOutputsGoAndComeBackWhenNeeded() throws {
        let run = try directory("run")
        var pipeline = ToyPipeline()
        try pipeline.runner(run, dropped: ["multiply"]).build()
        #expect(!folder.contents(of: "run").keys.contains { $0.hasSuffix("products") })
        _ = pipeline.log.take()
        try pipeline.runner(run, dropped: ["multiply"]).build()
        #expect(pipeline.log.take().isEmpty)
        pipeline.offset = 5
        try pipeline.runner(run, dropped: ["multiply"]).build()
        #expect(pipeline.log.take().count == 6)
        #expect(try result(run) == .integer(36 * 3 + 5))
        #expect(!folder.contents(of: "run").keys.contains { $0.hasSuffix("products") })
    }

    @Test func aShortenedOutputIsMadeAgain() throws {
        let run = try directory("run")
        let pipeline = ToyPipeline()
        try pipeline.runner(run).build()
        _ = pipeline.log.take()
        let whole = folder.contents(of: "run")
        let name = try #require(whole.keys.sorted().first { $0.hasSuffix("products") })
        try Data().write(to: URL(filePath: "\(run.path)/\(name)"))
        try pipeline.runner(run).build()
        #expect(folder.contents(of: "run") == whole)
    }

    @Test func ranksShareAStage() throws {
        let run = try directory("run")
        let pipeline = ToyPipeline()
        #expect(throws: RunError.self) { try pipeline.runner(run).run(stage: "multiply", rank: 0, worldSize: 2) }
        for stage in ["ingest", "catalog", "multiply", "sum"] {
            for rank in [1, 0] { try pipeline.runner(run).run(stage: stage, rank: rank, worldSize: 2) }
        }
        try ToyPipeline().runner(try directory("whole")).build()
        #expect(folder.contents(of: "run") == folder.contents(of: "whole"))
    }

    @Test func anInputThatIsNotDoneIsNamed() throws {
        let run = try directory("run")
        let pipeline = ToyPipeline()
        try pipeline.runner(run).run(stage: "ingest", rank: 0, worldSize: 1)
        try pipeline.runner(run).run(stage: "catalog", rank: 0, worldSize: 1)
        let error = #expect(throws: RunError.self) {
            try pipeline.runner(run).run(stage: "sum", rank: 0, worldSize: 1)
        }
        #expect(error?.kind == .missingInput && error?.message.contains("multiply/00000") == true)
    }

    @Test func oneBuildAtATime() throws {
        let run = try directory("run")
        let lock = try run.lock(exclusive: true)
        let error = #expect(throws: RunError.self) { _ = try run.lock(exclusive: true) }
        #expect(error?.kind == .locked)
        withExtendedLifetime(lock) {}
    }

    @Test func aDamagedManifestIsNamed() throws {
        let run = try directory("run")
        let pipeline = ToyPipeline()
        try pipeline.runner(run).build()
        let name = try #require(
            folder.contents(of: "run").keys.sorted().first { $0.hasPrefix("sum/") && $0.hasSuffix("manifest.json") })
        try Data("{".utf8).write(to: URL(filePath: "\(run.path)/\(name)"))
        let error = #expect(throws: RunError.self) { try pipeline.runner(run).build() }
        #expect(error?.kind == .corrupt && error?.message.contains(name) == true)
    }
}
