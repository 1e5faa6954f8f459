internal import Foundation
internal import Storage

/// What a build has to do, for who asks how far it is: `RUN/tmp/plan.json`, from the build's start to its end, and after a
/// kill until the next one.
package struct PlanRecord: Codable, Sendable {
    package struct Task: Codable, Sendable {
        /// Below the run directory.
        package let folder: String
        /// Of the corpus; 0 where they are not known beforehand.
        package let rows: Int
        /// Whether it had to run when the build began.
        package let mustRun: Bool
    }

    package struct StageTasks: Codable, Sendable {
        package let name: String
        /// None where they are known only once the corpus is ingested.
        package let tasks: [Task]
    }

    /// Threads of the build.
    package let workers: Int
    package let stages: [StageTasks]

    static func path(_ directory: RunDirectory) -> String { "\(directory.temporary)/plan.json" }

    init(_ plan: BuildPlan, stages: [any Stage], mustRun: [Bool], workers: Int) {
        self.workers = workers
        self.stages = stages.map { stage in
            StageTasks(
                name: stage.name,
                tasks: plan.tasks(of: stage.name).map { index in
                    Task(
                        folder: plan.tasks[index].folder, rows: plan.extent(of: plan.tasks[index])?.rows ?? 0,
                        mustRun: mustRun[index])
                })
        }
    }

    /// A record that cannot be written stops no build.
    func write(_ directory: RunDirectory) { try? JSONFile.write(self, path: Self.path(directory)) }

    /// The record of a build that has not come to its end; nil where there is none that can be read.
    package static func read(_ directory: RunDirectory) -> PlanRecord? {
        try? JSONFile.read(PlanRecord.self, path: path(directory))
    }
}
