internal import Foundation
package import Pipeline

/// What a build that runs, or was killed, has still to do, and how long that takes at the rates this run has shown.
package struct RemainingWork: Sendable, Encodable {
    package struct Stage: Sendable, Encodable {
        package let name: String
        /// Nothing where the number of tasks is known only once the corpus is ingested.
        package let tasks: Int?
        package let finishedTasks: Int
        /// Rows of the tasks that are left; nothing where they are not known beforehand.
        package let rowsLeft: Int?
        /// Rows a second of one task, as this run's journal has it for the stage; nothing where it never ran here.
        package let rowsPerSecond: Double?
        /// By that rate; nothing where there is none.
        package let secondsLeft: Double?
    }

    /// Threads of the build.
    package let workers: Int
    /// Those with tasks left, in their order.
    package let stages: [Stage]
    /// Of the stages that have a rate.
    package let secondsLeft: Double
    /// Stages whose time nobody knows, for they never ran in this run.
    package let unknown: [String]

    /// - Parameter journal: of the run.
    package init(_ record: PlanRecord, journal: [Journal.Entry], directory: RunDirectory) {
        var done: [String: (tasks: Int, rows: Int, seconds: Double)] = [:]
        for entry in journal {
            let stage = String(entry.task.prefix { $0 != "/" })
            let known = done[stage] ?? (0, 0, 0)
            done[stage] = (known.tasks + 1, known.rows + entry.rows, known.seconds + entry.seconds)
        }
        var stages: [Stage] = []
        for stage in record.stages {
            let left = stage.tasks.filter { task in
                task.mustRun && RunDirectory.size(of: directory.file("\(task.folder)/\(Manifest.fileName)")) == nil
            }
            guard !left.isEmpty || stage.tasks.isEmpty else { continue }
            stages.append(
                Self.stage(stage, left: left, done: done[stage.name], workers: record.workers))
        }
        workers = record.workers
        self.stages = stages
        secondsLeft = stages.reduce(0) { $0 + ($1.secondsLeft ?? 0) }
        unknown = stages.filter { $0.secondsLeft == nil }.map(\.name)
    }

    private static func stage(
        _ stage: PlanRecord.StageTasks, left: [PlanRecord.Task], done: (tasks: Int, rows: Int, seconds: Double)?,
        workers: Int
    ) -> Stage {
        let rows = left.reduce(0) { $0 + $1.rows }
        var (rate, seconds): (Double?, Double?) = (nil, nil)
        if let done, done.seconds > 0, !left.isEmpty {
            // Tasks run side by side, as many as there are threads; one alone has them all.
            let lanes = Double(max(1, min(workers, left.count)))
            if done.rows > 0 { rate = Double(done.rows) / done.seconds }
            // Tasks that there is one of read samples, as a rule: they take as long as they did, however many rows there are.
            if let rate, rows > 0, stage.tasks.count > 1 {
                seconds = Double(rows) / rate / lanes
            } else {
                seconds = Double(left.count) * done.seconds / Double(done.tasks) / lanes
            }
        }
        return Stage(
            name: stage.name, tasks: stage.tasks.isEmpty ? nil : stage.tasks.count,
            finishedTasks: stage.tasks.count - left.count, rowsLeft: rows > 0 ? rows : nil, rowsPerSecond: rate,
            secondsLeft: seconds)
    }

    /// A table of the stages that have tasks left.
    package func text() -> String {
        guard !stages.isEmpty else { return "" }
        let tasks = stages.reduce(0) { $0 + ($1.tasks ?? 0) - $1.finishedTasks }
        var summary = "left       \(grouped(tasks)) \(tasks == 1 ? "task" : "tasks")"
        if stages.contains(where: { $0.tasks == nil }) { summary += ", and those known after the catalog" }
        if secondsLeft > 0 { summary += "; about \(duration(secondsLeft)) at this run's rates" }
        if !unknown.isEmpty {
            summary += "; unknown for \(unknown.joined(separator: ", ")), which never ran in this run"
        }
        var rows = [["to do", "tasks", "rows left", "rows/s", "time left"]]
        for stage in stages {
            rows.append([
                stage.name,
                stage.tasks.map { "\(grouped(stage.finishedTasks))/\(grouped($0))" } ?? "unknown",
                stage.rowsLeft.map(grouped) ?? "-",
                stage.rowsPerSecond.map { grouped(Int($0)) } ?? "-",
                stage.secondsLeft.map(duration) ?? "unknown",
            ])
        }
        let lines = rows.map { cells in
            cells[0].padding(toLength: 13, withPad: " ", startingAt: 0)
                + zip(cells.dropFirst(), [13, 16, 12, 16]).map { cell, width in
                    String(repeating: " ", count: max(1, width - cell.count)) + cell
                }.joined()
        }
        return summary + "\n\n" + lines.joined(separator: "\n") + "\n"
    }
}
