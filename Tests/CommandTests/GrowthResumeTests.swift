import Foundation
import Testing

/// Appends, deletes, merges and purges that are killed at any moment: the run opens, as before or after, and goes on.
@Suite(.serialized) struct GrowthResumeTests {
    private let workspace = Workspace()

    /// Settings of both kinds of index. Far more partitions are asked for than there are rows, so that each segment is cut
    /// into several slices, as those of a large corpus are.
    static let indexes = [
        ["index.kind=flat"], ["index.kind=partitioned", "index.partitions=60000", "index.probes=400"],
    ]

    private func lines(_ numbers: Range<Int>, version: Int = 0) -> String {
        let subjects = ["the cat", "a river", "the compiler", "an old song", "her garden", "the index", "a lighthouse"]
        let verbs = ["finds", "crosses", "rewrites", "remembers", "feeds", "measures", "hides"]
        return numbers.map { row in
            "{\"id\": \"sample-\(row)\", \"text\": \"\(subjects[row % 7]) \(verbs[row / 7 % 7]) something number\(row) version\(version)\"}\n"
        }.joined()
    }

    private func run(_ arguments: [String]) throws -> CommandLineTool.Result {
        try CommandLineTool.run(arguments + ["--quiet"])
    }

    /// What a log finds: the generation that answers is told by the version of the texts it knows.
    private func answers(_ rows: [Int]) throws -> [String] {
        let log = try workspace.write(
            "log.jsonl", rows.map { "{\"id\": \"\($0)\", \"text\": \"something number\($0)\"}\n" }.joined())
        let result = try CommandLineTool.run([
            "attribute", log, "--run-dir", workspace.file("run"), "--quiet", "--no-timing", "--count", "3",
        ])
        #expect(result.status == 0, "\(result.errors)")
        return result.output.split(separator: "\n").map(String.init)
    }

    private func sources(_ lines: [String]) throws -> Set<String> {
        var ids: Set<String> = []
        for line in lines {
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            for source in object?["attributions"] as? [[String: Any]] ?? [] {
                ids.insert(source["source_id"] as? String ?? "")
            }
        }
        return ids
    }

    /// Goes through nights; each command is killed up to `attempts` times before it is let end, until there were `kills`.
    private func check(index: [String], rows: Int, kills: Int, attempts: Int) throws {
        let runDirectory = workspace.file("run")
        let corpus = try workspace.write("corpus.jsonl", lines(0..<rows))
        let begin = Date.now
        let built = try run(
            [
                "build", CommandLineTool.repository.appending(path: "pipelines/default.yaml").path, "--set",
                "corpus.files=\(corpus)", "--set", "embed.path=\(CommandLineTool.fixture("tiny-bert"))", "--set",
                "corpus.shard_rows=50", "--set", "cluster.clusters=4", "--set", "calibrate.outputs=50", "--set",
                "calibrate.nulls=100", "--run-dir", runDirectory, "--workers", "2",
            ] + index.flatMap { ["--set", $0] })
        #expect(built.status == 0, "\(built.errors)")
        let slices = try FileManager.default.contentsOfDirectory(atPath: runDirectory + "/merge").count
        #expect(index == Self.indexes[0] ? slices == 1 : slices > 1, "\(slices) slices")
        // How long a command takes at most, so that a kill seldom comes too late.
        var lengths = ["append": -begin.timeIntervalSinceNow, "delete": 0.2, "merge": -begin.timeIntervalSinceNow]
        var deleted: [String] = []
        var (night, killed) = (0, 0)
        while night < 2 || (killed < kills && night < 40) {
            let first = rows + 20 * night
            let file = try workspace.write("night\(night).jsonl", lines(first..<first + 20))
            deleted += ["sample-\(night)", "sample-\(first - 3)"]
            let ids = try workspace.write("ids\(night).txt", "sample-\(night)\nsample-\(first - 3)\n")
            var commands = [
                ["append", file, "--run-dir", runDirectory, "--workers", "2"], ["delete", runDirectory, ids],
            ]
            if night % 2 == 1 { commands.append(["merge", runDirectory, "--purge"]) }
            let probes = [first - 3, first + 5, night, 10]
            for command in commands {
                let before = try answers(probes)
                var seen: [[String]] = []
                for _ in 0..<attempts {
                    let begin = Date.now
                    let ended = try CommandLineTool.runAndKill(
                        command + ["--quiet"], after: Double.random(in: 0...lengths[command[0]]!))
                    killed += ended ? 0 : 1
                    if ended { lengths[command[0]] = -begin.timeIntervalSinceNow }
                    let now = try answers(probes)
                    if now != before { seen.append(now) }
                    if ended { break }
                }
                let last = try run(command)
                #expect(last.status == 0, "\(command): \(last.errors)")
                // Whatever answered in between was the old generation or the new one.
                let after = try answers(probes)
                for answer in seen { #expect(answer == after, "a mixture after \(command[0])") }
                let check = try run(["check", runDirectory])
                #expect(check.status == 0, "\(command): \(check.errors)")
            }
            let found = try sources(try answers(Array(0..<first + 20)))
            #expect(found.isDisjoint(with: deleted))
            #expect(found.contains("sample-\(first + 5)") && found.contains("sample-\(first - 5)"))
            night += 1
        }
        #expect(killed >= kills, "\(killed) kills in \(night) nights")
        let ids = try workspace.write("gone.txt", deleted.prefix(4).joined(separator: "\n") + "\n")
        let proof = try CommandLineTool.run(["check", runDirectory, "--deleted", ids])
        #expect(proof.status == 0, "\(proof.errors)")
    }

    @Test(arguments: indexes) func aFewKillsLeaveTheOldOrTheNewGeneration(index: [String]) throws {
        try check(index: index, rows: 150, kills: 2, attempts: index == Self.indexes[0] ? 2 : 1)
    }

    @Suite struct SlowGrowthResumeTests {
        @Test(arguments: GrowthResumeTests.indexes) func fiftyKills(index: [String]) throws {
            try GrowthResumeTests().check(index: index, rows: 400, kills: 50, attempts: 5)
        }
    }
}

/// The commands of a growing run, as a user gives them.
@Suite(.serialized) struct GrowthCommandTests {
    private let workspace = Workspace()

    @Test func aRunGrowsShrinksAndTurnsBack() throws {
        let run = workspace.file("run")
        let corpus = try workspace.writeCorpus("corpus.jsonl", rows: 120)
        let build = [
            "build", CommandLineTool.repository.appending(path: "pipelines/default.yaml").path, "--set",
            "corpus.files=\(corpus)", "--set", "embed.path=\(CommandLineTool.fixture("tiny-bert"))", "--set",
            "cluster.clusters=4", "--set", "calibrate.outputs=50", "--set", "calibrate.nulls=100", "--run-dir", run,
        ]
        func expect(_ arguments: [String], _ status: Int32, _ text: String, input: String? = nil) throws {
            let result = try CommandLineTool.run(arguments, input: input.map { Data($0.utf8) })
            #expect(result.status == status, "\(arguments): \(result.errors)")
            #expect((result.output + result.errors).contains(text), "\(arguments): \(result.output)\(result.errors)")
        }
        try expect(["append", corpus, "--run-dir", run], 66, "no run directory")
        try expect(build, 0, "generation 1")
        try expect(["rollback", run], 66, "no generation before")
        try expect(["append", corpus, "--run-dir", run], 0, "nothing to do")
        let more =
            "{\"id\": \"night-sample\", \"text\": \"the cat crosses the harbour at night\", \"licence\": \"MIT\"}\n"
        let night = try workspace.write("night.jsonl", more)
        try expect(["append", night, "--run-dir", run, "--dry-run"], 0, "merge")
        try expect(["append", "-", "--run-dir", run, "--dry-run"], 65, "only once", input: more)
        try expect(["append", "-", "--run-dir", run], 0, "1 rows appended", input: more)
        try expect(["status", run], 0, "previous   generation 1")
        let log = try workspace.write(
            "log.jsonl", "{\"id\": \"o\", \"text\": \"the cat crosses the harbour at night\"}\n")
        let attribute = ["attribute", log, "--run-dir", run, "--no-timing", "--count", "1", "--quiet"]
        try expect(attribute, 0, "\"source_id\":\"night-sample\"")
        try expect(attribute + ["--where", "licence=CC0"], 0, "\"source_id\":\"s")
        try expect(attribute + ["--where", "licence"], 64, "KEY=VALUE")
        try expect(attribute + ["--where", "licence=none"], 65, "no sample of the corpus is left")
        let report = workspace.file("report.html")
        try expect(attribute + ["--where", "licence=MIT", "--report", report], 0, "night-sample")
        #expect(try String(contentsOfFile: report, encoding: .utf8).contains("licence = MIT"))
        let ids = try workspace.write("ids.txt", "night-sample\n")
        try expect(["check", run, "--deleted", ids], 65, "was never deleted")
        try expect(["delete", run, ids, "--dry-run"], 0, "would be deleted")
        try expect(["delete", run, ids], 0, "1 ids are deleted")
        try expect(attribute, 0, "\"source_id\":\"s")
        try expect(["check", run, "--deleted", ids], 65, "it has 'night-sample'")
        try expect(["merge", run, "--purge"], 0, "1 deleted rows")
        try expect(["check", run, "--deleted", ids], 0, "1 ids are gone")
        try expect(["check", run], 0, "all sound")
        try expect(["rollback", run], 0, "again")
        try expect(attribute, 0, "\"source_id\":\"s")
        try expect(build + ["--retrain"], 0, "121 rows")
    }
}
