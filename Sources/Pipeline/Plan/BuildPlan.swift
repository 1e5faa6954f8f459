/// One task of a plan.
package struct PlannedTask: Sendable {
    package let stage: any Stage
    /// `00003`, or `all` for a whole stage.
    package let name: String
    package let fingerprint: String
    /// Indices of the tasks it reads, all smaller than its own.
    package let inputs: [Int]
    /// Where the shard's texts are, for a shard task.
    package let shard: Catalog.Shard?
    /// The corpus file, for a file task.
    package let file: Int?

    package var label: String { "\(stage.name)/\(name)" }
    /// The folder of its outputs below the run directory.
    package var folder: String { "\(stage.name)/\(name).\(fingerprint.prefix(12))" }
}

/// Stages × shards: every task with its fingerprint and what it reads.
///
/// Until the catalog is committed the number of shards is not known, and the plan holds the ingest alone.
package struct BuildPlan: Sendable {
    package private(set) var tasks: [PlannedTask] = []
    /// Indices of the tasks that read each task.
    package private(set) var readers: [[Int]] = []
    package let catalog: Catalog?

    /// - Parameters:
    ///   - stages: in an order in which each reads only stages before it.
    ///   - fileDigests: SHA-256 of each corpus file.
    ///   - catalog: the committed catalog, if there is one.
    package init(stages: [any Stage], fileDigests: [String], catalog: Catalog?) {
        self.catalog = catalog
        var produced: [String: (Granularity, [Int])] = [:]
        for stage in stages {
            let first = tasks.count
            switch stage.granularity {
            case .file:
                for (index, digest) in fileDigests.enumerated() {
                    append(stage, name: padded(index), external: [digest], inputs: [], file: index)
                }
            case .shard:
                guard let catalog else { continue }
                for (index, shard) in catalog.shards.enumerated() {
                    append(
                        stage, name: padded(index), external: [],
                        inputs: stage.inputs.map { Self.indices($0, index: index, shard: shard, produced) },
                        shard: shard)
                }
            case .whole:
                if catalog == nil, stage.name != Catalog.stage { continue }
                append(stage, name: "all", external: [], inputs: stage.inputs.map { produced[$0.stage]?.1 ?? [] })
            }
            produced[stage.name] = (stage.granularity, Array(first..<tasks.count))
        }
        readers = [[Int]](repeating: [], count: tasks.count)
        for (index, task) in tasks.enumerated() {
            for input in task.inputs { readers[input].append(index) }
        }
    }

    /// The indices of one stage's tasks.
    package func tasks(of stage: String) -> [Int] { tasks.indices.filter { tasks[$0].stage.name == stage } }

    private static func indices(
        _ input: StageInput, index: Int, shard: Catalog.Shard, _ produced: [String: (Granularity, [Int])]
    ) -> [Int] {
        guard let (granularity, all) = produced[input.stage] else {
            preconditionFailure("a stage reads '\(input.stage)', which does not come before it")
        }
        switch (input.scope, granularity) {
        case (.all, _), (.same, .whole): return all
        case (.same, .shard): return [all[index]]
        case (.same, .file): return [all[shard.file]]
        }
    }

    private mutating func append(
        _ stage: any Stage, name: String, external: [String], inputs: [[Int]], shard: Catalog.Shard? = nil,
        file: Int? = nil
    ) {
        // A file task holds many shards, so the part belongs to a shard task's identity.
        let part = shard.map { ["part \($0.part)"] } ?? []
        let flat = inputs.flatMap { $0 }
        let fingerprint = Fingerprint.of(
            stage: stage.name, version: stage.version, parameters: canonicalParameters(stage),
            inputs: external + part + flat.map { tasks[$0].fingerprint })
        tasks.append(
            PlannedTask(
                stage: stage, name: name, fingerprint: fingerprint, inputs: flat, shard: shard, file: file))
    }
}

/// The stage's parameters as canonical JSON.
func canonicalParameters(_ stage: some Stage) -> String { Fingerprint.canonical(stage.parameters) }
