import Foundation
import Testing

@Suite struct AttributeTests {
    private let workspace = Workspace()

    private func build(_ extra: [String] = [], rows: Int = 200) throws {
        let corpus = try workspace.writeCorpus("corpus.jsonl", rows: rows)
        var arguments = [
            "build", CommandLineTool.repository.appending(path: "pipelines/default.yaml").path, "--set",
            "corpus.files=\(corpus)", "--set", "embed.path=\(CommandLineTool.fixture("tiny-bert"))", "--run-dir",
            workspace.file("run"),
        ]
        for assignment in extra { arguments += ["--set", assignment] }
        let result = try CommandLineTool.run(arguments)
        #expect(result.status == 0, "\(result.errors)")
    }

    private func attribute(_ log: String, _ extra: [String] = []) throws -> [[String: Any]] {
        let path = try workspace.write("log.jsonl", log)
        let result = try CommandLineTool.run(["attribute", path, "--run-dir", workspace.file("run")] + extra)
        #expect(result.status == 0, "\(result.errors)")
        return try result.output.split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    /// A sample of the corpus itself is its own first source.
    @Test(arguments: [[], ["fingerprint.signature_weight=0.2"], ["probe.kind=hidden"]])
    func aCopyIsFoundFirst(settings: [String]) throws {
        try build(settings)
        let log = (0..<20).map { row in
            "{\"id\": \"o\(row)\", \"text\": \"\(["the cat", "a river", "the compiler", "an old song", "her garden", "the index", "a lighthouse"][row % 7]) \(["finds", "crosses", "rewrites", "remembers", "feeds", "measures", "hides"][row / 7 % 7]) a mouse number \(row)\"}\n"
        }
        let results = try attribute(log.joined(), ["--count", "3"])
        #expect(results.count == 20)
        for (row, result) in results.enumerated() {
            let attributions = try #require(result["attributions"] as? [[String: Any]])
            #expect(attributions.count == 3)
            #expect(attributions[0]["source_id"] as? String == "s\(row)")
            let similarity = try #require(attributions[0]["similarity"] as? Double)
            #expect(abs(similarity - 1) < 1e-4)
            #expect(result["no_source"] as? Bool == false)
            let chances = attributions.compactMap { $0["p_value"] as? Double }
            #expect(chances.count == 3 && chances[0] <= 0.05 && chances == chances.sorted())
            #expect(attributions.allSatisfy { $0["relative_influence"] is Double })
            let explained = try #require(attributions[0]["token_influence"] as? Double)
            #expect(explained < 0)
        }
    }

    /// 400 nulls show nothing at a level of one in a thousand: that is no finding, and not the lack of one.
    @Test func atALevelThatNullsCannotShowNothingIsSaid() throws {
        try build(["calibrate.nulls=200"])
        let log = "{\"id\": \"a\", \"text\": \"the cat finds a mouse number 0\"}\n"
        let known = try attribute(log, ["--level", "0.05"])
        #expect(known[0]["no_source"] as? Bool == false)
        let unknown = try attribute(log, ["--level", "0.001"])
        #expect(unknown[0]["no_source"] is NSNull)
        let sources = try #require(unknown[0]["attributions"] as? [[String: Any]])
        #expect(!sources.isEmpty && sources.allSatisfy { $0["p_value"] is NSNull })
        let table = try CommandLineTool.run([
            "attribute", workspace.file("log.jsonl"), "--run-dir", workspace.file("run"), "--level", "0.001",
            "--format", "table",
        ])
        #expect(table.output.contains("a  not tested: the cat") && table.output.contains("1 outputs, 1 not tested,"))
        #expect(table.errors.contains("1 that nothing is known of at level 0.001"), "\(table.errors)")
        let others = try CommandLineTool.run([
            "attribute", workspace.file("log.jsonl"), "--run-dir", workspace.file("run"), "--method", "bm25",
            "--format", "table",
        ])
        #expect(others.output.contains("a  the cat") && !others.output.contains("tested"))
    }

    /// What is read, and the files of a run, are no place for a result.
    @Test func aResultReplacesNothingThatIsRead() throws {
        try build()
        let text = "{\"id\": \"a\", \"text\": \"the cat finds a mouse number 0\"}\n"
        let log = try workspace.write("log.jsonl", text)
        let run = workspace.file("run")
        for arguments in [
            ["--output", log], ["--report", log], ["--output", "\(run)/configuration.yaml"],
            ["--output", workspace.file("a"), "--report", workspace.file("a")],
        ] {
            let result = try CommandLineTool.run(["attribute", log, "--run-dir", run] + arguments)
            #expect(result.status == 64, "\(arguments) \(result.errors)")
        }
        #expect(try String(contentsOfFile: log, encoding: .utf8) == text)
        let ids = workspace.file("ids.npy")
        #expect(try CommandLineTool.run(["export", run, "embeddings", ids, "--ids", ids]).status == 64)
    }

    /// A log of another shape is no success; its lines say what is wrong.
    @Test func aLogOfWhichNothingCanBeReadFails() throws {
        try build()
        let log = try workspace.write("log.jsonl", "{\"id\": \"a\", \"output\": \"the cat\"}\n")
        let result = try CommandLineTool.run([
            "attribute", log, "--run-dir", workspace.file("run"), "--output", workspace.file("result.jsonl"),
        ])
        #expect(result.status == 65 && result.errors.contains("no output could be attributed"), "\(result.errors)")
        #expect(try String(contentsOfFile: workspace.file("result.jsonl"), encoding: .utf8).contains("\"error\""))
        let empty = try workspace.write("empty.jsonl", "")
        #expect(try CommandLineTool.run(["attribute", empty, "--run-dir", workspace.file("run")]).status == 0)
    }

    @Test func aRunWithoutAFinishedBuildIsNotSound() throws {
        try build()
        try FileManager.default.removeItem(atPath: workspace.file("run/generations"))
        let result = try CommandLineTool.run(["check", workspace.file("run")])
        #expect(result.status == 66 && result.errors.contains("no build has come to its end"), "\(result.errors)")
    }

    @Test func badLinesGiveAnErrorInPlaceAndTheOthersGoOn() throws {
        try build()
        let results = try attribute(
            "{\"text\": \"the cat finds\"}\n\n{broken\n{\"id\": \"x\", \"text\": \"\"}\n{\"id\": 7, \"text\": \"a river\"}\n"
        )
        #expect(results.count == 4)
        #expect(results[0]["id"] as? String == "1" && results[0]["attributions"] != nil)
        #expect(results[1]["id"] as? String == "3" && results[1]["error"] != nil)
        #expect(results[2]["id"] as? String == "x" && results[2]["error"] != nil)
        #expect(results[3]["id"] as? String == "7" && results[3]["attributions"] != nil)
    }

    @Test func withoutTimingTheOutputIsReproducible() throws {
        try build()
        let log = try workspace.write(
            "log.jsonl", (0..<50).map { "{\"id\": \"\($0)\", \"text\": \"the index \($0)\"}\n" }.joined())
        var outputs: [String] = []
        for workers in ["1", "2", "2"] {
            outputs.append(
                try CommandLineTool.run([
                    "attribute", log, "--run-dir", workspace.file("run"), "--no-timing", "--workers", workers,
                ])
                .output)
        }
        #expect(!outputs[0].isEmpty && outputs[0] == outputs[1] && outputs[1] == outputs[2])
        #expect(!outputs[0].contains("timing"))
    }

    /// What a killed process left of a result goes with the next that is complete, and what is not its own stays.
    @Test func whatAKilledProcessLeftGoes() throws {
        try build()
        let (log, result) = (workspace.file("pipe"), workspace.file("result.jsonl"))
        // Nobody writes to it, so the process waits.
        let made = unsafe mkfifo(log, 0o600)
        #expect(made == 0)
        func parts() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: workspace.path).filter { $0.hasPrefix(".part-") }
        }
        for seconds in [2.0, 4, 8, 16] where try parts().isEmpty {
            let arguments = ["attribute", log, "--run-dir", workspace.file("run"), "--output", result]
            #expect(try !CommandLineTool.runAndKill(arguments, after: seconds))
        }
        let part = try #require(parts().first)
        let digest = try #require(part.split(separator: "-").last)
        let others = [".part-1-\(digest)", ".part-4194305-00000000.jsonl"]
        for name in others { _ = try workspace.write(name, "x") }
        for name in others + [part] {
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 0)], ofItemAtPath: workspace.file(name))
        }
        let text = try workspace.write("log.jsonl", "{\"id\": \"o\", \"text\": \"a river\"}\n")
        let again = try CommandLineTool.run(["attribute", text, "--run-dir", workspace.file("run"), "--output", result])
        #expect(again.status == 0, "\(again.errors)")
        #expect(try Set(parts()) == Set(others))
    }

    @Test func thePaperProfileRanksByInfluence() throws {
        let corpus = try workspace.writeCorpus("corpus.jsonl", rows: 150)
        let result = try CommandLineTool.run([
            "build", CommandLineTool.repository.appending(path: "pipelines/paper.yaml").path, "--set",
            "corpus.files=\(corpus)", "--set", "embed.path=\(CommandLineTool.fixture("tiny-mpnet"))", "--run-dir",
            workspace.file("run"),
        ])
        #expect(result.status == 0, "\(result.errors)")
        for output in try attribute("{\"id\": \"o\", \"text\": \"a river crosses the valley\"}\n") {
            let attributions = try #require(output["attributions"] as? [[String: Any]])
            let influences = attributions.compactMap { $0["influence"] as? Double }
            #expect(influences.count == 10 && influences == influences.sorted(), "most negative first: \(influences)")
        }
    }

    @Test func theResultReplacesAFileOnlyWhenItIsComplete() throws {
        try build()
        let log = try workspace.write("log.jsonl", "{\"id\": \"o\", \"text\": \"a river\"}\n")
        let result = try workspace.write("result.jsonl", "the last one\n")
        let missing = try CommandLineTool.run(
            ["attribute", workspace.file("none.jsonl"), "--run-dir", workspace.file("run"), "--output", result])
        #expect(missing.status == 66, "\(missing.errors)")
        #expect(try String(contentsOfFile: result, encoding: .utf8) == "the last one\n")
        let over = try CommandLineTool.run(["attribute", log, "--run-dir", workspace.file("run"), "--output", result])
        #expect(over.status == 0, "\(over.errors)")
        #expect(try String(contentsOfFile: result, encoding: .utf8).contains("attributions"))
        let table = try CommandLineTool.run(
            ["attribute", log, "--run-dir", workspace.file("run"), "--format", "table", "--no-timing"])
        #expect(table.output.contains("1 outputs") && !table.output.contains("time an output"))
        for device in ["/dev/null", "/dev/full"] {
            let written = try CommandLineTool.run(
                ["attribute", log, "--run-dir", workspace.file("run"), "--output", device])
            #expect(written.status == (device == "/dev/null" ? 0 : 73), "\(written.errors)")
        }
        // A link stays a link, and the file behind it keeps its mode.
        _ = unsafe chmod(result, 0o600)
        try FileManager.default.createSymbolicLink(atPath: workspace.file("link.jsonl"), withDestinationPath: result)
        let linked = try CommandLineTool.run(
            ["attribute", log, "--run-dir", workspace.file("run"), "--output", workspace.file("link.jsonl")])
        #expect(linked.status == 0, "\(linked.errors)")
        let attributes = try FileManager.default.attributesOfItem(atPath: result)
        #expect(attributes[.posixPermissions] as? Int == 0o600 && attributes[.size] as? Int ?? 0 > 20)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: workspace.file("link.jsonl")) == result)
        let left = try FileManager.default.contentsOfDirectory(atPath: workspace.path).filter { $0.contains(".part") }
        #expect(left.isEmpty, "\(left)")
    }

    @Test func anotherEmbedderIsRefused() throws {
        try build()
        let log = try workspace.write("log.jsonl", "{\"id\": \"o\", \"text\": \"a river\"}\n")
        let result = try CommandLineTool.run([
            "attribute", log, "--run-dir", workspace.file("run"), "--model", CommandLineTool.fixture("tiny-mpnet"),
        ])
        #expect(result.status == 79 && result.errors.contains("embedder"), "\(result.errors)")
    }

    @Test func passagesNameTheirDocument() throws {
        var text = ""
        for row in 0..<300 { text += "word\(row % 17) and thing\(row % 23) number \(row) " }
        try workspace.write(
            "corpus.jsonl", (0..<4).map { "{\"id\": \"d\($0)\", \"text\": \"\($0) \(text)\"}\n" }.joined())
        let result = try CommandLineTool.run([
            "build", CommandLineTool.repository.appending(path: "pipelines/default.yaml").path, "--set",
            "corpus.files=\(workspace.file("corpus.jsonl"))", "--set",
            "embed.path=\(CommandLineTool.fixture("tiny-bert"))",
            "--set", "corpus.passage={tokens: 50, stride: 40}", "--run-dir", workspace.file("run"),
        ])
        #expect(result.status == 0, "\(result.errors)")
        for output in try attribute("{\"id\": \"o\", \"text\": \"word3 and thing4 number 5\"}\n") {
            let first = try #require((output["attributions"] as? [[String: Any]])?.first)
            #expect((first["source_id"] as? String)?.hasPrefix("d") == true && first["passage"] is Int)
        }
    }
}
