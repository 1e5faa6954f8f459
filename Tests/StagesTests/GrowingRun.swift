import Foundation
import Kernels
import Pipeline
import Stages
import Testing

/// A run of short texts that is built, appended to, and deleted from in this process.
struct GrowingRun {
    let workspace: Workspace
    let directory: RunDirectory
    private let assignments: [String]

    /// A partitioned index whose every partition is read.
    static let partitioned = ["index.kind=partitioned", "index.partitions=5", "index.probes=5"]

    private static let model = Workspace.repository.appending(path: "Tests/EmbeddingTests/Fixtures/tiny-bert").path

    /// A text of its own for each number; a version says the same in other words.
    static func text(_ number: Int, version: Int = 0) -> String {
        var generator = SeededGenerator(seed: UInt64(number), stream: UInt64(version))
        let words = [
            "cat", "river", "compiler", "song", "garden", "lighthouse", "winter", "bridge", "lantern", "harbour",
            "violin", "copper", "meadow", "engine", "winding", "silent", "ancient", "bright",
        ]
        let chosen = (0..<9).map { _ in words[generator.integer(below: words.count)] }
        return chosen.joined(separator: " ") + " number\(number)"
    }

    /// Lines of samples; each has the field `source` with one of two values.
    static func lines(_ numbers: some Sequence<Int>, version: Int = 0) -> String {
        numbers.map { number in
            let source = number % 2 == 0 ? "books" : "mail"
            return
                "{\"id\": \"sample-\(number)\", \"text\": \"\(text(number, version: version))\", \"source\": \"\(source)\", \"year\": \(2000 + number % 3)}\n"
        }.joined()
    }

    init(_ workspace: Workspace, _ numbers: Range<Int>, _ extra: [String] = [], run: String = "run") throws {
        self.workspace = workspace
        let corpus = try workspace.write(Self.lines(numbers), to: "\(run)-corpus.jsonl")
        assignments =
            [
                "corpus.files=\(corpus)", "embed.path=\(Self.model)", "cluster.clusters=4", "corpus.shard_rows=50",
                "calibrate.outputs=50", "calibrate.nulls=100", "fingerprint.signature_weight=0.1",
            ] + extra
        directory = try workspace.build(assignments, run: run)
    }

    /// Builds the run again, with other settings or on all batches.
    func build(retrain: Bool = false, _ extra: [String] = []) throws {
        let (root, configuration) = try Workspace.configuration(assignments + extra)
        _ = try BuildJob(
            configuration: configuration, root: root, directory: directory, workers: 2, allowsMixedPlatforms: false,
            progress: BuildProgress(isTerminal: false) { _ in }
        ).build(retrain: retrain)
    }

    func job() throws -> GrowJob {
        try GrowJob(
            directory: directory, workers: 2, allowsMixedPlatforms: false,
            progress: BuildProgress(isTerminal: false) { _ in }
        ) { _ in }
    }

    @discardableResult
    func append(_ lines: String, again: Bool = false, name: String = UUID().uuidString) throws -> String {
        let path = try workspace.write(lines, to: "\(name).jsonl")
        return try job().append(GrowJob.Files([path], isRepeated: again))
    }

    @discardableResult
    func delete(_ ids: [String], ignoringMissing: Bool = false) throws -> String {
        let path = try workspace.write(ids.joined(separator: "\n") + "\n", to: "delete-\(UUID().uuidString).txt")
        return try DeleteJob(directory: directory).delete(idsIn: path, ignoringMissing: ignoringMissing)
    }

    /// The sources of the texts of some numbers, best first, each with its score.
    func sources(
        of numbers: some Sequence<Int>, version: Int = 0, count: Int = 10, method: MethodName = .gif,
        filter: RowFilter = RowFilter()
    ) throws -> [[Source]] {
        let lines = numbers.map { "{\"id\": \"o\($0)\", \"text\": \"\(Self.text($0, version: version)) again\"}\n" }
        let log = try workspace.write(lines.joined(), to: "log-\(UUID().uuidString).jsonl")
        let job = try AttributionJob(
            directory: directory, modelPath: nil, method: method, filter: filter, workers: 2)
        let sink = OutputCollector()
        _ = try job.run(.texts(path: log), count: count, to: sink)
        return sink.outputs.map { output in
            output.attributions.map {
                Source(id: $0.sourceID, passage: $0.passage, score: $0.score, pValue: $0.pValue, text: $0.text)
            }
        }
    }

    struct Source: Hashable {
        let id: String
        let passage: Int?
        let score: Float
        let pValue: Double?
        let text: String
    }
}

final class OutputCollector: AttributionSink {
    let wantsTexts = true
    var outputs: [AttributedOutput] = []
    func write(_ outputs: [AttributedOutput]) { self.outputs += outputs }
    func finish() {}
    func abandon() {}
}
