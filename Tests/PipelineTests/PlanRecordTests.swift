import Foundation
import Pipeline
import Testing

/// What a build leaves of its plan while it is not done.
@Suite struct PlanRecordTests {
    private let folder = TemporaryFolder()

    private func left(_ run: RunDirectory) throws -> [String: Int] {
        let record = try #require(PlanRecord.read(run))
        var left: [String: Int] = [:]
        for stage in record.stages {
            left[stage.name] = stage.tasks.count { task in
                task.mustRun && !FileManager.default.fileExists(atPath: run.file("\(task.folder)/manifest.json"))
            }
        }
        return left
    }

    @Test func itSaysWhatAFailedBuildHasLeftAndGoesWithTheBuild() throws {
        let run = RunDirectory(path: "\(folder.path)/run")
        try run.create()
        #expect(PlanRecord.read(run) == nil)
        #expect(throws: RunError.self) { try ToyPipeline(failing: ["[5]"]).runner(run, workers: 1).build() }
        let record = try #require(PlanRecord.read(run))
        #expect(record.workers == 1 && record.stages.map(\.name) == ["ingest", "catalog", "multiply", "sum"])
        #expect(record.stages[2].tasks.map(\.rows) == [2, 2, 1, 2, 1])
        let found = try left(run)
        #expect(found["ingest"] == 0 && found["catalog"] == 0 && found["sum"] == 1)
        let multiply = try #require(found["multiply"])
        #expect((1...3).contains(multiply))
        try ToyPipeline().runner(run).build()
        #expect(PlanRecord.read(run) == nil)
    }

    @Test func whatIsThereAlreadyDoesNotHaveToRun() throws {
        let run = RunDirectory(path: "\(folder.path)/run")
        try run.create()
        var pipeline = ToyPipeline()
        try pipeline.runner(run).build()
        pipeline = ToyPipeline(failing: ["[9]"])
        pipeline.files[1] = [6, 7, 9]
        #expect(throws: RunError.self) { try pipeline.runner(run).build() }
        let record = try #require(PlanRecord.read(run))
        #expect(record.stages[2].tasks.map(\.mustRun).filter { $0 }.count == 2)
    }
}
