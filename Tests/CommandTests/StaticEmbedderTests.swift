import Foundation
import Testing

/// From a transformer to a table, and from a table to attributions.
@Suite struct StaticEmbedderTests {
    private let workspace = Workspace()

    private func distil(_ arguments: [String]) throws -> CommandLineTool.Result {
        try CommandLineTool.run(["distill", CommandLineTool.fixture("tiny-bert")] + arguments)
    }

    private func build(_ corpus: String, table: String, workers: Int = 2, run: String = "run") throws
        -> CommandLineTool.Result
    {
        try CommandLineTool.run([
            "build", CommandLineTool.repository.appending(path: "pipelines/default.yaml").path, "--set",
            "corpus.files=\(corpus)", "--set", "embed.path=\(table)", "--run-dir", workspace.file(run), "--workers",
            "\(workers)", "--set", "cluster.clusters=4",
        ])
    }

    @Test func aTableIsMadeAndUsed() throws {
        let corpus = try workspace.writeCorpus("c.jsonl", rows: 120)
        let made = try distil([
            "--output", workspace.file("new/table"), "--dimension", "16", "--frequencies", corpus, "--type", "int8",
        ])
        #expect(made.status == 0 && made.errors.contains("16 dimensions, int8"), "\(made.errors)")
        let built = try build(corpus, table: workspace.file("new/table"))
        #expect(built.status == 0 && !built.errors.contains("zero embedding"), "\(built.errors)")
        let log = try workspace.write("o.jsonl", "{\"id\": \"o\", \"text\": \"the cat finds a mouse number 7\"}\n")
        let attributed = try CommandLineTool.run(["attribute", log, "--run-dir", workspace.file("run"), "--count", "3"])
        #expect(attributed.status == 0 && attributed.output.contains("\"rank\":3"), "\(attributed.errors)")
    }

    /// A transformer is not replaced by the table that is made of it.
    @Test func aFolderWithAnotherModelIsLeftAsItIs() throws {
        let folder = workspace.file("model")
        try FileManager.default.copyItem(atPath: CommandLineTool.fixture("tiny-bert"), toPath: folder)
        func files() throws -> [String: Data] {
            var files: [String: Data] = [:]
            for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
                files[name] = FileManager.default.contents(atPath: "\(folder)/\(name)")
            }
            return files
        }
        let before = try files()
        let result = try CommandLineTool.run(["distill", folder, "--dimension", "16", "--output", folder])
        #expect(result.status == 79 && result.errors.contains("no static table"), "\(result.errors)")
        #expect(try files() == before)
        let small = try distil(["--smoothing", "1e-200", "--output", workspace.file("t")])
        #expect(small.status == 64 && small.errors.contains("--smoothing"), "\(small.errors)")
    }

    /// The same table, whether the texts are embedded here or their vectors are given.
    @Test func aTableLearnsFromTexts() throws {
        let corpus = try workspace.writeCorpus("c.jsonl", rows: 80)
        let model = CommandLineTool.fixture("tiny-bert")
        let options = ["--dimension", "16", "--frequencies", corpus, "--texts", corpus]
        let made = try distil(options + ["--output", workspace.file("a")])
        #expect(made.status == 0 && made.errors.contains("learning from 80 texts"), "\(made.errors)")
        let built = try build(corpus, table: model)
        #expect(built.status == 0, "\(built.errors)")
        let exported = try CommandLineTool.run([
            "export", workspace.file("run"), "embeddings", workspace.file("v.npy"),
        ])
        #expect(exported.status == 0, "\(exported.errors)")
        let given = try distil(options + ["--text-vectors", workspace.file("v.npy"), "--output", workspace.file("b")])
        #expect(given.status == 0 && !given.errors.contains("texts through the transformer"), "\(given.errors)")
        for name in ["model.safetensors", "config.json"] {
            let files = try ["a", "b"].map { try Data(contentsOf: URL(filePath: workspace.file("\($0)/\(name)"))) }
            #expect(files[0] == files[1], "\(name)")
        }
        let other = try workspace.writeCorpus("d.jsonl", rows: 70)
        for (arguments, status, part) in [
            (["--texts", other, "--text-vectors", workspace.file("v.npy")], 65, "80 vectors for 70 texts"),
            (["--texts", corpus, "--texts", other, "--text-vectors", workspace.file("v.npy")], 65, "80 vectors"),
            (["--text-vectors", workspace.file("v.npy")], 64, "--text-vectors needs --texts"),
            (["--texts", corpus, "--text-strength", "0"], 64, "--text-strength"),
            (["--texts", workspace.file("none.jsonl")], 66, "none.jsonl"),
            (["--texts", try workspace.write("empty.jsonl", "")], 65, "has no text"),
        ] {
            let result = try distil(["--dimension", "16", "--output", workspace.file("c")] + arguments)
            #expect(Int(result.status) == status && result.errors.contains(part), "\(result.errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: workspace.file("c")))
    }

    /// Their vector is zero: counted, reported, similar to nothing, and no number that is not one.
    @Test func textsOfUnknownWordsAreCounted() throws {
        var corpus = try String(contentsOfFile: workspace.writeCorpus("c.jsonl", rows: 100), encoding: .utf8)
        for row in 0..<3 { corpus += "{\"id\": \"u\(row)\", \"text\": \"ψυχή Ω καὶ\"}\n" }
        let path = try workspace.write("c.jsonl", corpus)
        let table = CommandLineTool.fixture("static-int8")
        let built = try build(path, table: table)
        #expect(built.status == 0 && built.errors.contains("3 rows have a zero embedding"), "\(built.errors)")
        let status = try CommandLineTool.run(["status", workspace.file("run")])
        #expect(status.output.contains("zero vectors 3"), "\(status.output)")
        let log = try workspace.write(
            "o.jsonl", "{\"id\": \"o\", \"text\": \"Ω Ω ψ\"}\n{\"id\": \"p\", \"text\": \"a river\"}\n")
        let attributed = try CommandLineTool.run([
            "attribute", log, "--run-dir", workspace.file("run"), "--no-timing",
        ])
        #expect(attributed.status == 0 && !attributed.output.lowercased().contains("nan"), "\(attributed.output)")
        let lines = attributed.output.split(separator: "\n")
        #expect(lines.count == 2 && lines[0].contains("\"similarity\":0,") && !lines[0].contains("error"), "\(lines)")
        // The same bytes, whatever the number of workers.
        _ = try build(path, table: table, workers: 1, run: "other")
        let (a, b) = (workspace.contents(ofRun: "run"), workspace.contents(ofRun: "other"))
        let vectors = a.keys.filter { $0.hasPrefix("embed/") }
        #expect(!vectors.isEmpty && vectors.allSatisfy { a[$0] == b[$0] })
    }

    @Test func aDamagedTableIsNamed() throws {
        let corpus = try workspace.writeCorpus("c.jsonl", rows: 40)
        try FileManager.default.copyItem(
            atPath: CommandLineTool.fixture("static-float16"), toPath: workspace.file("table"))
        let file = URL(filePath: workspace.file("table/model.safetensors"))
        var bytes = try Data(contentsOf: file)
        // The last half-precision number becomes NaN.
        bytes.replaceSubrange(bytes.count - 2..<bytes.count, with: [0, 0x7e])
        try bytes.write(to: file)
        let result = try build(corpus, table: workspace.file("table"))
        #expect(result.status == 65 && result.errors.contains("model.safetensors"), "\(result.errors)")
        #expect(result.errors.contains("token 117"), "\(result.errors)")
    }

    @Test func wrongArgumentsAreNamed() throws {
        let output = ["--output", workspace.file("table")]
        for (arguments, status, part) in [
            (["--dimension", "0"], 64, "--dimension"), (["--type", "int4"], 64, "--type"),
            (["--smoothing", "0"], 64, "--smoothing"), (["--dimension", "40"], 79, "a dimension of 40"),
            (["--dimension", "8", "--frequencies", workspace.file("none.jsonl")], 66, "none.jsonl"),
        ] {
            let result = try distil(output + arguments)
            #expect(Int(result.status) == status && result.errors.contains(part), "\(result.errors)")
        }
        let missing = try CommandLineTool.run(["distill", workspace.file("no"), "--output", workspace.file("table")])
        #expect(missing.status == 66, "\(missing.errors)")
        let again = try CommandLineTool.run(
            ["distill", CommandLineTool.fixture("static-int8"), "--output", workspace.file("table")])
        #expect(again.status == 79, "\(again.errors)")
        #expect(!FileManager.default.fileExists(atPath: workspace.file("table")))
    }

    /// What was embedded before is kept, whether the process failed or was killed; what is damaged or of other texts is not
    /// used.
    @Test func aDistillationThatEndsEarlyGoesOn() throws {
        let corpus = try workspace.writeCorpus("c.jsonl", rows: 5000)
        let text = try String(contentsOfFile: corpus, encoding: .utf8)
        let (table, parts) = (workspace.file("table"), workspace.file("table.unfinished"))
        func arguments(_ table: String, _ texts: String) -> [String] {
            ["--output", table, "--dimension", "16", "--texts", texts]
        }
        func weights(_ table: String) throws -> Data {
            try Data(contentsOf: URL(filePath: "\(table)/model.safetensors"))
        }
        let whole = try distil(arguments(workspace.file("whole"), corpus))
        #expect(whole.status == 0 && !whole.errors.contains("kept"), "\(whole.errors)")
        #expect(!FileManager.default.fileExists(atPath: workspace.file("whole.unfinished")))

        let broken = try workspace.write("broken.jsonl", text + "no JSON\n")
        #expect(try distil(arguments(table, broken)).status != 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: parts).sorted() == ["0.shard", "2048.shard"])
        let second = "\(parts)/2048.shard"
        try Data(contentsOf: URL(filePath: second)).dropLast(100).write(to: URL(filePath: second))
        let resumed = try distil(arguments(table, corpus))
        #expect(
            resumed.status == 0 && resumed.errors.contains("the embeddings of 2,048 were kept"), "\(resumed.errors)")
        #expect(try weights(table) == weights(workspace.file("whole")))
        #expect(!FileManager.default.fileExists(atPath: parts))

        // A file of the user's own stays, and a table of other inputs takes nobody's parts away.
        #expect(try distil(arguments(table, broken)).status != 0)
        try Data("mine".utf8).write(to: URL(filePath: "\(parts)/notes.txt"))
        #expect(try distil(["--output", table, "--dimension", "16"]).status == 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: parts).count == 3)
        let others = try workspace.write("o.jsonl", String(text.drop { $0 != "\n" }.dropFirst()))
        let other = try distil(arguments(table, others))
        #expect(other.status == 0 && !other.errors.contains("kept"), "\(other.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: parts) == ["notes.txt"])

        for seconds in [0.1, 0.2, 0.4, 0.8] {
            _ = try CommandLineTool.runAndKill(
                ["distill", CommandLineTool.fixture("tiny-bert")] + arguments(workspace.file("killed"), corpus),
                after: seconds)
        }
        #expect(try distil(arguments(workspace.file("killed"), corpus)).status == 0)
        #expect(try weights(workspace.file("killed")) == weights(workspace.file("whole")))
    }
}
