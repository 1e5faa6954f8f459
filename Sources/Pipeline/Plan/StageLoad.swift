/// How much of one stage there is to do: what a cluster's job array is cut from.
package struct StageLoad: Hashable, Sendable {
    package let stage: String
    /// Stages whose outputs it reads.
    package let inputs: [String]
    /// Tasks in all; where ``isKnown`` is false, as many as a corpus of many shards would give.
    package let tasks: Int
    /// Positions of the tasks that have to run.
    package let missing: [Int]
    /// Whether the number of tasks is known: for most stages only once the catalog is there.
    package let isKnown: Bool
    /// Bytes resident at one task's peak as the stage estimates it, 0 where the corpus is not known.
    package let memory: Int
    /// Seconds of the slowest task that the run's journal has.
    package let slowest: Double?

    package init(
        stage: String, inputs: [String], tasks: Int, missing: [Int], isKnown: Bool, memory: Int = 0,
        slowest: Double? = nil
    ) {
        self.stage = stage
        self.inputs = inputs
        self.tasks = tasks
        self.missing = missing
        self.isKnown = isKnown
        self.memory = memory
        self.slowest = slowest
    }
}

extension Runner {
    /// The load of every stage, in order, from the plan as far as it can be made.
    ///
    /// - Parameter shards: how many shards stand in for those of a corpus whose catalog is not there.
    package func loads(standInShards shards: Int) throws(RunError) -> [StageLoad] {
        let plan = try currentPlan()
        let missing = try missing(in: plan)
        let full = plan.catalog == nil ? standIn(shards: shards) : plan
        var slowest: [String: Double] = [:]
        for entry in directory.journalEntries() {
            let stage = String(entry.task.prefix { $0 != "/" })
            slowest[stage] = max(slowest[stage] ?? 0, entry.seconds)
        }
        return stages.map { stage in
            let tasks = full.tasks(of: stage.name)
            let planned = plan.tasks(of: stage.name)
            let isKnown = planned.count == tasks.count
            return StageLoad(
                stage: stage.name, inputs: stage.inputs.map(\.stage), tasks: tasks.count,
                missing: isKnown ? planned.indices.filter { missing[planned[$0]] } : Array(tasks.indices),
                isKnown: isKnown,
                memory: plan.catalog == nil
                    ? 0
                    : tasks.compactMap { full.extent(of: full.tasks[$0]).map { stage.estimate($0).memory } }.max() ?? 0,
                slowest: slowest[stage.name])
        }
    }

    /// Whether the newest generation is this plan's.
    package func isPublished() throws(RunError) -> Bool {
        let plan = try currentPlan()
        guard let catalog = plan.catalog, let current = try directory.currentGeneration() else { return false }
        let own = Generation(number: current.number, catalog: catalog, plan: plan, configuration: configuration)
        return current.isSame(as: own)
    }

    /// Publishes what the stages made, one by one, as a generation; nothing is run. The caller holds the run's exclusive
    /// lock.
    ///
    /// - Throws: `missingInput` when a task is not done yet, with the first stage that has one.
    package func publish() throws(RunError) {
        removeUnfinished()
        let plan = try currentPlan()
        let missing = try missing(in: plan)
        let first =
            plan.catalog == nil
            ? Catalog.stage : plan.tasks.indices.first { missing[$0] }.map { plan.tasks[$0].stage.name }
        if let first {
            let count = missing.count { $0 }
            throw RunError(
                .missingInput,
                "there is nothing to publish yet: \(count) \(count == 1 ? "task is" : "tasks are") not done, the first of stage '\(first)'; run that stage and those after it"
            )
        }
        try finish(plan)
        removeUnfinished()
    }

    /// The plan of a corpus with so many shards, for counting tasks.
    private func standIn(shards count: Int) -> BuildPlan {
        let catalogs = growth.batches.map { batch in
            let files = max(1, batch.files.count)
            let shards = (0..<max(count, files)).map { number in
                // So many rows that a stage that is cut by them is cut into many tasks.
                Catalog.Shard(
                    file: number % files, part: number / files, rows: 100_000, firstRow: number * 100_000, textBytes: 1)
            }
            return Catalog(shards: shards.sorted { ($0.file, $0.part) < ($1.file, $1.part) })
        }
        return BuildPlan(stages: stages, growth: growth, catalogs: catalogs)
    }
}
