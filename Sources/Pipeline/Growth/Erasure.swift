internal import Foundation
internal import Storage

/// How a task's outputs lose what they hold of some rows.
package enum Erasure: Sendable {
    /// They hold no row's content: models, lists.
    case none
    /// The rows of each of their shard files are those of the task: numbers become zero, byte strings empty.
    case rows
    /// They are made again, from inputs that have lost it.
    case remake
    /// As ``Stage/erase(_:from:trained:into:)`` of the stage does it.
    case own
}

extension Stage {
    /// Writes the outputs of a task once more, without the content of some rows.
    ///
    /// - Parameters:
    ///   - rows: numbers among the task's own rows, rising.
    ///   - trained: the corpus that the models are trained on.
    ///   - folder: takes every output.
    package func erase(
        _ rows: [Int], from artifact: Artifact, trained: Catalog, into folder: String
    ) throws {
        for output in artifact.manifest.outputs {
            let reader = try ShardReader(path: artifact.path(output.name), expectedKind: nil)
            try ShardEraser.copy(reader, to: "\(folder)/\(output.name)", erasing: rows)
        }
    }
}

extension Runner {
    /// Erases rows from every output of the plan that holds anything of them; rows keep their numbers.
    ///
    /// The caller holds the run alone. A task's folder is exchanged in one step; killed at any moment, the same call goes
    /// on. The plan is one of a generation: all its tasks are committed.
    ///
    /// - Parameter deleted: rows of the corpus, rising.
    package func purge(_ plan: BuildPlan, rows deleted: [Int]) throws(RunError) {
        guard let trained = plan.trainedCatalog else { preconditionFailure("a generation has its catalogs") }
        let present = try committed(plan)
        var notes: [Int: String] = [:]
        for (index, task) in plan.tasks.enumerated() where present[index] {
            let rows = plan.rows(of: task, among: deleted)
            guard !rows.isEmpty, let manifest = try directory.manifest(of: task) else { continue }
            let note = Manifest.purgeNote(rows)
            guard manifest.purged != note else { continue }
            let artifact = Artifact(folder: directory.file(task.folder), manifest: manifest, shard: task.shard)
            do {
                switch try type(of: task.stage).erasure(of: artifact) {
                case .none: continue
                case .remake: notes[index] = note
                case .rows, .own: try rewrite(task, artifact, rows: rows, note: note, trained: trained)
                }
            } catch {
                throw Self.explain(error, task)
            }
        }
        try remake(plan, notes, present: present)
    }

    private func rewrite(
        _ task: PlannedTask, _ artifact: Artifact, rows: [Int], note: String, trained: Catalog
    ) throws {
        let scratch =
            "\(directory.temporary)/purge.\(task.stage.name).\(task.name).\(ProcessInfo.processInfo.processIdentifier)"
        RunDirectory.remove(scratch)
        try RunDirectory.createFolder(scratch)
        do {
            try task.stage.erase(rows, from: artifact, trained: trained, into: scratch)
            var outputs: [Manifest.Output] = []
            for name in RunDirectory.list(scratch) {
                let path = "\(scratch)/\(name)"
                outputs.append(
                    Manifest.Output(
                        name: name, bytes: RunDirectory.size(of: path) ?? 0, sha256: try Digest.sha256(file: path)))
            }
            let purged = Manifest(purging: artifact.manifest, outputs: outputs, note: note)
            try JSONFile.seal(purged, path: "\(scratch)/\(Manifest.fileName)")
            try DurableFile.exchangeDirectory(scratch, with: artifact.folder)
        } catch {
            RunDirectory.remove(scratch)
            throw error
        }
        RunDirectory.remove(scratch)
    }

    /// Makes tasks again whose inputs have lost rows; what was dropped of the inputs is made for it, and dropped again.
    private func remake(_ plan: BuildPlan, _ notes: [Int: String], present: [Bool]) throws(RunError) {
        guard !notes.isEmpty else { return }
        var mustRun = [Bool](repeating: false, count: plan.tasks.count)
        for index in plan.tasks.indices.reversed() {
            let isNeeded = !present[index] && plan.readers[index].contains { mustRun[$0] }
            mustRun[index] = notes[index] != nil || isNeeded
        }
        var runner = self
        for (index, note) in notes { runner.purgeNotes[plan.tasks[index].folder] = note }
        try runner.execute(plan, mustRun: mustRun, drops: true)
    }
}

extension BuildPlan {
    /// The numbers that some rows of the corpus have among a task's own rows.
    func rows(of task: PlannedTask, among rows: [Int]) -> [Int] {
        guard let catalog, let trainedCatalog else { return [] }
        func within(_ firstRow: Int, _ count: Int) -> [Int] {
            rows.lazy.filter { $0 >= firstRow && $0 < firstRow + count }.map { $0 - firstRow }
        }
        switch task.part {
        case .file(let file):
            let shards = catalog.shards.filter { $0.file == file }
            return within(shards.first?.firstRow ?? 0, shards.reduce(0) { $0 + $1.rows })
        case .batch: return []
        case .shard(let shard): return within(shard.firstRow, shard.rows)
        case .segment(let segment), .slice(let segment, _, _): return within(segment.firstRow, segment.rows)
        case .whole: return within(0, trainedCatalog.rows)
        }
    }
}
