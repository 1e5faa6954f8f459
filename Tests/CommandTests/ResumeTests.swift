import Foundation
import Testing

/// A build that is killed at any moment and started again ends with the same bytes.
@Suite(.serialized) struct ResumeTests {
    private let workspace = Workspace()

    private func arguments(_ run: String, corpus: String, workers: Int) -> [String] {
        [
            "build", CommandLineTool.repository.appending(path: "pipelines/default.yaml").path,
            "--set", "corpus.files=\(corpus)", "--set", "embed.path=\(CommandLineTool.fixture("tiny-bert"))",
            "--set", "corpus.shard_rows=100", "--set", "fingerprint.signature_weight=0.1",
            "--set", "embed.sentences=true", "--set", "tokens.near=true", "--run-dir",
            workspace.file(run), "--workers", "\(workers)", "--quiet",
        ]
    }

    /// Kills one build `kills` times at moments spread over its length, then lets it end.
    private func checkResume(rows: Int, kills: Int, workers: Int) throws {
        let corpus = try workspace.writeCorpus("corpus.jsonl", rows: rows)
        let start = Date.now
        let whole = try CommandLineTool.run(arguments("whole", corpus: corpus, workers: 1))
        let length = Date.now.timeIntervalSince(start)
        #expect(whole.status == 0, "\(whole.errors)")
        let expected = workspace.contents(ofRun: "whole")
        #expect(expected.count > 20)

        var generator = SystemRandomNumberGenerator()
        var ended = 0
        for attempt in 0..<kills {
            let moment = Double.random(in: 0...length, using: &generator)
            // Each attempt goes on where the last was killed; one that reached the end starts over.
            if try CommandLineTool.runAndKill(
                arguments("killed", corpus: corpus, workers: workers), after: moment * (attempt % 2 == 0 ? 1 : 0.3))
            {
                ended += 1
                #expect(workspace.contents(ofRun: "killed") == expected)
                try FileManager.default.removeItem(atPath: workspace.file("killed"))
            }
        }
        let last = try CommandLineTool.run(arguments("killed", corpus: corpus, workers: workers))
        #expect(last.status == 0, "\(last.errors)")
        let found = workspace.contents(ofRun: "killed")
        #expect(Set(found.keys) == Set(expected.keys))
        for (name, bytes) in expected { #expect(found[name] == bytes, "\(name) differs") }
        #expect(ended < kills, "every build ended before it could be killed")
    }

    @Test(arguments: [1, 2]) func killedBuildsEndWithTheSameBytes(workers: Int) throws {
        try checkResume(rows: 500, kills: 4, workers: workers)
    }

    /// Two settings in turn, killed again and again: in the end nothing of the other one is left, and nothing is lost.
    @Test func killedBuildsOfTwoSettingsEndWithTheSameBytes() throws {
        let corpus = try workspace.writeCorpus("corpus.jsonl", rows: 500)
        func arguments(_ run: String, clusters: Int) -> [String] {
            self.arguments(run, corpus: corpus, workers: 2) + ["--set", "cluster.clusters=\(clusters)"]
        }
        for clusters in [5, 6] {
            let result = try CommandLineTool.run(arguments("whole\(clusters)", clusters: clusters))
            #expect(result.status == 0, "\(result.errors)")
        }
        for attempt in 0..<8 {
            _ = try CommandLineTool.runAndKill(
                arguments("killed", clusters: 5 + attempt % 2), after: Double.random(in: 0...0.4))
        }
        for clusters in [5, 6] {
            let result = try CommandLineTool.run(arguments("killed", clusters: clusters))
            #expect(result.status == 0, "\(result.errors)")
            let expected = workspace.contents(ofRun: "whole\(clusters)").filter { !$0.key.hasPrefix("generations") }
            let found = workspace.contents(ofRun: "killed").filter { !$0.key.hasPrefix("generations") }
            // What the generation before the current one needs stays, and nothing else.
            let either = workspace.contents(ofRun: "whole5").merging(workspace.contents(ofRun: "whole6")) { a, _ in a }
            #expect(Set(found.keys).isSubset(of: either.keys))
            for (name, bytes) in expected { #expect(found[name] == bytes, "\(name) differs") }
            #expect(workspace.contents(ofRun: "killed").keys.filter { $0.hasPrefix("generations/") }.count <= 2)
            #expect(try CommandLineTool.run(["check", workspace.file("killed")]).status == 0)
        }
    }

    @Suite struct SlowResumeTests {
        @Test(arguments: [1, 2]) func fiftyKills(workers: Int) throws {
            try ResumeTests().checkResume(rows: 3000, kills: 50, workers: workers)
        }
    }
}
