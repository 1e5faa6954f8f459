/// A committed task's outputs, as another task reads them.
package struct Artifact: Sendable {
    package let folder: String
    package let manifest: Manifest
    /// Where its rows stand in the corpus, for a shard's outputs.
    package let shard: Catalog.Shard?

    package init(folder: String, manifest: Manifest, shard: Catalog.Shard?) {
        self.folder = folder
        self.manifest = manifest
        self.shard = shard
    }

    package func path(_ name: String) -> String { "\(folder)/\(name)" }
}

/// What a stage sees of the world while it does one task.
package struct TaskContext: Sendable {
    /// What of the corpus the task is for.
    package let part: PlannedTask.Part
    /// The corpus files of the task's batches.
    package let files: Range<Int>
    /// The batches that the task is for.
    package let batches: Range<Int>
    /// The shards that the task may read: of a whole task those of the trained corpus, else of all batches; `nil` while
    /// they are being ingested.
    package let catalog: Catalog?
    /// Threads that the task may use.
    package let workers: Int

    private let folder: String
    private let artifacts: [String: [Artifact]]
    private let recorder: TaskRecorder

    init(
        task: PlannedTask, plan: BuildPlan, workers: Int, folder: String, artifacts: [String: [Artifact]],
        recorder: TaskRecorder
    ) {
        part = task.part
        batches = task.batches
        files =
            plan.growth.files(of: task.batches.lowerBound)
            .lowerBound..<plan.growth.files(of: task.batches.upperBound - 1).upperBound
        if case .whole = task.part { catalog = plan.trainedCatalog } else { catalog = plan.catalog }
        self.workers = workers
        self.folder = folder
        self.artifacts = artifacts
        self.recorder = recorder
    }

    /// The corpus file's number, for a file task.
    package var file: Int? { if case .file(let file) = part { file } else { nil } }
    /// The corpus shard, for a shard task.
    package var shard: Catalog.Shard? { if case .shard(let shard) = part { shard } else { nil } }

    /// The path of an output file of this name.
    package func output(_ name: String) -> String { "\(folder)/\(name)" }

    /// The outputs of an input stage's tasks, in their order.
    package func inputs(_ stage: String) -> [Artifact] {
        guard let found = artifacts[stage] else {
            preconditionFailure("the stage did not declare '\(stage)' among its inputs")
        }
        return found
    }

    /// The output of an input stage that gives this task just one.
    package func input(_ stage: String) -> Artifact {
        let found = inputs(stage)
        precondition(found.count == 1, "'\(stage)' gives this task \(found.count) inputs")
        return found[0]
    }

    /// The corpus shard file of one shard, or of this task's own.
    package func corpusShard(_ shard: Catalog.Shard? = nil) -> String {
        guard let shard = shard ?? self.shard else { preconditionFailure("this task has no shard") }
        let found = inputs(Catalog.source)
        // A shard task has just its own file's artifact; a whole task has them all, in file order.
        let artifact = found.count == 1 ? found[0] : found[shard.file]
        return artifact.path(Catalog.shardFile(part: shard.part))
    }

    /// Counts rows that are done, for the progress display.
    package func advance(rows: Int) { recorder.advance(rows: rows) }

    /// Notes in the manifest that some of the task's rows are blank, for a purge had erased them before.
    ///
    /// - Parameter rows: rising.
    package func erased(rows: [Int]) { recorder.erased = Manifest.purgeNote(rows) }

    /// Records a figure in the manifest. It has to be the same in every run of the same task.
    package func record(_ name: String, _ figure: Figure) { recorder.record(name, figure) }
}
