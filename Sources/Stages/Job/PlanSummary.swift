internal import Foundation
internal import Pipeline

/// A plan as a person reads it.
package struct PlanSummary: Sendable {
    private let lines: [(stage: String, tasks: Int, toRun: Int)]
    private let isComplete: Bool

    init(_ plan: BuildPlan, stages: [String], mustRun: [Bool]) {
        lines = stages.map { name in
            let tasks = plan.tasks(of: name)
            return (name, tasks.count, tasks.count { mustRun[$0] })
        }
        isComplete = plan.catalog != nil
    }

    package func table() -> String {
        var rows = ["stage          tasks  to run"]
        for line in lines {
            let known = line.tasks > 0 || isComplete
            let stage = line.stage.padding(toLength: 13, withPad: " ", startingAt: 0)
            rows.append(stage + (known ? aligned(line.tasks) + aligned(line.toRun) : "      known after the catalog"))
        }
        return rows.joined(separator: "\n")
    }

    private func aligned(_ number: Int) -> String {
        let text = grouped(number)
        return String(repeating: " ", count: max(1, 8 - text.count)) + text
    }
}
