/// Stages × parts of the corpus: every task with its fingerprint and what it reads.
///
/// Until each batch's catalog is committed the number of shards is not known, and the plan holds ingest and catalogs alone.
package struct BuildPlan: Sendable {
    package private(set) var tasks: [PlannedTask] = []
    /// Indices of the tasks that read each task.
    package private(set) var readers: [[Int]] = []
    package let growth: Growth
    /// Of all batches.
    package let catalog: Catalog?
    /// Of the batches that the models are trained on.
    package let trainedCatalog: Catalog?
    package let segments: [Segment]
    private let batchOfFile: [Int]

    /// - Parameters:
    ///   - stages: in an order in which each reads only stages before it.
    ///   - catalogs: of each batch, as far as they are committed.
    package init(stages: [any Stage], growth: Growth, catalogs: [Catalog?]) {
        self.growth = growth
        let known = catalogs.compactMap(\.self)
        let parts = zip(known, growth.batches).map { (catalog: $0, files: $1.files.count) }
        let isComplete = known.count == growth.batches.count
        catalog = isComplete ? Catalog(parts) : nil
        trainedCatalog = isComplete ? Catalog(Array(parts.prefix(growth.trained))) : nil
        segments = isComplete ? Self.segments(growth, known) : []
        batchOfFile = growth.batches.enumerated().flatMap { position, batch in batch.files.map { _ in position } }
        var produced: [String: Range<Int>] = [:]
        for stage in stages {
            let first = tasks.count
            appendTasks(of: stage, produced)
            produced[stage.name] = first..<tasks.count
        }
        readers = [[Int]](repeating: [], count: tasks.count)
        for (index, task) in tasks.enumerated() {
            for input in task.inputs { readers[input].append(index) }
        }
    }

    /// The indices of one stage's tasks.
    package func tasks(of stage: String) -> [Int] { tasks.indices.filter { tasks[$0].stage.name == stage } }

    /// What a task is estimated from; nothing for one that comes before the catalogs.
    func extent(of task: PlannedTask) -> Extent? {
        guard let catalog, let trainedCatalog else { return nil }
        func sum(_ shards: some Collection<Catalog.Shard>) -> Extent {
            Extent(
                rows: shards.reduce(0) { $0 + $1.rows }, textBytes: shards.reduce(0) { $0 + $1.textBytes })
        }
        switch task.part {
        case .file: return nil
        case .batch: return sum(catalog.shards.filter { task.batches.contains(batchOfFile[$0.file]) })
        case .shard(let shard): return sum([shard])
        case .segment(let segment): return sum(catalog.shards[segment.shards])
        case .slice(let segment, _, let count):
            let whole = sum(catalog.shards[segment.shards])
            return Extent(rows: whole.rows / count, textBytes: whole.textBytes / count)
        case .whole: return sum(trainedCatalog.shards)
        }
    }

    private static func segments(_ growth: Growth, _ catalogs: [Catalog]) -> [Segment] {
        let cut = SegmentTiers.segments(
            rows: catalogs.map(\.rows), trained: growth.trained, merged: growth.merged)
        var (shards, rows) = (0, 0)
        return cut.map { batches in
            let own = catalogs[batches]
            let (shardCount, rowCount) = (
                own.reduce(0) { $0 + $1.shards.count }, own.reduce(0) { $0 + $1.rows }
            )
            defer { (shards, rows) = (shards + shardCount, rows + rowCount) }
            return Segment(
                batches: batches, shards: shards..<shards + shardCount, firstRow: rows, rows: rowCount)
        }
    }

    private mutating func appendTasks(of stage: any Stage, _ produced: [String: Range<Int>]) {
        switch stage.granularity {
        case .file:
            for (file, record) in growth.files.enumerated() {
                let batch = batchOfFile[file]
                append(
                    stage, padded(file), .file(file), batch..<batch + 1, external: [record.identity], produced)
            }
        case .batch:
            for batch in growth.batches.indices { append(stage, padded(batch), .batch, batch..<batch + 1, produced) }
        case .shard:
            for (index, shard) in (catalog?.shards ?? []).enumerated() {
                let batch = batchOfFile[shard.file]
                // A file task holds many shards, so the part belongs to a shard task's identity.
                append(
                    stage, padded(index), .shard(shard), batch..<batch + 1, external: ["part \(shard.part)"], produced,
                    position: index)
            }
        case .segment:
            for segment in segments {
                append(stage, padded(segment.batches.lowerBound), .segment(segment), segment.batches, produced)
            }
        case .slice:
            for segment in segments {
                let count = stage.slices(rows: segment.rows, trainedRows: trainedCatalog?.rows ?? 0)
                for index in 0..<count {
                    append(
                        stage, "\(padded(segment.batches.lowerBound))-\(padded(index))",
                        .slice(segment, index: index, count: count), segment.batches,
                        external: count == 1 ? [] : ["slice \(index) of \(count)"], produced)
                }
            }
        case .whole:
            let erased = growth.erased.map { ["erased \($0)"] } ?? []
            if catalog != nil { append(stage, "all", .whole, 0..<growth.trained, external: erased, produced) }
        }
    }

    private mutating func append(
        _ stage: any Stage, _ name: String, _ part: PlannedTask.Part, _ batches: Range<Int>, external: [String] = [],
        _ produced: [String: Range<Int>], position: Int? = nil
    ) {
        let inputs = stage.inputs.flatMap { input in
            guard let all = produced[input.stage] else {
                preconditionFailure("a stage reads '\(input.stage)', which does not come before it")
            }
            return indices(input.scope, all, part, batches, position: position)
        }
        let fingerprint = Fingerprint.of(
            stage: stage.name, version: stage.version, parameters: canonicalParameters(stage),
            inputs: external + inputs.map { tasks[$0].fingerprint })
        tasks.append(
            PlannedTask(
                stage: stage, name: name, fingerprint: fingerprint, inputs: inputs, batches: batches, part: part))
    }

    /// The tasks of one stage that a task reads.
    private func indices(
        _ scope: StageInput.Scope, _ all: Range<Int>, _ part: PlannedTask.Part, _ batches: Range<Int>, position: Int?
    ) -> [Int] {
        guard let first = all.first.map({ tasks[$0].part }) else { return [] }
        if case .whole = first { return Array(all) }
        if scope == .same, case .shard(let shard) = part {
            switch first {
            case .shard: return position.map { [all.lowerBound + $0] } ?? []
            case .file: return [all.lowerBound + shard.file]
            default: break
            }
        }
        let wanted = scope == .upTo ? 0..<batches.upperBound : batches
        return all.filter {
            wanted.contains(tasks[$0].batches.lowerBound) && wanted.upperBound >= tasks[$0].batches.upperBound
        }
    }
}

/// The stage's parameters as canonical JSON.
func canonicalParameters(_ stage: some Stage) -> String { Fingerprint.canonical(stage.parameters) }
