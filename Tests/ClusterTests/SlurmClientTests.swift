import Cluster
import Foundation
import Pipeline
import Testing

/// Slurm's commands as shell scripts, which say what they are told to and note what they were asked.
final class FakeSlurm {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "gradprint-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try command("sinfo", "echo 'cpu*|1:00:00'; echo 'cpu*|1:00:00'; echo 'long|infinite'; echo 'week|7-00:00:00'")
        try command("sbatch", "echo $((100 + $(wc -l <\(path)/calls)))")
        try command("scancel", ":")
        try command("squeue", ":")
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func command(_ name: String, _ body: String) throws {
        let script = "#!/bin/bash\necho \"\(name) $*\" >>\(path)/calls\n\(body)\n"
        try Data(script.utf8).write(to: URL(filePath: "\(path)/\(name)"))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(path)/\(name)")
    }

    var client: SlurmClient { SlurmClient(path: path) }

    var calls: [String] {
        let text = (try? String(contentsOfFile: "\(path)/calls", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }
}

@Suite struct SlurmClientTests {
    private func submitter(
        _ slurm: FakeSlurm, _ run: SubmittedRun, _ yaml: String = "cpus: 1"
    ) throws -> (Submitter, SlurmSettings) {
        let settings = try SettingsTests.settings("slurm: {\(yaml)}")
        return (Submitter(client: slurm.client, directory: run.directory, settings: settings), settings)
    }

    private func jobs(_ settings: SlurmSettings) -> [ArrayJob] {
        let loads = [("ingest", [], 2), ("catalog", ["ingest"], 1), ("embed", ["ingest"], 5)].map {
            StageLoad(stage: $0.0, inputs: $0.1, tasks: $0.2, missing: Array(0..<$0.2), isKnown: true)
        }
        return ArrayJob.jobs(for: loads, isPublished: false, settings: settings)
    }

    private func script(_ run: SubmittedRun, _ settings: SlurmSettings) -> JobScript {
        JobScript(run: run.path, token: "new", executable: "/bin/gradprint", settings: settings)
    }

    @Test func partitionsAndTheirLimitsAreChecked() throws {
        let (slurm, run) = (try FakeSlurm(), try SubmittedRun())
        #expect(try slurm.client.partitions().map(\.name) == ["cpu", "long", "week"])
        #expect(try slurm.client.partitions().map { $0.limit?.seconds } == [3600, nil, 604_800])
        for (yaml, words) in [
            ("partition: gpu", ["'gpu'", "cpu (up to 01:00:00)", "long (no limit)"]),
            ("time: 02:00:00", ["'cpu' gives at most 01:00:00", "02:00:00"]),
            ("time: 8-0, partition: 'long,week'", ["'week'"]),
        ] {
            let error = #expect(throws: RunError.self) { try submitter(slurm, run, yaml).0.check(stages: ["embed"]) }
            for word in words { #expect(error?.message.contains(word) == true, "\(error?.message ?? "")") }
            #expect(error?.kind == .configuration)
        }
        try submitter(slurm, run, "time: 8-0, partition: long").0.check(stages: ["embed"])
        try slurm.command("sinfo", "echo 'long|infinite'")
        let error = #expect(throws: RunError.self) { try submitter(slurm, run).0.check(stages: ["embed"]) }
        #expect(error?.message.contains("no default partition") == true)
    }

    @Test func aMachineWithoutSlurmAndOneThatIsSilentAreSaid() throws {
        let run = try SubmittedRun()
        let settings = try SettingsTests.settings("slurm: {cpus: 1}")
        let none = Submitter(client: SlurmClient(path: "/nowhere"), directory: run.directory, settings: settings)
        let error = #expect(throws: RunError.self) { try none.check(stages: []) }
        #expect(error?.kind == .missingInput && error?.message.contains("--dry-run") == true)
        let slurm = try FakeSlurm()
        try slurm.command("sinfo", "echo 'sinfo: error: Unable to contact slurm controller' >&2; exit 1")
        let silent = #expect(throws: RunError.self) { try submitter(slurm, run).0.check(stages: []) }
        #expect(silent?.kind == .inputOutput && silent?.message.contains("Unable to contact") == true)
    }

    @Test func jobsAreHandedOverInOrderWithTheirDependencies() throws {
        let (slurm, run) = (try FakeSlurm(), try SubmittedRun())
        let (submitter, settings) = try submitter(slurm, run, "array_size: 3, running: 2, options: ['--qos=low']")
        let submission = try submitter.submit(jobs(settings), script: script(run, settings), platform: .current)
        #expect(submission.jobs.map(\.stage) == ["ingest", "catalog", "embed", "publish"])
        #expect(submission.jobs.map(\.id) == ["101", "102", "103", "104"])
        #expect(try Submission.read(run.files) == submission)
        let calls = slurm.calls
        #expect(calls.count == 4 && calls.allSatisfy { $0.contains("--qos=low") && $0.contains("--requeue") })
        #expect(!calls[0].contains("--dependency") && calls[0].hasSuffix("element.sh ingest 2 14400"))
        #expect(calls[1].contains("--dependency=afterok:101 "))
        #expect(calls[2].contains("--dependency=afterok:101:102 ") && calls[2].contains("--array=0-2%2 "))
        #expect(calls[3].contains("--dependency=afterok:101:102:103 "))
        #expect(try String(contentsOfFile: run.files.token, encoding: .utf8) == "new\n")
    }

    @Test func whenOneIsRefusedThoseBeforeAreTakenBack() throws {
        let (slurm, run) = (try FakeSlurm(), try SubmittedRun())
        try slurm.command(
            "sbatch",
            "[ $(wc -l <\(slurm.path)/calls) -lt 3 ] && echo 7$(wc -l <\(slurm.path)/calls) && exit; echo 'sbatch: error: Batch job submission failed: Invalid job array specification' >&2; exit 1"
        )
        let (submitter, settings) = try submitter(slurm, run)
        let error = #expect(throws: RunError.self) {
            try submitter.submit(jobs(settings), script: script(run, settings), platform: .current)
        }
        for word in ["'embed'", "Invalid job array specification", "--array-size"] {
            #expect(error?.message.contains(word) == true, "\(error?.message ?? "")")
        }
        #expect(slurm.calls.last == "scancel 71 72")
        #expect(try Submission.read(run.files) == nil)
    }

    @Test func aSubmissionInTheQueueIsNotDoubled() throws {
        let (slurm, run) = (try FakeSlurm(), try SubmittedRun())
        let (submitter, settings) = try submitter(slurm, run, "partition: long")
        _ = try submitter.submit(jobs(settings), script: script(run, settings), platform: .current)
        try slurm.command("squeue", "echo '101|0|COMPLETED|None|(null)'; echo '103|2|PENDING|Dependency|(null)'")
        let error = #expect(throws: RunError.self) { try submitter.check(stages: ["embed"]) }
        #expect(error?.kind == .locked && error?.message.contains("scancel 103") == true, "\(error?.message ?? "")")
        try slurm.command("squeue", "echo '103|2|FAILED|NonZeroExitCode|(null)'")
        try submitter.check(stages: ["embed"])
        // Jobs that Slurm has forgotten.
        try slurm.command("squeue", "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1")
        try submitter.check(stages: ["embed"])
    }

    @Test func statusTellsOfJobsAndOfElementsThatDied() throws {
        let (slurm, run) = (try FakeSlurm(), try SubmittedRun())
        #expect(try ClusterStatus(directory: run.directory, client: slurm.client) == nil)
        let (submitter, settings) = try submitter(slurm, run)
        _ = try submitter.submit(jobs(settings), script: script(run, settings), platform: .current)
        let records = [0, 1, 3].map { ElementRecord(stage: "embed", rank: $0, worldSize: 5) }
        for record in records {
            try JSONFile.write(record, path: "\(run.files.running)/embed-\(record.rank).json")
        }
        let failed = ElementRecord(stage: "embed", rank: 4, worldSize: 5, exitCode: 65, reason: "line 7 has no text")
        try JSONFile.write(failed, path: "\(run.files.failures)/embed-4.json")
        try slurm.command(
            "squeue",
            "echo '101|0|COMPLETED|None|(null)'; echo '103|0|RUNNING|None|(null)'; echo '103|1|OUT_OF_MEMORY|OutOfMemory|(null)'; echo '103|4|FAILED|x|a | word'"
        )
        let status = try #require(try ClusterStatus(directory: run.directory, client: slurm.client))
        #expect(status.running.map(\.rank) == [0] && status.failures.map(\.rank) == [4, 1, 3])
        #expect(status.failures[1].reason?.contains("out_of_memory") == true)
        #expect(status.failures[2].reason?.contains("gone") == true)
        #expect(status.jobs[2].states == ["running": 1, "out_of_memory": 1, "failed": 1])
        #expect(status.comments == ["a | word"])
        for words in ["line 7 has no text", "exit code 65", "job 103", "no longer in the queue"] {
            #expect(status.text().contains(words), "\(status.text())")
        }
        // Without squeue the files alone tell.
        let blind = try #require(
            try ClusterStatus(directory: run.directory, client: SlurmClient(path: "/nowhere")))
        #expect(!blind.hasQueue && blind.running.count == 3 && blind.failures.map(\.rank) == [4])
    }
}
