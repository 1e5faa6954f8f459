internal import Foundation
package import Pipeline

/// What became of a submission: the jobs as the queue has them, and what elements left in the run directory.
package struct ClusterStatus: Encodable, Sendable {
    package struct Job: Encodable, Hashable, Sendable {
        package let stage: String
        package let id: String
        package let elements: Int
        /// How many elements are in which state; empty where the queue cannot be asked or has forgotten the job.
        package let states: [String: Int]
    }

    package let submitted: String
    package let host: String
    package let kernelLevel: String
    /// Whether the queue could be asked.
    package let hasQueue: Bool
    package let jobs: [Job]
    package let running: [ElementRecord]
    package let failures: [ElementRecord]
    /// Comments that jobs left in the queue because they could not see the run directory.
    package let comments: [String]

    /// - Returns: `nil` for a run that was never submitted.
    /// - Throws: `corrupt` for a submission that cannot be read.
    package init?(directory: RunDirectory, client: SlurmClient = SlurmClient()) throws(RunError) {
        let files = ClusterFiles(directory)
        guard let submission = try Submission.read(files) else { return nil }
        submitted = submission.time
        host = submission.host
        kernelLevel = submission.platform.kernels
        let queue = client.elements(of: submission.jobs.map(\.id))
        hasQueue = queue != nil
        jobs = submission.jobs.map { job in
            let states = (queue ?? []).filter { $0.job == job.id }.map { $0.state.lowercased() }
            return Job(
                stage: job.stage, id: job.id, elements: job.ranks.count,
                states: Dictionary(states.map { ($0, 1) }, uniquingKeysWith: +))
        }
        comments = Set((queue ?? []).map(\.comment).filter { !$0.isEmpty }).sorted()
        var failures = ElementRecord.all(in: files.failures)
        var running: [ElementRecord] = []
        let stages = Dictionary(submission.jobs.map { ($0.stage, $0.id) }, uniquingKeysWith: { $1 })
        for record in ElementRecord.all(in: files.running) {
            let inQueue = queue?.first { $0.job == stages[record.stage] && $0.rank == record.rank }
            if queue == nil || inQueue?.isActive == true {
                running.append(record)
            } else {
                let state = inQueue.map { $0.state.lowercased() } ?? "gone"
                failures.append(
                    ElementRecord(
                        record,
                        reason:
                            "it began and did not come back (\(state)): the whole job was killed, for memory, time or with its node"
                    ))
            }
        }
        self.running = running
        self.failures = failures
    }

    /// For people, a line each.
    package func text() -> String {
        var text = "\nsubmitted  \(submitted) from \(host), kernel level \(kernelLevel)\n"
        if !hasQueue { text += "queue      cannot be asked from this machine (squeue)\n" }
        let width = (jobs.map(\.stage.count).max() ?? 0) + 2
        for job in jobs {
            let states = job.states.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
            text += "job \(job.id)".padding(toLength: 14, withPad: " ", startingAt: 0)
            text += job.stage.padding(toLength: width, withPad: " ", startingAt: 0)
            text += "\(job.elements) \(job.elements == 1 ? "element" : "elements")"
            if hasQueue {
                text += ": " + (states.isEmpty ? "no longer in the queue" : states.joined(separator: ", "))
            }
            text += "\n"
        }
        for record in running {
            text +=
                "running    \(record.stage) \(record.rank) of \(record.worldSize) on \(record.host) since \(record.time)\n"
        }
        for record in failures {
            let code = record.exitCode.map { ", exit code \($0)" } ?? ""
            text +=
                "failed     \(record.stage) \(record.rank) of \(record.worldSize) on \(record.host), job \(record.job)\(code), \(record.time): \(record.reason ?? "no reason known")\n"
        }
        for comment in comments { text += "comment    \(comment)\n" }
        return text
    }
}

extension ElementRecord {
    /// A record of an element that was running, with what became of it.
    fileprivate init(_ record: ElementRecord, reason: String) {
        stage = record.stage
        rank = record.rank
        worldSize = record.worldSize
        host = record.host
        job = record.job
        time = record.time
        exitCode = nil
        self.reason = reason
    }
}
