internal import Foundation
package import Pipeline
internal import Storage

/// Checks jobs against the cluster and what was measured, and hands them to it.
package struct Submitter: Sendable {
    private let client: SlurmClient
    private let directory: RunDirectory
    private let files: ClusterFiles
    private let settings: SlurmSettings

    package init(client: SlurmClient, directory: RunDirectory, settings: SlurmSettings) {
        self.client = client
        self.directory = directory
        self.settings = settings
        files = ClusterFiles(directory)
    }

    /// Refuses what the cluster cannot run, before anything is written.
    ///
    /// - Throws: `missingInput` without Slurm, `configuration` for a partition that is not there or is too short,
    ///   `locked` while jobs of an earlier submission are in the queue.
    package func check(stages: [String]) throws(RunError) {
        let partitions = try client.partitions()
        for stage in stages + [ArrayJob.publish] {
            let resources = settings.resources(of: stage)
            let names = resources.partition.map { $0.split(separator: ",").map(String.init) }
            if names == nil, !partitions.contains(where: \.isDefault) {
                throw RunError(
                    .configuration,
                    "this cluster has no default partition; give one with --partition or slurm.partition: \(Self.list(partitions))"
                )
            }
            for name in names ?? partitions.filter(\.isDefault).map(\.name) {
                guard let partition = partitions.first(where: { $0.name == name }) else {
                    throw RunError(
                        .configuration,
                        "this cluster has no partition '\(name)' (stage '\(stage)'); its partitions are \(Self.list(partitions))"
                    )
                }
                if let limit = partition.limit, resources.time.seconds > limit.seconds {
                    throw RunError(
                        .configuration,
                        "stage '\(stage)' asks for \(resources.time) and partition '\(name)' gives at most \(limit): lower slurm.time or slurm.stages.\(stage).time, or choose another partition"
                    )
                }
            }
        }
        try checkQueue()
    }

    private static func list(_ partitions: [SlurmClient.Partition]) -> String {
        partitions.map { partition in "\(partition.name) (\(partition.limit.map { "up to \($0)" } ?? "no limit"))" }
            .joined(separator: ", ")
    }

    /// Two submissions at once could not harm the run, but would do its work twice.
    private func checkQueue() throws(RunError) {
        guard let submission = try Submission.read(files) else { return }
        let active = Set((client.elements(of: submission.jobs.map(\.id)) ?? []).filter(\.isActive).map(\.job))
        let jobs = submission.jobs.map(\.id).filter { active.contains($0) }
        guard !jobs.isEmpty else { return }
        throw RunError(
            .locked,
            "jobs of an earlier submission are still in the queue; wait for them, or `scancel \(jobs.joined(separator: " "))` and submit again"
        )
    }

    /// What can be said about time and memory before anything runs, from what the run has measured.
    ///
    /// - Returns: sentences for the user.
    /// - Throws: `configuration` when one task of a stage took longer than its time limit.
    package static func judge(_ jobs: [ArrayJob], loads: [StageLoad], notice: Int) throws(RunError) -> [String] {
        var sentences: [String] = []
        var unmeasured: [String] = []
        for load in loads {
            guard let job = jobs.first(where: { $0.stage == load.stage }) else { continue }
            let resources = job.resources
            let share = (load.tasks + job.worldSize - 1) / job.worldSize
            let limit = Double(resources.time.seconds - notice)
            if let slowest = load.slowest {
                if slowest > limit {
                    throw RunError(
                        .configuration,
                        "one task of '\(load.stage)' took \(duration(slowest)) in this run, and slurm.stages.\(load.stage).time is \(resources.time) with \(notice) s of notice: give at least \(WallTime(seconds: (Int(slowest * 1.5) / 60 + 2) * 60 + notice)), or lower corpus.shard_rows"
                    )
                }
                let rounds = (Double(share) / Double(min(share, resources.cpus))).rounded(.up)
                if slowest * rounds > limit {
                    sentences.append(
                        "an element of '\(load.stage)' has up to \(share) tasks of up to \(duration(slowest)) and \(resources.time): it will go back to the queue on its way"
                    )
                }
            } else {
                unmeasured.append(load.stage)
            }
            let memory = load.memory * min(share, resources.cpus)
            if memory > resources.memory.bytes {
                sentences.append(
                    "an element of '\(load.stage)' needs about \(byteSize(memory)) at its peak, and slurm.stages.\(load.stage).memory is \(resources.memory): raise it, or lower cpus"
                )
            }
        }
        if !unmeasured.isEmpty {
            sentences.append(
                "no task of \(unmeasured.joined(separator: ", ")) was measured in this run yet, so whether the time limits suffice for one task is not known; an element that finishes none in its time fails and says so"
            )
        }
        return sentences
    }

    /// Writes the job script and hands the jobs over, each after those it reads from. When one is refused, those before
    /// it are taken back.
    ///
    /// - Returns: the submission, as the run keeps it.
    package func submit(_ jobs: [ArrayJob], script: JobScript, platform: Platform) throws(RunError) -> Submission {
        for folder in [files.folder, files.logs, files.running, files.failures] {
            try RunDirectory.createFolder(folder)
        }
        // Records of the submission before tell of elements that may have been cut otherwise.
        for folder in [files.running, files.failures] {
            for name in RunDirectory.list(folder) { RunDirectory.remove("\(folder)/\(name)") }
        }
        var submission = Submission(token: script.token, platform: platform)
        try reporting(damaged: .corrupt) { () throws(StorageError) in
            try DurableFile.write(script.text, to: files.script)
            try DurableFile.write(script.token + "\n", to: files.token)
        }
        var ids: [String: String] = [:]
        do {
            for job in jobs {
                let id = try client.submit(
                    script.submission(of: job, dependencies: job.dependencies.compactMap { ids[$0] }), stage: job.stage)
                ids[job.stage] = id
                submission.jobs.append(
                    Submission.Job(stage: job.stage, id: id, ranks: job.ranks, worldSize: job.worldSize))
                try submission.write(files)
            }
        } catch {
            try client.cancel(submission.jobs.map(\.id))
            RunDirectory.remove(files.submission)
            throw error
        }
        return submission
    }
}
