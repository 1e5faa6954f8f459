import Foundation
import Testing

/// Bad input gets a message that says what, where and what to do, an exit code of its kind, and loses nothing.
@Suite struct BadInputTests {
    private let workspace = Workspace()

    private func build(
        _ corpus: String, set extra: [String] = [], model: String? = nil, run: String = "run",
        pipeline: String = CommandLineTool.repository.appending(path: "pipelines/default.yaml").path, input: Data? = nil
    ) throws -> CommandLineTool.Result {
        var arguments = ["build", pipeline, "--set", "corpus.files=\(corpus)", "--run-dir", workspace.file(run)]
        arguments += ["--set", "embed.path=\(model ?? CommandLineTool.fixture("tiny-bert"))"]
        for assignment in extra { arguments += ["--set", assignment] }
        return try CommandLineTool.run(arguments, input: input)
    }

    private func expect(
        _ result: CommandLineTool.Result, status: Int32, _ parts: String..., location: SourceLocation = #_sourceLocation
    ) {
        #expect(result.status == status, "\(result.errors)", sourceLocation: location)
        for part in parts { #expect(result.errors.contains(part), "\(result.errors)", sourceLocation: location) }
        #expect(!result.errors.contains("Fatal error"), sourceLocation: location)
    }

    private let good = (0..<30).map { "{\"id\": \"g\($0)\", \"text\": \"good text number \($0) of many\"}\n" }

    @Test func aBrokenLineIsNamed() throws {
        var lines = good
        lines.insert("{\"id\": \"x\", \"text\": \n", at: 4)
        let corpus = try workspace.write("c.jsonl", lines.joined())
        expect(try build(corpus), status: 65, "c.jsonl:5: ")
        // Skipped, it is counted; the rest is indexed.
        let skipped = try build(corpus, set: ["corpus.on_error=skip"])
        expect(skipped, status: 0)
        let status = try CommandLineTool.run(["status", workspace.file("run")])
        #expect(status.output.contains("30 rows") && status.output.contains("skipped"), "\(status.output)")
    }

    @Test(arguments: [
        ("{\"id\": \"x\"}", "text"), ("{\"id\": \"x\", \"text\": \"  \"}", "whitespace"),
        ("{\"text\": \"no id here\"}", "id"),
        ("[1, 2]", "object"), ("{\"id\": \"x\", \"text\": 5}", "text"),
    ])
    func aLineWithoutIdOrTextIsNamed(line: String, word: String) throws {
        let corpus = try workspace.write("c.jsonl", good.joined() + line + "\n")
        expect(try build(corpus), status: 65, ":31: ", word)
    }

    @Test func invalidUTF8IsNamed() throws {
        var bytes = Data(good.joined().utf8)
        bytes.append(contentsOf: Array("{\"id\": \"x\", \"text\": \"ab".utf8) + [0xff, 0xfe] + Array("\"}\n".utf8))
        try bytes.write(to: URL(filePath: workspace.file("c.jsonl")))
        expect(try build(workspace.file("c.jsonl")), status: 65, ":31: ", "UTF-8")
    }

    @Test func duplicateIdsAreNamedWithBothPlaces() throws {
        let first = try workspace.write("a.jsonl", good.joined())
        let second = try workspace.write("b.jsonl", "{\"id\": \"other\", \"text\": \"t u v\"}\n" + good[7])
        expect(try build("[\(first), \(second)]"), status: 65, "g7", "a.jsonl", "b.jsonl")
    }

    @Test func aMissingCorpusModelOrKeyIsNamed() throws {
        expect(try build(workspace.file("none.jsonl")), status: 66, "none.jsonl")
        let corpus = try workspace.write("c.jsonl", good.joined())
        expect(try build(corpus, model: workspace.file("nomodel")), status: 66, "nomodel")
        let result = try CommandLineTool.run(
            [
                "build", CommandLineTool.repository.appending(path: "pipelines/default.yaml").path, "--set",
                "corpus.files=\(corpus)", "--run-dir", workspace.file("run"),
            ])
        expect(result, status: 78, "embed.path", "make models")
        expect(try build(corpus, set: ["cluster.clusterz=3"]), status: 78, "clusterz", "clusters")
        expect(try build(corpus, set: ["cluster.clusters=-1"]), status: 78, "cluster.clusters", "from 2")
    }

    @Test func aModelFolderWithAMissingFileIsRefused() throws {
        let corpus = try workspace.write("c.jsonl", good.joined())
        for name in ["model.safetensors", "config.json", "tokenizer.json"] {
            let folder = workspace.file("model-\(name)")
            try FileManager.default.copyItem(atPath: CommandLineTool.fixture("tiny-bert"), toPath: folder)
            guard FileManager.default.fileExists(atPath: "\(folder)/\(name)") else { continue }
            try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
            try? FileManager.default.removeItem(atPath: "\(folder)/vocab.txt")
            expect(try build(corpus, model: folder), status: 66, name.replacingOccurrences(of: ".json", with: ""))
        }
    }

    @Test func aTruncatedArchiveIsRefused() throws {
        let plain = try workspace.write("c.jsonl", good.joined())
        let zip = Process()
        zip.executableURL = URL(filePath: "/bin/gzip")
        zip.arguments = [plain]
        try zip.run()
        zip.waitUntilExit()
        let whole = try #require(FileManager.default.contents(atPath: plain + ".gz"))
        expect(try build(plain + ".gz"), status: 0)
        try whole.prefix(whole.count - 20).write(to: URL(filePath: workspace.file("torn.jsonl.gz")))
        expect(try build(workspace.file("torn.jsonl.gz"), run: "torn"), status: 65, "torn.jsonl.gz", "truncated")
    }

    @Test func standardInputIsACorpus() throws {
        expect(try build("-", input: Data(good.joined().utf8)), status: 0)
        let status = try CommandLineTool.run(["status", workspace.file("run")])
        #expect(status.output.contains("30 rows"), "\(status.output)")
    }

    @Test func anEmptyCorpusIsRefused() throws {
        let corpus = try workspace.write("c.jsonl", "\n\n")
        expect(try build(corpus), status: 65, "no sample")
    }

    @Test func tooFewSamplesForTheClustersIsSaid() throws {
        let corpus = try workspace.write("c.jsonl", good.prefix(3).joined())
        expect(try build(corpus), status: 65, "3", "10", "cluster.clusters")
    }

    @Test func damagedShardsAreFoundByCheck() throws {
        let corpus = try workspace.write("c.jsonl", good.joined())
        expect(try build(corpus), status: 0)
        let sound = try CommandLineTool.run(["check", workspace.file("run")])
        expect(sound, status: 0, "all sound")
        for name in workspace.contents(ofRun: "run").keys.sorted() where !name.hasSuffix(".yaml") {
            let path = workspace.file("run") + "/" + name
            var bytes = try #require(FileManager.default.contents(atPath: path))
            bytes[bytes.count / 2] ^= 0x20
            try bytes.write(to: URL(filePath: path))
            let damaged = try CommandLineTool.run(["check", workspace.file("run")])
            expect(damaged, status: 76, (name as NSString).lastPathComponent)
            bytes[bytes.count / 2] ^= 0x20
            try bytes.write(to: URL(filePath: path))
        }
    }

    @Test func missingOutputsAreFoundByCheckAndMadeAgain() throws {
        let corpus = try workspace.write("c.jsonl", good.joined())
        expect(try build(corpus), status: 0)
        let whole = workspace.contents(ofRun: "run")
        for name in ["segment.shard", "embeddings.shard", "manifest.json"] {
            let path = try #require(whole.keys.sorted().first { $0.hasSuffix(name) })
            try FileManager.default.removeItem(atPath: workspace.file("run") + "/" + path)
            let damaged = try CommandLineTool.run(["check", workspace.file("run")])
            expect(damaged, status: 76, name)
            expect(try build(corpus), status: 0)
            #expect(workspace.contents(ofRun: "run") == whole)
        }
    }

    @Test func aStageThatLeavesTheBuildUnfinishedPublishesNothing() throws {
        let corpus = try workspace.write("c.jsonl", good.joined())
        expect(try build(corpus), status: 0)
        let result = try CommandLineTool.run([
            "stage", "embed", CommandLineTool.repository.appending(path: "pipelines/default.yaml").path, "--set",
            "corpus.files=\(corpus)", "--set", "embed.path=\(CommandLineTool.fixture("tiny-bert"))", "--set",
            "influence.damping=0.5", "--run-dir", workspace.file("run"),
        ])
        expect(result, status: 0)
        expect(try CommandLineTool.run(["check", workspace.file("run")]), status: 0)
        let status = try CommandLineTool.run(["status", workspace.file("run")])
        #expect(status.output.contains("unfinished"), "\(status.output)")
        let log = try workspace.write("log.jsonl", good[0])
        expect(
            try CommandLineTool.run(["attribute", log, "--run-dir", workspace.file("run")]), status: 0, "generation 1")
    }

    /// The sequence that a job array runs gives what `build` gives, and does nothing the second time.
    @Test func stagesInOrderGiveWhatBuildGives() throws {
        let corpus = try workspace.write("c.jsonl", good.joined())
        expect(try build(corpus, set: ["embed.sentences=true", "tokens.near=true"], run: "whole"), status: 0)
        for _ in 0..<2 {
            for stage in [
                "ingest", "catalog", "tokenize", "token-probe", "token-index", "near-words", "embed", "sentences",
                "cluster", "label", "probe-train", "curvature", "gradient-sign", "project", "index-train",
                "shard-index", "merge",
                "index-recall", "calibrate",
            ] {
                for rank in 0..<2 {
                    let result = try CommandLineTool.run([
                        "stage", stage, CommandLineTool.repository.appending(path: "pipelines/default.yaml").path,
                        "--set",
                        "corpus.files=\(corpus)", "--set", "embed.path=\(CommandLineTool.fixture("tiny-bert"))",
                        "--set", "embed.sentences=true", "--set", "tokens.near=true",
                        "--run-dir", workspace.file("staged"), "--rank", "\(rank)",
                        "--world-size", "2",
                    ])
                    expect(result, status: 0)
                }
            }
            #expect(workspace.contents(ofRun: "staged") == workspace.contents(ofRun: "whole"))
        }
    }

    @Test func aFullDiskIsSaid() throws {
        let corpus = try workspace.write("c.jsonl", good.joined())
        let script =
            "ulimit -f 4; exec \(CommandLineTool.path) build \(CommandLineTool.repository.path)/pipelines/default.yaml --set corpus.files=\(corpus) --set embed.path=\(CommandLineTool.fixture("tiny-bert")) --run-dir \(workspace.file("run")) 2> \(workspace.file("errors"))"
        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/bash")
        shell.arguments = ["-c", script]
        try shell.run()
        shell.waitUntilExit()
        let errors = try String(contentsOfFile: workspace.file("errors"), encoding: .utf8)
        #expect(shell.terminationStatus == 73, "\(errors)")
    }

    @Test func aSecondBuildIsRefusedByTheLock() throws {
        let corpus = try workspace.write("c.jsonl", good.joined())
        expect(try build(corpus), status: 0)
        let holder = Process()
        holder.executableURL = URL(filePath: "/usr/bin/flock")
        holder.arguments = [workspace.file("run") + "/lock", "sleep", "20"]
        try holder.run()
        defer { holder.terminate() }
        usleep(300_000)
        expect(try build(corpus), status: 75, "locked by process")
    }
}
