package import Pipeline

/// One job array of a submission: a stage's tasks, dealt to ranks.
package struct ArrayJob: Hashable, Sendable {
    /// The name of the job after the last stage, which publishes what the stages made.
    package static let publish = "publish"

    /// The stage, or ``publish``.
    package let stage: String
    /// The ranks that have something to do, rising.
    package let ranks: [Int]
    /// Ranks in all: rank `r` does the tasks `r`, `r + worldSize`, ….
    package let worldSize: Int
    /// Names of the jobs of this submission that have to succeed before.
    package let dependencies: [String]
    package let resources: SlurmResources

    /// The ranks as Slurm writes them: `0-3,7`.
    package var array: String {
        var ranges: [ClosedRange<Int>] = []
        for rank in ranks {
            if let last = ranges.last, last.upperBound == rank - 1 {
                ranges[ranges.count - 1] = last.lowerBound...rank
            } else {
                ranges.append(rank...rank)
            }
        }
        return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ",")
    }
}

extension ArrayJob {
    /// The jobs for what is missing of each stage, in order, and the one that publishes.
    ///
    /// - Parameters:
    ///   - loads: in the stages' order.
    ///   - isPublished: whether a generation of all of it is there.
    /// - Returns: nothing where nothing is missing.
    package static func jobs(
        for loads: [StageLoad], isPublished: Bool, settings: SlurmSettings
    ) -> [ArrayJob] {
        var jobs: [ArrayJob] = []
        for load in loads where !load.missing.isEmpty {
            let worldSize = max(1, min(load.tasks, settings.arraySize))
            let ranks = Set(load.missing.map { $0 % worldSize }).sorted()
            // Later stages are planned from the catalog, whatever they read.
            let planned = Catalog.isBefore(load.stage) ? load.inputs : load.inputs + [Catalog.stage]
            let submitted = jobs.map(\.stage)
            jobs.append(
                ArrayJob(
                    stage: load.stage, ranks: ranks, worldSize: worldSize,
                    dependencies: submitted.filter { planned.contains($0) },
                    resources: settings.resources(of: load.stage)))
        }
        guard !jobs.isEmpty || !isPublished else { return [] }
        let stages = jobs.map(\.stage)
        jobs.append(
            ArrayJob(
                stage: publish, ranks: [0], worldSize: 1, dependencies: stages,
                resources: settings.resources(of: publish)))
        return jobs
    }
}

extension Catalog {
    /// Whether a stage can be planned without the catalog.
    fileprivate static func isBefore(_ stage: String) -> Bool { stage == source || stage == self.stage }
}
