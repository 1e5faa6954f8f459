import Foundation
import Testing

/// `submit`, with scripts in the place of Slurm's commands; `make test-slurm` runs it on a real one.
@Suite(.serialized) struct SubmitTests {
    private let workspace = Workspace()
    private let pipeline = CommandLineTool.repository.appending(path: "pipelines/slurm.yaml").path

    /// An environment as jobs have it, in which `sbatch` notes the script's arguments and the array.
    private func environment() throws -> [String: String] {
        let folder = workspace.file("slurm")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let commands = [
            "sinfo": "echo 'cpu*|1-00:00:00'", "squeue": "cat \(folder)/queue 2>/dev/null", "scancel": ":",
            "scontrol": "echo \"$*\" >>\(folder)/scontrol",
            "sbatch": """
            n=$(($(wc -l <\(folder)/jobs) + 1))
            for a in "$@"; do case $a in --array=*) array=${a#--array=} ;; esac; done
            echo "$array ${*: -4}" >>\(folder)/jobs; echo $n
            """,
        ]
        try workspace.write("slurm/jobs", "")
        for (name, body) in commands {
            try workspace.write("slurm/\(name)", "#!/bin/bash\n\(body)\n")
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(folder)/\(name)")
        }
        return ["PATH": "\(folder):/usr/bin:/bin", "GRADPRINT_KERNELS": "", "OPENBLAS_CORETYPE": ""]
    }

    private func submit(
        _ corpus: String, run: String, _ options: [String] = [], environment: [String: String]
    ) throws -> CommandLineTool.Result {
        try CommandLineTool.run(
            [
                "submit", pipeline, "--set", "corpus.files=\(corpus)", "--set", "corpus.shard_rows=40", "--set",
                "embed.path=\(CommandLineTool.fixture("tiny-bert"))", "--set", "calibrate={outputs: 50, nulls: 100}",
                "--run-dir", workspace.file(run), "--kernel-level", "scalar",
            ] + options, environment: environment)
    }

    /// Runs what `sbatch` noted, element by element; returns the exit codes by stage and rank.
    private func runJobs(_ environment: [String: String]) throws -> [String: Int32] {
        var codes: [String: Int32] = [:]
        let jobs = try String(contentsOfFile: workspace.file("slurm/jobs"), encoding: .utf8)
        for line in jobs.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            for range in words[0].split(separator: ",") {
                let ends = range.split(separator: "-").compactMap { Int($0) }
                for rank in ends[0]...ends[ends.count - 1] {
                    let process = Process()
                    process.executableURL = URL(filePath: "/bin/bash")
                    process.arguments = Array(words.dropFirst())
                    process.environment = environment.merging([
                        "SLURM_ARRAY_TASK_ID": "\(rank)", "SLURM_JOB_ID": "9", "SLURM_CPUS_PER_TASK": "2",
                    ]) { $1 }
                    try process.run()
                    process.waitUntilExit()
                    codes["\(words[2])-\(rank)"] = process.terminationStatus
                }
            }
        }
        try workspace.write("slurm/jobs", "")
        return codes
    }

    private func contents(_ run: String) -> [String: Data] {
        workspace.contents(ofRun: run).filter { name, _ in
            !["log/", "slurm/", "failures/"].contains { name.hasPrefix($0) }
        }
    }

    @Test func jobsGiveWhatBuildGivesAndMissingOnesAloneAreSubmittedAgain() throws {
        let corpus = try workspace.writeCorpus("c.jsonl", rows: 100)
        let environment = try environment()
        #expect(try submit(corpus, run: "run", ["--array-size", "2"], environment: environment).status == 0)
        let codes = try runJobs(environment)
        #expect(codes.count > 20 && codes.values.allSatisfy { $0 == 0 }, "\(codes)")
        var local = environment
        local["GRADPRINT_KERNELS"] = "scalar"
        #if arch(x86_64)
            local["OPENBLAS_CORETYPE"] = "Nehalem"
        #endif
        let built = try CommandLineTool.run(
            [
                "build", workspace.file("run/slurm/pipeline.yaml"), "--run-dir", workspace.file("whole"), "--quiet",
            ], environment: local)
        #expect(built.status == 0, "\(built.errors)")
        let (found, expected) = (contents("run"), contents("whole"))
        #expect(Set(found.keys) == Set(expected.keys) && expected.count > 40)
        for (name, bytes) in expected { #expect(found[name] == bytes, "\(name) differs") }

        let again = try submit(corpus, run: "run", environment: environment)
        #expect(again.status == 0 && again.output.isEmpty && again.errors.contains("nothing to submit"), "\(again)")
        // One embedding is lost: it is made again, and nothing else.
        let embeddings = workspace.file("run/embed")
        let lost = try #require(
            try FileManager.default.contentsOfDirectory(atPath: embeddings).first { $0.hasPrefix("00001.") })
        try FileManager.default.removeItem(atPath: "\(embeddings)/\(lost)")
        #expect(try submit(corpus, run: "run", environment: environment).status == 0)
        #expect(try runJobs(environment) == ["embed-1": 0, "publish-0": 0])
        #expect(contents("run")[try #require(expected.keys.first { $0.hasPrefix("embed/\(lost)/e") })] != nil)
        #expect(Set(contents("run").keys) == Set(expected.keys))
    }

    @Test func aFailedElementTellsWhy() throws {
        let corpus = try workspace.write(
            "c.jsonl", "{\"id\": \"a\", \"text\": \"some text\"}\n{\"id\": \"b\"}\n")
        let environment = try environment()
        #expect(
            try submit(corpus, run: "run", ["--set", "corpus.on_error=stop"], environment: environment).status == 0)
        let first = try String(contentsOfFile: workspace.file("slurm/jobs"), encoding: .utf8).split(separator: "\n")[0]
        try workspace.write("slurm/jobs", "\(first)\n")
        #expect(try runJobs(environment) == ["ingest-0": 65])
        let status = try CommandLineTool.run(["status", workspace.file("run")], environment: environment)
        #expect(status.status == 0, "\(status.errors)")
        for words in ["failed     ingest 0 of 1", "exit code 65", "c.jsonl:2", "job 1", "publish"] {
            #expect(status.output.contains(words), "\(words) in \(status.output)")
        }
        let json = try CommandLineTool.run(["status", workspace.file("run"), "--json"], environment: environment)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        let cluster = try #require(object["cluster"] as? [String: Any])
        #expect((cluster["failures"] as? [[String: Any]])?.first?["exitCode"] as? Int == 65)
        #expect(object["stages"] != nil)
    }

    @Test func whatCannotBeSubmittedIsSaid() throws {
        let corpus = try workspace.writeCorpus("c.jsonl", rows: 20)
        let environment = try environment()
        for (options, status, words) in [
            (["--partition", "gpu"], 78, "its partitions are cpu (up to 1-00:00:00)"),
            (["--time", "2-00:00:00"], 78, "gives at most 1-00:00:00"),
            (["--time", "soon"], 64, "--time"), (["--partition", "a;b"], 64, "without blanks"),
            (["--set", "slurm.cpu=3"], 78, "unknown key 'cpu'"), (["--set", "corpus.files=-"], 78, "standard input"),
        ] as [([String], Int32, String)] {
            let result = try submit(corpus, run: "run", options, environment: environment)
            #expect(result.status == status && result.errors.contains(words), "\(options): \(result)")
        }
        let none = try submit(corpus, run: "none", environment: ["PATH": "/nowhere"])
        #expect(none.status == 66 && none.errors.contains("no Slurm on this machine"), "\(none.errors)")
        #expect(!FileManager.default.fileExists(atPath: workspace.file("none")))
        #expect(try String(contentsOfFile: workspace.file("slurm/jobs"), encoding: .utf8).isEmpty)
        // A level that the processor lacks is refused, not lowered.
        let refused = try CommandLineTool.run(
            ["status", workspace.file("run")], environment: ["GRADPRINT_KERNELS": "avx9"])
        #expect(refused.status == 78)
    }

    @Test func aDryRunNeedsNeitherSlurmNorTheCorpus() throws {
        let result = try CommandLineTool.run(
            ["submit", pipeline, "--dry-run", "--kernel-level", "scalar", "--array-size", "7"],
            environment: ["PATH": "/nowhere"])
        #expect(result.status == 0 && result.errors.contains("planned as if nothing was done"), "\(result.errors)")
        for words in [
            "#!/bin/bash", "GRADPRINT_KERNELS=scalar", "embed=$(sbatch", "--array=0-6", "--dependency=afterok:$ingest",
            "--cpus-per-task=8 ", "publish=$(sbatch",
        ] {
            #expect(result.output.contains(words), "\(words)")
        }
        #expect(!FileManager.default.fileExists(atPath: "/shared/gradprint"))
    }

    @Test func publishTakesWhatIsDoneAndNothingElse() throws {
        let corpus = try workspace.writeCorpus("c.jsonl", rows: 60)
        let arguments = [
            CommandLineTool.repository.appending(path: "pipelines/default.yaml").path, "--set",
            "corpus.files=\(corpus)", "--set", "embed.path=\(CommandLineTool.fixture("tiny-bert"))", "--set",
            "calibrate={outputs: 50, nulls: 100}", "--run-dir", workspace.file("run"),
        ]
        #expect(try CommandLineTool.run(["stage", "ingest"] + arguments).status == 0)
        let early = try CommandLineTool.run(["publish"] + arguments)
        #expect(early.status == 66 && early.errors.contains("nothing to publish yet"), "\(early.errors)")
        #expect(try CommandLineTool.run(["build"] + arguments).status == 0)
        let whole = workspace.contents(ofRun: "run")
        let generation = try #require(whole.keys.first { $0.hasPrefix("generations/") })
        try FileManager.default.removeItem(atPath: workspace.file("run/\(generation)"))
        #expect(try CommandLineTool.run(["publish"] + arguments).status == 0)
        #expect(workspace.contents(ofRun: "run") == whole)
    }

    /// Two processes that are given the same tasks by mistake: both end well, and the bytes are those of one.
    @Test func theSameShareTwiceAtOnceDoesNoHarm() throws {
        let corpus = try workspace.writeCorpus("c.jsonl", rows: 100)
        let environment = try environment()
        for run in ["one", "two"] {
            let result = try submit(corpus, run: run, ["--array-size", "1"], environment: environment)
            #expect(result.status == 0, "\(result.errors)")
            try workspace.write("slurm/jobs", "")
            for stage in ["ingest", "catalog", "tokenize", "embed"] {
                let process = Process()
                process.executableURL = URL(filePath: "/bin/bash")
                let call = "/bin/bash \(workspace.file(run))/slurm/element.sh \(stage) 1 600"
                process.arguments = ["-c", run == "one" ? call : "\(call) & first=$!; \(call) && wait $first"]
                process.environment = environment.merging(["SLURM_JOB_ID": "9", "SLURM_CPUS_PER_TASK": "2"]) { $1 }
                try process.run()
                process.waitUntilExit()
                #expect(process.terminationStatus == 0, "\(run) \(stage)")
            }
        }
        let (one, two) = (contents("one"), contents("two"))
        #expect(one.count > 10 && Set(one.keys) == Set(two.keys))
        for (name, bytes) in one { #expect(two[name] == bytes, "\(name) differs") }
    }

    /// What another process writes under a temporary name is never opened: here it would not let go of who opens it.
    @Test(.timeLimit(.minutes(1))) func unfinishedNamesAreNeverOpened() throws {
        let corpus = try workspace.writeCorpus("c.jsonl", rows: 60)
        let arguments = [
            CommandLineTool.repository.appending(path: "pipelines/default.yaml").path, "--set",
            "corpus.files=\(corpus)", "--set", "embed.path=\(CommandLineTool.fixture("tiny-bert"))", "--set",
            "calibrate={outputs: 50, nulls: 100}", "--run-dir", workspace.file("run"),
        ]
        for stage in ["ingest", "catalog", "tokenize"] {
            #expect(try CommandLineTool.run(["stage", stage] + arguments).status == 0)
        }
        let tmp = workspace.file("run/tmp")
        for name in ["embed.00000.other.1", "tokenize.00000.other.2"] {
            try FileManager.default.createDirectory(atPath: "\(tmp)/\(name)", withIntermediateDirectories: true)
            for file in ["manifest.json", "embeddings.shard", "words.shard"] {
                #expect(unsafe mkfifo("\(tmp)/\(name)/\(file)", 0o644) == 0)
            }
        }
        for name in [
            "generations/00001.json.other.1.part", "configuration.yaml.other.1.part", "growth.json.other.1.part",
        ] {
            #expect(unsafe mkfifo(workspace.file("run/\(name)"), 0o644) == 0)
        }
        for command in [
            ["stage", "embed"] + arguments, ["stage", "embed", "--rank", "1", "--world-size", "2"] + arguments,
            ["status", workspace.file("run")], ["build", "--dry-run"] + arguments,
        ] {
            let result = try CommandLineTool.run(command)
            #expect(result.status == 0, "\(command.prefix(2)): \(result.errors)")
        }
        // Elements leave others' work alone; whoever holds the run alone clears up.
        #expect(FileManager.default.fileExists(atPath: "\(tmp)/embed.00000.other.1/manifest.json"))
        let built = try CommandLineTool.run(["build"] + arguments)
        #expect(built.status == 0, "\(built.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: tmp).isEmpty)
        let left = try FileManager.default.contentsOfDirectory(atPath: workspace.file("run"))
        #expect(!left.contains { $0.hasSuffix(".part") })
    }
}
