import Cluster
import Foundation
import Pipeline
import Testing

/// The job script, run by the shell with a gradprint that ends as it is told to.
@Suite struct JobScriptTests {
    private let run: SubmittedRun
    private let slurm: FakeSlurm

    init() throws {
        run = try SubmittedRun(token: "it's")
        slurm = try FakeSlurm()
        try slurm.command("scontrol", ":")
        try slurm.command("sleep", ":")
        try FileManager.default.createDirectory(atPath: run.files.logs, withIntermediateDirectories: true)
    }

    private func script(token: String = "it's", yaml: String = "requeues: 2") throws -> String {
        let script = JobScript(
            run: run.path, token: token, executable: "\(slurm.path)/gradprint",
            settings: try SettingsTests.settings("slurm: {\(yaml)}"))
        let path = "\(slurm.path)/element.sh"
        try Data(script.text.utf8).write(to: URL(filePath: path))
        return path
    }

    /// - Returns: the script's exit code.
    private func execute(
        _ script: String, stage: String = "embed", restarts: Int = 0, terminating: Bool = false
    ) throws -> Int32 {
        let process = Process()
        // Other tests of this process may have SIGTERM ignored, which a shell inherits and cannot trap then.
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["--default-signal=TERM", "/bin/bash", script, stage, "8", "600"]
        process.environment = [
            "PATH": "\(slurm.path):/usr/bin:/bin", "SLURM_JOB_ID": "77", "SLURM_ARRAY_TASK_ID": "3",
            "SLURM_RESTART_COUNT": "\(restarts)", "SLURM_CPUS_PER_TASK": "5",
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        if terminating {
            let deadline = Date.now.addingTimeInterval(5)
            while !slurm.calls.contains(where: { $0.hasPrefix("gradprint") }), Date.now < deadline { usleep(20_000) }
            kill(process.processIdentifier, SIGTERM)
        }
        process.waitUntilExit()
        return process.terminationStatus
    }

    private var requeues: Int { slurm.calls.count { $0 == "scontrol requeue 77" } }

    @Test func theElementIsCalledAsItsStageWants() throws {
        try slurm.command("gradprint", "env | grep -E 'GRADPRINT|OPENBLAS' >>\(slurm.path)/calls; exit 0")
        #expect(try execute(script(yaml: "kernel_level: scalar, setup: ['export GRADPRINT_X=y']")) == 0)
        let call = try #require(slurm.calls.first)
        #expect(
            call
                == "gradprint stage embed \(run.path)/slurm/pipeline.yaml --rank 3 --world-size 8 --run-dir \(run.path) --workers 5 --submission it's --walltime 600"
        )
        #expect(slurm.calls.contains("GRADPRINT_KERNELS=scalar") && slurm.calls.contains("GRADPRINT_X=y"))
        #if arch(x86_64)
            #expect(slurm.calls.contains("OPENBLAS_CORETYPE=Nehalem"))
        #endif
        #expect(try execute(script(), stage: ArrayJob.publish) == 0)
        #expect(slurm.calls.contains { $0.hasPrefix("gradprint publish \(run.path)/slurm/pipeline.yaml --run-dir") })
        #expect(requeues == 0)
    }

    @Test(arguments: [(65, 0), (78, 0), (79, 0), (80, 1), (74, 1), (75, 1), (137, 1)])
    func passingFaultsGoBackToTheQueueAndOthersDoNot(code: Int32, expected: Int) throws {
        try slurm.command("gradprint", code == 137 ? "kill -9 $$" : "exit \(code)")
        #expect(try execute(script()) == code)
        #expect(requeues == expected)
        // After `requeues` times it is left, unless it was only told to end.
        #expect(try execute(script(), restarts: 2) == code)
        #expect(requeues == expected + (code == 80 ? 1 : 0))
    }

    @Test func aKilledElementLeavesARecord() throws {
        try slurm.command("gradprint", "kill -9 $$")
        try Data("{}".utf8).write(to: URL(filePath: "\(run.files.running)/embed-3.json"))
        _ = try execute(script())
        let path = "\(run.files.failures)/embed-3.json"
        let record = try JSONFile.read(ElementRecord.self, path: path)
        #expect(record.exitCode == 137 && record.stage == "embed" && record.rank == 3 && record.worldSize == 8)
        #expect(record.job == "77" && record.reason?.contains("signal 9") == true)
        #expect(RunDirectory.list(run.files.failures) == ["embed-3.json"])
        #expect(RunDirectory.list(run.files.running).isEmpty)
    }

    @Test func theSignalReachesTheElement() throws {
        try slurm.command("gradprint", "trap 'exit 80' TERM; for i in {1..100}; do /bin/sleep 0.05; done; exit 3")
        #expect(try execute(script(), terminating: true) == 80)
        #expect(requeues == 1)
    }

    @Test func whoDoesNotSeeTheRunSaysSoInTheJobsComment() throws {
        try slurm.command("gradprint", "exit 0")
        #expect(try execute(script(token: "other")) == 66)
        let comment = try #require(slurm.calls.last)
        #expect(
            comment.hasPrefix("scontrol update JobId=77 Comment=") && comment.contains("does not see the run directory")
        )
        #expect(!slurm.calls.contains { $0.hasPrefix("gradprint") })
        try FileManager.default.removeItem(atPath: "\(slurm.path)/gradprint")
        #expect(try execute(script()) == 66)
        #expect(slurm.calls.last?.contains("has no executable") == true)
    }

    @Test func theRehearsalIsAShellScript() throws {
        let settings = try SettingsTests.settings("slurm: {constraint: 'a|b', partition: cpu}")
        let script = JobScript(run: "/shared/it's", token: "T", executable: "/g", settings: settings)
        let load = StageLoad(stage: "shard-index", inputs: [], tasks: 2, missing: [0, 1], isKnown: true)
        let jobs = ArrayJob.jobs(for: [load], isPublished: false, settings: settings)
        let text = script.rehearsal(of: jobs)
        #expect(
            text.contains("shard_index=$(sbatch --parsable") && text.contains("\"--dependency=afterok:$shard_index\""))
        let path = "\(slurm.path)/rehearsal"
        try Data(text.utf8).write(to: URL(filePath: path))
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = ["-n", path]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }
}
