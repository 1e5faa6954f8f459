internal import Foundation
package import Pipeline
internal import Storage

/// What `submit` did, as `RUN/slurm/submission.json` keeps it.
package struct Submission: Codable, Hashable, Sendable {
    package struct Job: Codable, Hashable, Sendable {
        package let stage: String
        /// Slurm's number of the job array.
        package let id: String
        package let ranks: [Int]
        package let worldSize: Int

        package init(stage: String, id: String, ranks: [Int], worldSize: Int) {
            self.stage = stage
            self.id = id
            self.ranks = ranks
            self.worldSize = worldSize
        }
    }

    package let token: String
    package let host: String
    package let time: String
    /// What every element has to run at, so that parts fit together to the last bit.
    package let platform: Platform
    package var jobs: [Job] = []

    package init(token: String, platform: Platform) {
        self.token = token
        self.platform = platform
        host = ProcessInfo.processInfo.hostName
        time = Date.now.ISO8601Format()
    }

    /// The newest submission of a run; `nil` where there is none.
    ///
    /// - Throws: `corrupt` for a file that cannot be read.
    package static func read(_ files: ClusterFiles) throws(RunError) -> Submission? {
        guard FileManager.default.fileExists(atPath: files.submission) else { return nil }
        return try reporting(damaged: .corrupt) { () throws(StorageError) in
            try JSONFile.read(Submission.self, path: files.submission)
        }
    }

    package func write(_ files: ClusterFiles) throws(RunError) {
        try reporting(damaged: .corrupt) { () throws(StorageError) in
            try JSONFile.write(self, path: files.submission)
        }
    }
}

/// Where a run keeps what concerns the cluster. None of it is part of the result.
///
///     RUN/slurm/submission.json, token      the newest submission and the word its elements know it by
///     RUN/slurm/element.sh                  what each element runs
///     RUN/slurm/logs/STAGE-RANK.log         what it said
///     RUN/slurm/running/STAGE-RANK.json     an element that has begun and not ended
///     RUN/failures/STAGE-RANK.json          one that failed, and why
package struct ClusterFiles: Sendable {
    package let folder: String
    package let failures: String

    package init(_ directory: RunDirectory) {
        folder = directory.file("slurm")
        failures = directory.file("failures")
    }

    package var submission: String { "\(folder)/submission.json" }
    package var token: String { "\(folder)/token" }
    package var script: String { "\(folder)/\(JobScript.fileName)" }
    package var logs: String { "\(folder)/logs" }
    package var running: String { "\(folder)/running" }
}

/// One element of a job array, as the run's files tell of it.
package struct ElementRecord: Codable, Hashable, Sendable {
    package let stage: String
    package let rank: Int
    package let worldSize: Int
    package let host: String
    /// Slurm's number of the element's job.
    package let job: String
    package let time: String
    /// For one that failed.
    package let exitCode: Int?
    package let reason: String?

    package init(stage: String, rank: Int, worldSize: Int, exitCode: Int? = nil, reason: String? = nil) {
        self.stage = stage
        self.rank = rank
        self.worldSize = worldSize
        self.exitCode = exitCode
        self.reason = reason
        host = ProcessInfo.processInfo.hostName
        job = ProcessInfo.processInfo.environment["SLURM_JOB_ID"] ?? ""
        time = Date.now.ISO8601Format()
    }

    package static func fileName(stage: String, rank: Int) -> String { "\(stage)-\(rank).json" }

    /// Writes the record; one that cannot be written is no reason to end, since it only tells.
    func write(in folder: String) {
        try? JSONFile.write(self, path: "\(folder)/\(Self.fileName(stage: stage, rank: rank))")
    }

    /// The records of a folder, by stage and rank; what is being replaced just now is left out.
    static func all(in folder: String) -> [ElementRecord] {
        RunDirectory.list(folder).filter { $0.hasSuffix(".json") }
            .compactMap { try? JSONFile.read(ElementRecord.self, path: "\(folder)/\($0)") }
            .sorted { ($0.stage, $0.rank) < ($1.stage, $1.rank) }
    }
}
