import Foundation
import Pipeline
import Stages
import Testing

/// `status` of a build that is not done: what is left, and how long it takes at this run's rates.
@Suite struct RemainingWorkTests {
    private let workspace = Workspace()

    private func write(_ stages: String, _ journal: [String], done: [String]) throws -> RunDirectory {
        let run = RunDirectory(path: workspace.file("run"))
        try run.create()
        _ = try workspace.write("corpus: {files: [x.jsonl]}\nembed: {path: model}\n", to: "run/configuration.yaml")
        _ = try workspace.write("{\"workers\": 2, \"stages\": [\(stages)]}", to: "run/tmp/plan.json")
        _ = try workspace.write(journal.joined(separator: "\n") + "\n", to: "run/log.jsonl")
        for folder in done {
            try FileManager.default.createDirectory(
                atPath: run.file(folder), withIntermediateDirectories: true)
            _ = try workspace.write("{}", to: "run/\(folder)/manifest.json")
        }
        return run
    }

    private func entry(_ task: String, _ seconds: Double, _ rows: Int) -> String {
        "{\"time\": \"t\", \"task\": \"\(task)\", \"seconds\": \(seconds), \"rows\": \(rows), \"bytes\": 1}"
    }

    private func stage(_ name: String, _ tasks: [(rows: Int, mustRun: Bool)]) -> String {
        let list = tasks.enumerated().map { number, task in
            "{\"folder\": \"\(name)/\(number)\", \"rows\": \(task.rows), \"mustRun\": \(task.mustRun)}"
        }
        return "{\"name\": \"\(name)\", \"tasks\": [\(list.joined(separator: ", "))]}"
    }

    @Test func theRatesOfThisRunSayHowLongTheRestTakes() throws {
        let stages = [
            stage("ingest", [(0, true)]),
            stage("embed", [(500, false), (1000, true), (1000, true), (1000, true), (400, true)]),
            stage("cluster", [(3000, true)]), stage("project", []),
        ].joined(separator: ", ")
        // Two tasks of `embed` are done, 1,500 rows in 3 s; `cluster` ran in an earlier build, `project` never.
        let run = try write(
            stages,
            [entry("ingest/0", 9, 3900), entry("embed/0", 1, 500), entry("embed/1", 2, 1000), "{\"torn"]
                + ["", entry("cluster/all", 4, 2000)],
            done: ["ingest/0", "embed/0", "embed/1"])
        let record = try #require(PlanRecord.read(run))
        let left = RemainingWork(record, journal: run.journalEntries(), directory: run)
        #expect(left.stages.map(\.name) == ["embed", "cluster", "project"] && left.unknown == ["project"])
        let embed = left.stages[0]
        #expect(embed.tasks == 5 && embed.finishedTasks == 2 && embed.rowsLeft == 2400)
        // 500 rows a second of one task, two at once.
        #expect(embed.rowsPerSecond == 500 && embed.secondsLeft == 2.4)
        #expect(left.stages[1].secondsLeft == 4 && left.secondsLeft == 6.4)
        #expect(left.stages[2].tasks == nil && left.stages[2].secondsLeft == nil)
        let text = left.text()
        #expect(text.contains("left       4 tasks, and those known after the catalog; about 6.4 s at this run's rates"))
        #expect(text.contains("unknown for project") && text.contains("2/5"))
        let json = String(decoding: JSONFile.encode(left), as: UTF8.self)
        #expect(json.contains("\"secondsLeft\" : 2.4") && json.contains("\"unknown\""))
    }

    @Test func aStageOfOneTaskAndNoRowsIsAsLongAsItWas() throws {
        let run = try write(
            stage("catalog", [(0, true), (0, true), (0, true)]), [entry("catalog/0", 3, 0)], done: ["catalog/0"])
        let left = RemainingWork(try #require(PlanRecord.read(run)), journal: run.journalEntries(), directory: run)
        #expect(left.stages[0].secondsLeft == 3 && left.stages[0].rowsLeft == nil)
    }

    @Test func aFinishedBuildHasNothingLeft() throws {
        let run = try GrowingRun(workspace, 0..<60)
        let status = try RunStatus(directory: run.directory)
        #expect(status.remaining == nil && !status.table().contains("left  "))
    }
}
