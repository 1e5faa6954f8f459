internal import Foundation
internal import Storage

extension Runner {
    /// Does one task and commits it: outputs and manifest become visible together, by one rename.
    ///
    /// Two processes that are given the same task by mistake write the same bytes; the second finds the folder there
    /// and drops its own.
    func perform(_ task: PlannedTask, plan: BuildPlan, workers: Int) throws(RunError) {
        let start = ContinuousClock.now
        let scratch = "\(directory.temporary)/\(task.stage.name).\(task.name).\(DurableFile.writer)"
        let final = directory.file(task.folder)
        RunDirectory.remove(scratch)
        try RunDirectory.createFolder(scratch)
        try RunDirectory.createFolder(directory.file(task.stage.name))
        let recorder = TaskRecorder { [progress] rows in progress.advance(stage: task.stage.name, rows: rows) }
        let context = TaskContext(
            task: task, plan: plan, workers: workers, folder: scratch,
            artifacts: try artifacts(for: task, plan: plan), recorder: recorder)
        progress.start(stage: task.stage.name)
        let manifest: Manifest
        do {
            try task.stage.run(context)
            manifest = try describe(task, plan: plan, folder: scratch, recorder: recorder)
            try JSONFile.seal(manifest, path: "\(scratch)/\(Manifest.fileName)")
            // What stands there without its outputs, or without a manifest, was dropped or half removed.
            // One that is whole is another process', which was given the same task.
            let isReplaced =
                try FileManager.default.fileExists(atPath: final)
                && directory.manifest(of: task).map { !directory.outputsPresent(of: task, manifest: $0) } ?? true
            // Others read the manifests of all tasks, so none may be missing even for a moment, where the filesystem can
            // exchange folders.
            if isReplaced, try DurableFile.exchangeDirectoryIfPossible(scratch, with: final) {
                RunDirectory.remove(scratch)
            } else if !isReplaced, purgeNotes[task.folder] != nil, RunDirectory.size(of: final) != nil {
                try DurableFile.exchangeDirectory(scratch, with: final)
                RunDirectory.remove(scratch)
            } else {
                if isReplaced { directory.discard(task.folder) }
                _ = try DurableFile.commitDirectory(scratch, to: final)
            }
        } catch {
            RunDirectory.remove(scratch)
            throw Self.explain(error, task)
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        journal.append(
            task: task.label, seconds: seconds, rows: recorder.rows, bytes: manifest.outputs.reduce(0) { $0 + $1.bytes }
        )
        progress.finishTask(stage: task.stage.name)
    }

    private func artifacts(for task: PlannedTask, plan: BuildPlan) throws(RunError) -> [String: [Artifact]] {
        var artifacts: [String: [Artifact]] = [:]
        for input in task.stage.inputs { artifacts[input.stage] = [] }
        for index in task.inputs {
            let input = plan.tasks[index]
            guard let manifest = try directory.manifest(of: input) else {
                throw RunError(.corrupt, "\(task.label) reads \(input.label), whose manifest is gone")
            }
            artifacts[input.stage.name, default: []].append(
                Artifact(folder: directory.file(input.folder), manifest: manifest, shard: input.shard))
        }
        return artifacts
    }

    private func describe(
        _ task: PlannedTask, plan: BuildPlan, folder: String, recorder: TaskRecorder
    ) throws -> Manifest {
        var outputs: [Manifest.Output] = []
        for name in RunDirectory.list(folder) {
            let path = "\(folder)/\(name)"
            outputs.append(
                Manifest.Output(
                    name: name, bytes: RunDirectory.size(of: path) ?? 0, sha256: try Digest.sha256(file: path)))
        }
        // What is made of purged inputs is purged too.
        let notes = try task.inputs.compactMap { try directory.manifest(of: plan.tasks[$0])?.purged }
        let note = notes.isEmpty ? nil : "inputs \(Digest.sha256(notes.joined(separator: "\n")))"
        let inputs = task.inputs.map { (plan.tasks[$0].label, plan.tasks[$0].fingerprint) }
        return Manifest(
            stage: task.stage.name, version: task.stage.version, task: task.name, fingerprint: task.fingerprint,
            parameters: canonicalParameters(task.stage),
            inputs: Dictionary(uniqueKeysWithValues: inputs), rows: recorder.rows, figures: recorder.figures,
            outputs: outputs, purged: purgeNotes[task.folder] ?? recorder.erased ?? note)
    }

    static func explain(_ error: any Error, _ task: PlannedTask) -> RunError {
        switch error {
        case let error as RunError: RunError(error.kind, "\(task.label): \(error.message)")
        case let error as StorageError:
            RunError(RunError(error, damaged: .corrupt).kind, "\(task.label): \(error)")
        default: RunError(.defect, "\(task.label): \(error)")
        }
    }
}
