internal import Foundation
package import Pipeline

/// Slurm's commands, as they are on this machine.
package struct SlurmClient: Sendable {
    package struct Partition: Hashable, Sendable {
        package let name: String
        package let isDefault: Bool
        /// `nil`: without limit.
        package let limit: WallTime?
    }

    /// One element of a job array as the queue has it.
    package struct Element: Hashable, Sendable {
        package let job: String
        package let rank: Int?
        /// `PENDING`, `RUNNING`, `COMPLETED`, `FAILED`, ….
        package let state: String
        package let reason: String
        package let comment: String

        /// Whether it has still to end.
        package var isActive: Bool {
            ["PENDING", "RUNNING", "SUSPENDED", "CONFIGURING", "COMPLETING", "REQUEUED", "REQUEUE_HOLD", "STOPPED"]
                .contains(state)
        }
    }

    private let folders: [String]

    /// - Parameter path: folders of programs, separated by colons; by default those of the environment.
    package init(path: String = ProcessInfo.processInfo.environment["PATH"] ?? "") {
        folders = path.split(separator: ":").map(String.init)
    }

    /// Where a command is; `nil` where Slurm is not installed.
    package func location(of command: String) -> String? {
        folders.map { "\($0)/\(command)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Hands a job to Slurm.
    ///
    /// - Returns: the job's number.
    /// - Throws: `missingInput` without Slurm; `configuration` with Slurm's own words when it refuses.
    package func submit(_ arguments: [String], stage: String) throws(RunError) -> String {
        let result = try run("sbatch", arguments)
        guard result.status == 0 else {
            throw RunError(
                .configuration,
                "Slurm refuses the job of stage '\(stage)': \(Self.sentence(result.errors)). \(Self.advice(result.errors, stage))"
            )
        }
        // JOB or JOB;CLUSTER
        return String(result.output.prefix { $0.isNumber })
    }

    /// Takes jobs out of the queue.
    package func cancel(_ jobs: [String]) throws(RunError) {
        if !jobs.isEmpty { _ = try run("scancel", jobs) }
    }

    /// - Throws: `missingInput` without Slurm; `inputOutput` when it does not answer.
    package func partitions() throws(RunError) -> [Partition] {
        let result = try run("sinfo", ["--noheader", "--format=%P|%l"])
        guard result.status == 0 else {
            throw RunError(
                .inputOutput,
                "Slurm does not answer: \(Self.sentence(result.errors)); `sinfo` has to work here before anything can be submitted"
            )
        }
        var partitions: [Partition] = []
        for line in result.output.split(separator: "\n") {
            let fields = line.split(separator: "|")
            guard fields.count == 2 else { continue }
            let name = fields[0].trimmingCharacters(in: CharacterSet(charactersIn: "* "))
            guard !partitions.contains(where: { $0.name == name }) else { continue }
            partitions.append(
                Partition(name: name, isDefault: fields[0].contains("*"), limit: WallTime(String(fields[1]))))
        }
        return partitions
    }

    /// What the queue knows of jobs; ended ones are forgotten after a while (Slurm's `MinJobAge`).
    ///
    /// - Returns: `nil` without Slurm, or when it does not answer.
    package func elements(of jobs: [String]) -> [Element]? {
        let arguments = [
            "--states=all", "--array", "--noheader", "--jobs=\(jobs.joined(separator: ","))", "--format=%F|%K|%T|%r|%k",
        ]
        guard !jobs.isEmpty, let result = try? run("squeue", arguments) else { return nil }
        // A lone job that is forgotten is an "invalid id".
        if result.status != 0 { return result.errors.contains("Invalid job id") ? [] : nil }
        return result.output.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: "|", omittingEmptySubsequences: false)
            guard fields.count >= 5 else { return nil }
            let comment = fields[4...].joined(separator: "|")
            return Element(
                job: String(fields[0]), rank: Int(fields[1]), state: String(fields[2]), reason: String(fields[3]),
                comment: comment == "(null)" ? "" : comment)
        }
    }

    private func run(
        _ command: String, _ arguments: [String]
    ) throws(RunError) -> (status: Int32, output: String, errors: String) {
        guard let path = location(of: command) else {
            throw RunError(
                .missingInput,
                "there is no Slurm on this machine (\(command) is not on PATH): submit from a login node, or install Slurm's client commands; --dry-run prints the jobs without it, and `gradprint build` builds on this machine"
            )
        }
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            throw RunError(.permission, "\(path) cannot be run: \(error.localizedDescription)")
        }
        // Slurm's commands say little on standard error, so the one pipe can wait for the other.
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text, complaint)
    }

    /// The last thing that a command of Slurm complains about.
    private static func sentence(_ errors: String) -> String {
        let lines = errors.split(separator: "\n").map { line in
            line.replacing(/^[a-z]+: (?:error: )?/, with: "").trimmingCharacters(in: .whitespaces)
        }
        return lines.last { !$0.isEmpty } ?? "no reason given"
    }

    private static func advice(_ errors: String, _ stage: String) -> String {
        let text = errors.lowercased()
        if text.contains("partition") { return "Give a partition of this cluster with --partition or slurm.partition." }
        if text.contains("account") { return "Give an account of yours with slurm.account." }
        if text.contains("array") {
            return "Lower --array-size below the cluster's MaxArraySize (`scontrol show config` says it)."
        }
        if text.contains("node configuration") || text.contains("memory") || text.contains("cpu") {
            return "No node has what is asked for: lower slurm.stages.\(stage).cpus, memory or constraint."
        }
        if text.contains("time") { return "Lower slurm.stages.\(stage).time." }
        return "See slurm.stages.\(stage) in the configuration."
    }
}
