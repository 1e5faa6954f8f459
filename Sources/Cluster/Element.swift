internal import Dispatch
internal import Foundation
package import Pipeline
internal import Storage

/// One element of a submitted job array while it works: checks that it sees the run it was made for, keeps a record of
/// its state, and ends at once when the cluster asks for the node.
package struct Element: Sendable {
    package let stage: String
    package let rank: Int
    package let worldSize: Int
    private let files: ClusterFiles
    private let directory: RunDirectory
    private let token: String
    /// Seconds that Slurm gives the element; `nil` where there is no limit.
    private let walltime: Int?
    /// Seconds for which inputs that are not there may still come into sight.
    private let patience: Double

    /// - Parameters:
    ///   - token: what the job script says that `RUN/slurm/token` holds.
    ///   - patience: seconds for which inputs are waited for; network filesystems show a new folder to other hosts after
    ///     up to a minute.
    package init(
        stage: String, rank: Int, worldSize: Int, directory: RunDirectory, token: String, walltime: Int? = nil,
        patience: Double = 75
    ) {
        self.stage = stage
        self.rank = rank
        self.worldSize = worldSize
        self.directory = directory
        self.token = token
        self.walltime = walltime
        self.patience = patience
        files = ClusterFiles(directory)
    }

    /// The element's journal below the run directory.
    package var journal: String { "log/\(stage)-\(rank).jsonl" }

    /// Runs the element's share between the checks and the records around it.
    ///
    /// - Parameter body: its share; called again while it throws `missingInput` or `locked` and patience lasts.
    /// - Throws: `incompatible` for another run directory or another platform than the submission's; what `body` throws.
    package func run(_ body: () throws(RunError) -> Void) throws(RunError) {
        try checkToken()
        let start = ElementRecord(stage: stage, rank: rank, worldSize: worldSize)
        start.write(in: files.running)
        let watch = watchForTermination()
        defer {
            watch.cancel()
            signal(SIGTERM, SIG_DFL)
        }
        do {
            try checkPlatform()
            try retrying(body)
        } catch {
            fail(error)
            throw error
        }
        RunDirectory.remove("\(files.failures)/\(ElementRecord.fileName(stage: stage, rank: rank))")
        RunDirectory.remove("\(files.running)/\(ElementRecord.fileName(stage: stage, rank: rank))")
    }

    private func checkToken() throws(RunError) {
        let found = FileManager.default.contents(atPath: files.token).map { String(decoding: $0, as: UTF8.self) }
        guard found?.trimmingCharacters(in: .whitespacesAndNewlines) != token else { return }
        let host = ProcessInfo.processInfo.hostName
        throw RunError(
            .incompatible,
            found == nil
                ? "\(host) does not see the run directory \(directory.path) as it was submitted: put it on a filesystem that all nodes share, or submit again if it was moved"
                : "\(directory.path) was submitted again since this job was; it is left to the newer jobs")
    }

    private func checkPlatform() throws(RunError) {
        guard let submission = try Submission.read(files), submission.platform != .current else { return }
        throw RunError(
            .incompatible,
            "\(ProcessInfo.processInfo.hostName) runs at \(Platform.current), and the build was submitted for \(submission.platform). Results differ in their last bits: choose nodes with slurm.constraint, lower slurm.kernel_level, or install the same OpenBLAS on all nodes and on \(submission.host)"
        )
    }

    /// A folder that another host has just renamed into place may not be in sight yet, and `submit` may still hold the
    /// run.
    private func retrying(_ body: () throws(RunError) -> Void) throws(RunError) {
        let deadline = Date.now.addingTimeInterval(patience)
        var pause = 0.25
        while true {
            do {
                return try body()
            } catch {
                guard [.missingInput, .locked].contains(error.kind), Date.now < deadline else { throw error }
                // Listing a folder makes a client of a network filesystem look anew.
                for name in RunDirectory.list(directory.path) { _ = RunDirectory.list(directory.file(name)) }
                Thread.sleep(forTimeInterval: min(pause, max(0.1, deadline.timeIntervalSinceNow)))
                pause = min(5, 2 * pause)
            }
        }
    }

    private func fail(_ error: RunError) {
        ElementRecord(
            stage: stage, rank: rank, worldSize: worldSize, exitCode: Int(error.kind.rawValue), reason: error.message
        ).write(in: files.failures)
        RunDirectory.remove("\(files.running)/\(ElementRecord.fileName(stage: stage, rank: rank))")
    }

    /// On SIGTERM the process ends at once: finished tasks are committed, and of the others nothing is in sight.
    private func watchForTermination() -> any DispatchSourceSignal {
        signal(SIGTERM, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGTERM, queue: .global())
        let journal = Journal(path: directory.file(journal))
        let before = journal.entries().count
        let start = Date.now
        source.setEventHandler {
            let seconds = Date.now.timeIntervalSince(start)
            let outcome = termination(seconds: seconds, finished: journal.entries().count - before)
            fail(outcome)
            FileHandle.standardError.write(Data("gradprint: \(outcome)\n".utf8))
            _exit(outcome.kind.rawValue)
        }
        source.resume()
        return source
    }

    /// What being told to end after `seconds` means: going on later, or never getting anywhere.
    package func termination(seconds: Double, finished: Int) -> RunError {
        // Told early, the node is wanted by somebody else; told near the limit, a task takes longer than that.
        if let walltime, finished == 0, seconds > 0.5 * Double(walltime) {
            return RunError(
                .configuration,
                "the walltime is too short for one task of \(stage): in \(duration(seconds)) of the \(duration(Double(walltime))) none was finished; raise slurm.stages.\(stage).time or its cpus, or lower corpus.shard_rows"
            )
        }
        return RunError(
            .interrupted,
            "told to end after \(duration(seconds)) and \(finished) finished \(finished == 1 ? "task" : "tasks"); the element goes on where it was when it runs again"
        )
    }
}
