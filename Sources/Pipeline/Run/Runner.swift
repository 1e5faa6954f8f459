internal import Foundation
internal import Storage

/// Runs a plan: the one owner of directories, temporary names, durability, resume, progress and cancellation.
package struct Runner: Sendable {
    package struct Options: Sendable {
        /// Threads in all: tasks at once × threads of each.
        package var workers: Int
        /// Stages whose outputs are deleted once every reader is done.
        package var dropped: Set<String>
        /// Whether parts made at another kernel level or with another BLAS build may be mixed in.
        package var allowsMixedPlatforms: Bool
        /// Names of stages that the plan does not have, but that other configurations of the run may have had: their
        /// outputs are deleted once the plan is done.
        package var absent: [String]
        /// Whether the stage that does the last missing task publishes a generation; otherwise ``Runner/publish()`` does.
        package var publishes = true
        /// The journal's file below the run directory; `nil` for the run's own. Appending from several hosts to one file
        /// of a network filesystem loses lines, so each element of a job array has its own.
        package var journal: String?

        package init(
            workers: Int, dropped: Set<String> = [], allowsMixedPlatforms: Bool = false, absent: [String] = []
        ) {
            self.workers = workers
            self.dropped = dropped
            self.allowsMixedPlatforms = allowsMixedPlatforms
            self.absent = absent
        }
    }

    package let directory: RunDirectory
    package let stages: [any Stage]
    /// The batches that are to be in the run.
    package let growth: Growth
    /// The whole configuration as YAML; a generation keeps it.
    package let configuration: String
    package let options: Options
    let progress: BuildProgress
    let journal: Journal
    /// Folders of tasks that are made again without deleted rows, in the place of the old ones, with what their manifests
    /// say of it.
    var purgeNotes: [String: String] = [:]

    package init(
        directory: RunDirectory, stages: [any Stage], growth: Growth, configuration: String, options: Options,
        progress: BuildProgress
    ) {
        self.configuration = configuration
        self.directory = directory
        self.stages = stages
        self.growth = growth
        self.options = options
        self.progress = progress
        journal = Journal(path: options.journal.map { directory.file($0) } ?? directory.log)
    }

    /// Builds everything that is not there yet and publishes the result as a generation.
    ///
    /// The caller holds the run's exclusive lock. Killed at any moment, the next call goes on from the last finished
    /// task and leaves the same bytes.
    package func build() throws(RunError) {
        removeUnfinished()
        var plan = try currentPlan()
        if plan.catalog == nil {
            let mustRun = try missing(in: plan)
            record(plan, mustRun)
            try execute(plan, mustRun: mustRun)
            plan = try currentPlan()
        }
        let mustRun = try missing(in: plan)
        try Resources.available(at: directory.path).check(
            plan, mustRun: mustRun, workers: options.workers, at: directory.path)
        record(plan, mustRun)
        try execute(plan, mustRun: mustRun, drops: true)
        try finish(plan)
        removeUnfinished()
    }

    /// Says what has to be done, for who looks on.
    private func record(_ plan: BuildPlan, _ mustRun: [Bool]) {
        PlanRecord(plan, stages: stages, mustRun: mustRun, workers: options.workers).write(directory)
    }

    /// Publishes a plan whose tasks are all committed, then deletes what neither it nor the generation before it has any
    /// use for.
    func finish(_ plan: BuildPlan) throws(RunError) {
        try directory.publish(plan, configuration: configuration)
        directory.forgetPending()
        let done = [Bool](repeating: false, count: plan.tasks.count)
        let schedule = Schedule(plan: plan, mustRun: done, dropped: options.dropped)
        for task in plan.tasks.indices where schedule.isReleased(task) { retire(plan.tasks[task]) }
        try removeUnneeded(keeping: plan)
    }

    /// Does one rank's share of one stage, for a job array: tasks `rank`, `rank + worldSize`, …
    ///
    /// - Throws: `missingInput` when a task's inputs are not committed yet.
    package func run(stage name: String, rank: Int, worldSize: Int) throws(RunError) {
        let plan = try currentPlan()
        let tasks = plan.tasks(of: name)
        guard !tasks.isEmpty else {
            throw RunError(
                .missingInput,
                "stage '\(name)' cannot be planned before the stages '\(Catalog.source)' and '\(Catalog.stage)' are done"
            )
        }
        let share = Set(tasks.indices.filter { $0 % worldSize == rank }.map { tasks[$0] })
        let available = try committed(plan)
        let missing = try missing(in: plan)
        var mustRun = [Bool](repeating: false, count: plan.tasks.count)
        for task in share where missing[task] {
            for input in plan.tasks[task].inputs where !available[input] {
                throw RunError(
                    .missingInput,
                    "\(plan.tasks[task].label) reads \(plan.tasks[input].label), which is not done yet; run stage '\(plan.tasks[input].stage.name)' first"
                )
            }
            mustRun[task] = true
        }
        try execute(plan, mustRun: mustRun)
        // Whoever does the last missing task ends the build; a plan with a hole in it is not published.
        guard options.publishes, plan.catalog != nil, mustRun.contains(true), try !self.missing(in: plan).contains(true)
        else { return }
        try finish(plan)
    }

    /// The plan as far as it can be made: with the shards once every batch's catalog is committed.
    package func currentPlan() throws(RunError) -> BuildPlan {
        let start = BuildPlan(
            stages: stages, growth: growth, catalogs: growth.batches.map { _ in nil })
        var catalogs: [Catalog?] = []
        for index in start.tasks(of: Catalog.stage) { catalogs.append(try catalog(of: start.tasks[index])) }
        return BuildPlan(stages: stages, growth: growth, catalogs: catalogs)
    }

    /// A batch's catalog, if it is committed.
    private func catalog(of task: PlannedTask) throws(RunError) -> Catalog? {
        guard let manifest = try directory.manifest(of: task), directory.outputsPresent(of: task, manifest: manifest)
        else { return nil }
        return try reporting(damaged: .corrupt) { () throws(StorageError) in
            try Catalog(path: directory.file("\(task.folder)/\(Catalog.fileName)"))
        }
    }

    /// For each task whether its outputs are committed and still there.
    package func committed(_ plan: BuildPlan) throws(RunError) -> [Bool] {
        var present: [Bool] = []
        for task in plan.tasks {
            guard let manifest = try directory.manifest(of: task) else {
                present.append(false)
                continue
            }
            try checkPlatform(manifest, task)
            present.append(directory.outputsPresent(of: task, manifest: manifest))
        }
        return present
    }

    /// For each task whether it has to run: it is not committed, or its outputs were dropped and are needed again.
    package func missing(in plan: BuildPlan) throws(RunError) -> [Bool] {
        let present = try committed(plan)
        var mustRun = [Bool](repeating: false, count: plan.tasks.count)
        for index in plan.tasks.indices.reversed() where !present[index] {
            let task = plan.tasks[index]
            let isDropped = try directory.manifest(of: task) != nil && options.dropped.contains(task.stage.name)
            mustRun[index] = !isDropped || plan.readers[index].contains { mustRun[$0] }
        }
        return mustRun
    }

    private func checkPlatform(_ manifest: Manifest, _ task: PlannedTask) throws(RunError) {
        guard manifest.platform != .current, !options.allowsMixedPlatforms else { return }
        throw RunError(
            .incompatible,
            "\(task.label) was made at \(manifest.platform); this process runs at \(Platform.current). Results differ in their last bits: set GRADPRINT_KERNELS to the level of the first parts, start a new run directory, or pass --allow-mixed-kernels"
        )
    }

    /// - Parameter drops: whether outputs go as soon as their last reader is done, which is known only when `mustRun`
    ///   has every task that is left.
    func execute(_ plan: BuildPlan, mustRun: [Bool], drops: Bool = false) throws(RunError) {
        let schedule = Schedule(plan: plan, mustRun: mustRun, dropped: drops ? options.dropped : [])
        for stage in stages {
            let tasks = plan.tasks(of: stage.name).filter { mustRun[$0] }
            guard !tasks.isEmpty else { continue }
            // Whole stages read samples: nobody knows how many rows.
            let rows = tasks.map { plan.tasks[$0] }.filter { $0.shard != nil || $0.segment != nil }
                .reduce(0) { $0 + (plan.extent(of: $1)?.rows ?? 0) }
            progress.expect(stage: stage.name, tasks: tasks.count, rows: rows)
        }
        try WorkerPool(runner: self, plan: plan, schedule: schedule).run()
    }

    /// Deletes a task's outputs and keeps its manifest.
    func retire(_ task: PlannedTask) {
        let folder = directory.file(task.folder)
        for name in RunDirectory.list(folder) where name != Manifest.fileName {
            RunDirectory.remove("\(folder)/\(name)")
        }
    }

    /// Deletes what a killed build left half-done. Only who holds the run alone may.
    func removeUnfinished() {
        for name in RunDirectory.list(directory.temporary) { RunDirectory.remove("\(directory.temporary)/\(name)") }
        // Files that a kill cut short; their names are the killed process' own.
        for folder in [directory.path, directory.generations] {
            for name in RunDirectory.list(folder) where name.hasSuffix(".part") {
                RunDirectory.remove("\(folder)/\(name)")
            }
        }
    }

    /// Deletes what no kept generation owns, and unfinished work. The caller holds the run alone.
    package func removeLeftovers() throws(RunError) {
        removeUnfinished()
        try removeUnneeded(keeping: nil)
    }

    /// Deletes what neither a planned task nor a kept generation owns: outputs of older parameters, unfinished work.
    private func removeUnneeded(keeping plan: BuildPlan?) throws(RunError) {
        var needed = Set(plan?.tasks.map(\.folder) ?? [])
        for generation in try directory.keptGenerations() { needed.formUnion(generation.folders) }
        for stage in stages.map(\.name) + options.absent {
            for name in RunDirectory.list(directory.file(stage)) where !needed.contains("\(stage)/\(name)") {
                directory.discard("\(stage)/\(name)")
            }
        }
    }
}
