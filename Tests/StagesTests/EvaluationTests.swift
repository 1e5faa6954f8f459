import Foundation
import Kernels
import Pipeline
import Probing
import Stages
import Synchronization
import Testing

/// Whole evaluations of small corpora, in this process.
@Suite struct EvaluationTests {
    private let workspace = Workspace()

    private static let model = Workspace.repository.appending(path: "Tests/EmbeddingTests/Fixtures/tiny-bert").path

    /// Texts of a few words; the last has the first's text under another id.
    private let texts: [String] = {
        var generator = SeededGenerator(seed: 5)
        let words = ["river", "stone", "cat", "index", "garden", "song", "ship", "moss", "lantern", "valley", "loop"]
        let made = (0..<120).map { row in
            "sample \(row) " + (0..<9).map { _ in words[generator.integer(below: words.count)] }.joined(separator: " ")
        }
        return made + [made[0]]
    }()

    private func run() throws -> RunDirectory {
        let lines = texts.enumerated().map { "{\"id\": \"t\($0)\", \"text\": \"\($1)\"}\n" }
        let corpus = try workspace.write(lines.joined(), to: "corpus.jsonl")
        return try workspace.build([
            "corpus.files=\(corpus)", "embed.path=\(Self.model)", "cluster.clusters=4", "calibrate.outputs=50",
            "calibrate.nulls=100",
        ])
    }

    /// Thirty outputs with a source, one of them known under the other id; four without; one whose source is lost.
    private func queries() throws -> String {
        var lines = (0..<30).map { row in
            let words = texts[row * 4].split(separator: " ").dropFirst(row % 3).dropLast(2).joined(separator: " ")
            return "{\"id\": \"q\(row)\", \"text\": \"\(words)\", \"source_ids\": [\"t\(row == 0 ? 120 : row * 4)\"]}\n"
        }
        lines += (0..<4).map { "{\"id\": \"n\($0)\", \"text\": \"stone moss number \($0)\", \"source_ids\": []}\n" }
        lines.append("{\"id\": \"lost\", \"text\": \"a river\", \"source_ids\": [\"elsewhere\"]}\n")
        return try workspace.write(lines.joined(), to: "queries.jsonl")
    }

    /// - Returns: the report's files, and the notes.
    private func evaluate(
        _ directory: RunDirectory, _ queries: String, to name: String, workers: Int = 2,
        _ change: (inout EvaluationSettings) -> Void = { _ in }
    ) throws -> (files: [String: String], notes: [String]) {
        var settings = EvaluationSettings(queries: queries)
        settings.measuresTime = false
        settings.simulatedNulls = 40
        settings.workers = workers
        change(&settings)
        let notes = Notes()
        let job = try EvaluationJob(
            directory: directory, modelPath: nil, settings: settings,
            progress: BuildProgress(isTerminal: false) { _ in }, note: { notes.add($0) })
        _ = try job.run(to: workspace.file(name))
        var files: [String: String] = [:]
        for file in RunDirectory.list(workspace.file(name)) {
            files[file] = try String(contentsOfFile: workspace.file("\(name)/\(file)"), encoding: .utf8)
        }
        return (files, notes.all)
    }

    private final class Notes: Sendable {
        private let notes = Mutex<[String]>([])
        func add(_ note: String) { notes.withLock { $0.append(note) } }
        var all: [String] { notes.withLock { $0 } }
    }

    private func rows(_ csv: String?) throws -> [[String: String]] {
        let lines = try #require(csv).split(separator: "\r\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false)
        }
        return lines.dropFirst().map { line in
            Dictionary(uniqueKeysWithValues: zip(lines[0], line).map { (String($0), String($1)) })
        }
    }

    @Test func `the tables are what the rankings say, and methods rank through their cache as they did fresh`() throws {
        let (directory, queries) = (try run(), try queries())
        let fresh = try evaluate(directory, queries, to: "fresh")
        #expect(fresh.notes.count == 1 && fresh.notes[0].contains("elsewhere"), "\(fresh.notes)")
        for file in [
            "index.html", "methods.csv", "precision.svg", "projection.csv", "no-source.csv", "calibration.svg",
        ] {
            #expect(fresh.files[file]?.isEmpty == false, "\(file)")
        }
        #expect(fresh.files["latency.csv"] == nil)
        let rankings = try rows(fresh.files["rankings.csv"])
        for method in try rows(fresh.files["methods.csv"]) {
            let own = rankings.filter { $0["method"] == method["method"] }
            var (first, reciprocal) = (0.0, 0.0)
            for row in 0..<30 {
                let list = own.filter { $0["query"] == "q\(row)" }
                // The same text under another id is the same source, and listed once.
                let sources = list.compactMap { Int($0["source_id"]!.dropFirst()).map { texts[$0] } }
                #expect(Set(sources).count == sources.count && list.count <= 10)
                for (line, text) in zip(list, sources) {
                    #expect((line["is_source"] == "1") == (text == texts[row * 4]))
                }
                guard let place = sources.firstIndex(of: texts[row * 4]) else { continue }
                first += place == 0 ? 1 : 0
                reciprocal += 1 / Double(place + 1)
            }
            #expect(abs(Double(method["P@1"]!)! - first / 30) < 1e-12, "\(method)")
            #expect(abs(Double(method["MRR"]!)! - reciprocal / 30) < 1e-12, "\(method)")
        }
        #expect(try rows(fresh.files["methods.csv"]).map { $0["method"]! } == MethodName.allCases.map(\.rawValue))

        let cached = try evaluate(directory, queries, to: "cached", workers: 1)
        #expect(cached.files == fresh.files)
        // A state with a flipped bit is told of and made again.
        let states = RunDirectory.list(directory.file("methods"))
        #expect(states.count == 6, "\(states)")
        for state in states {
            let file = try #require(RunDirectory.list(directory.file("methods/\(state)")).first)
            let path = directory.file("methods/\(state)/\(file)")
            var data = try Data(contentsOf: URL(filePath: path))
            data[data.count / 2] ^= 0x10
            try data.write(to: URL(filePath: path))
        }
        let damaged = try evaluate(directory, queries, to: "damaged")
        #expect(damaged.files == fresh.files)
        #expect(damaged.notes.filter { $0.contains("made again") }.count == 6, "\(damaged.notes)")
    }

    @Test func `hidden samples are nobody's source and no method ranks them`() throws {
        let (directory, queries) = (try run(), try queries())
        // Another text under the fifth id, and two sources taken down.
        let words = texts[100].split(separator: " ").reversed().joined(separator: " ")
        let night = try workspace.write("{\"id\": \"t4\", \"text\": \"\(words)\"}\n", to: "night.jsonl")
        let job = try GrowJob(
            directory: directory, workers: 2, allowsMixedPlatforms: false,
            progress: BuildProgress(isTerminal: false) { _ in }
        ) { _ in }
        _ = try job.append(GrowJob.Files([night]))
        let ids = try workspace.write("t8\nt12\n", to: "ids.txt")
        _ = try DeleteJob(directory: directory).delete(idsIn: ids)
        let report = try evaluate(directory, queries, to: "report") { settings in
            var contributive = ContributiveSettings()
            (contributive.subsets, contributive.outputs) = (6, 5)
            (contributive.removalOutputs, contributive.removed) = (2, [5])
            settings.contributive = contributive
        }
        #expect(
            report.notes.contains { $0.contains("3 samples of the run are deleted or replaced") }, "\(report.notes)")
        #expect(try #require(report.files["index.html"]).contains("samples that are deleted or replaced"))
        let rankings = try rows(report.files["rankings.csv"])
        // Queries of the two that are gone have lost their source; each method ranks ten of those that are left.
        let asked = Set(rankings.compactMap { $0["query"] })
        #expect(asked.count == 28 && asked.isDisjoint(with: ["q2", "q3"]))
        #expect(Set(rankings.compactMap { $0["method"] }).count == MethodName.allCases.count)
        #expect(Set(rankings.compactMap { $0["source_id"] }).isDisjoint(with: ["t8", "t12", ""]))
        #expect(
            rankings.filter { $0["source_id"] == "t4" && $0["query"] == "q1" }.allSatisfy { $0["is_source"] == "1" })
        #expect(rankings.count == 28 * 10 * MethodName.allCases.count)
    }

    @Test func `queries without any source are refused, with the reason`() throws {
        let directory = try run()
        let queries = try workspace.write(
            "{\"id\": \"a\", \"text\": \"b\", \"source_ids\": [\"gone\"]}\n{\"id\": \"c\", \"text\": \"d\"}\n",
            to: "q.jsonl")
        let error = #expect(throws: RunError.self) { try evaluate(directory, queries, to: "report") }
        #expect(error?.kind == .badInput && error?.message.contains("gone") == true, "\(error?.message ?? "")")
        #expect(throws: RunError.self) {
            try evaluate(directory, try self.queries(), to: "report") { $0.documentField = "article" }
        }
    }

    @Test(arguments: ["linear", "hidden"])
    func `a run of vectors leaves out what it cannot have, and says so`(probe: String) throws {
        let vectors = clusteredVectors(200, dimension: 8, clusters: 4, seed: 3)
        let corpus = try workspace.write(vectors, to: "corpus.npy")
        let directory = try workspace.build([
            "corpus.files=\(corpus)", "cluster.clusters=4", "probe.kind=\(probe)", "calibrate.outputs=50",
            "calibrate.nulls=100",
        ])
        var generator = SeededGenerator(seed: 8)
        var outputs = vectors.rows(0..<20)
        for index in outputs.elements.indices { outputs.elements[index] += 0.05 * generator.normal() }
        let lines = (0..<20).map { "{\"id\": \"q\($0)\", \"text\": \"-\", \"source_ids\": [\($0)]}\n" }
        let queries = try workspace.write(lines.joined(), to: "queries.jsonl")
        let path = try workspace.write(outputs, to: "queries.npy")
        let report = try evaluate(directory, queries, to: "report") { settings in
            settings.vectors = path
            var contributive = ContributiveSettings()
            (contributive.subsets, contributive.outputs) = (6, 5)
            (contributive.removalOutputs, contributive.removed) = (2, [5])
            settings.contributive = contributive
        }
        let methods = try rows(report.files["methods.csv"]).map { $0["method"]! }
        let page = try #require(report.files["index.html"])
        #expect(!methods.contains("bm25") && page.contains("bm25 is left out"))
        #expect(methods.contains("trak") == (probe == "linear"))
        #expect(page.contains("hidden layer") == (probe == "hidden"))
        #expect((report.files["lds.csv"] != nil) == (probe == "linear"))
        if probe == "linear" {
            let scores = try rows(report.files["lds.csv"]).compactMap { $0["LDS"].flatMap(Double.init) }
            #expect(scores.count == 8 && scores.allSatisfy { abs($0) <= 1 })
        }
    }
}
