import Foundation
import Kernels
import Pipeline
import Stages
import Testing

/// Other methods behind `attribute`.
@Suite struct MethodTests {
    private let workspace = Workspace()
    private static let quick = ["calibrate.outputs=50", "calibrate.nulls=100", "cluster.clusters=5"]

    private static let texts = (0..<120).map { row in
        let subject = ["the cat", "A river", "the compiler", "an old song"][row % 4]
        return
            "\(subject) \(["finds", "crosses", "hides"][row / 4 % 3]) row\(row % 17) and Row\(row % 11), number\(row)"
    }
    private static let outputs = [
        "the cat finds row3", "an old OLD song and number77", "nothing of it, really", "row5",
    ]

    private func buildTexts() throws -> RunDirectory {
        let lines = Self.texts.enumerated().map { "{\"id\": \"t\($0)\", \"text\": \"\($1)\"}\n" }
        let model = Workspace.repository.appending(path: "Tests/EmbeddingTests/Fixtures/tiny-bert").path
        return try workspace.build(
            ["corpus.files=\(try workspace.write(lines.joined(), to: "corpus.jsonl"))", "embed.path=\(model)"]
                + Self.quick)
    }

    private func log(_ outputs: [String] = Self.outputs) throws -> String {
        let lines = outputs.enumerated().map { "{\"id\": \"o\($0)\", \"text\": \"\($1)\"}\n" }
        return try workspace.write(lines.joined(), to: "log.jsonl")
    }

    private func buildVectors(_ corpus: Matrix) throws -> RunDirectory {
        try workspace.build(["corpus.files=\(try workspace.write(corpus, to: "corpus.npy"))"] + Self.quick)
    }

    @Test func `static is the order of the cosine`() throws {
        let corpus = clusteredVectors(150, dimension: 12, clusters: 5, seed: 1)
        let queries = clusteredVectors(9, dimension: 12, clusters: 5, spread: 0.6, seed: 2)
        let directory = try buildVectors(corpus)
        let found = try workspace.attribute(
            directory, vectors: try workspace.write(queries, to: "queries.npy"), method: .static, count: 20)
        #expect(found.count == 9)
        for (row, output) in found.enumerated() {
            let cosines = (0..<150).map { cosine(queries.row(row), corpus.row($0)) }
            let expected = cosines.indices.sorted { cosines[$0] > cosines[$1] }.prefix(20)
            #expect(output.attributions.map(\.sourceID) == expected.map { "\($0)" })
            for (attribution, row) in zip(output.attributions, expected) {
                #expect(abs(Double(attribution.score) - cosines[row]) < 1e-5)
                #expect(abs(Double(attribution.similarity) - cosines[row]) < 1e-5)
            }
        }
    }

    private func cosine(_ a: [Float], _ b: [Float]) -> Double {
        func product(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
        return product(a, b) / (product(a, a) * product(b, b)).squareRoot()
    }

    @Test func `bm25 is that of the books`() throws {
        let found = try workspace.attribute(buildTexts(), log: log(), method: .bm25, count: 40)
        func words(_ text: String) -> [String] {
            text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
        }
        let corpus = Self.texts.map(words)
        let meanLength = Double(corpus.map(\.count).reduce(0, +)) / Double(corpus.count)
        for (text, output) in zip(Self.outputs, found) {
            var scores = [Double](repeating: 0, count: corpus.count)
            for word in Set(words(text)) {
                let n = Double(corpus.count { $0.contains(word) })
                let idf = log1p((Double(corpus.count) - n + 0.5) / (n + 0.5))
                for row in corpus.indices {
                    let count = Double(corpus[row].count { $0 == word })
                    let length = 1 - 0.75 + 0.75 * Double(corpus[row].count) / meanLength
                    scores[row] += idf * count * 2.2 / (count + 1.2 * length)
                }
            }
            let matching = scores.indices.filter { scores[$0] > 0 }.sorted {
                abs(scores[$0] - scores[$1]) > 1e-6 ? scores[$0] > scores[$1] : $0 < $1
            }
            #expect(output.attributions.map(\.sourceID) == matching.prefix(40).map { "t\($0)" }, "\(text)")
            for (attribution, row) in zip(output.attributions, matching) {
                #expect(abs(Double(attribution.score) - scores[row]) < 1e-5)
            }
        }
        #expect(found[2].attributions.isEmpty && !found[1].attributions.isEmpty)
    }

    /// Language models get caught in loops. To say the same a thousand times is no evidence for a source.
    @Test func `an output that repeats itself is not surer of its source`() throws {
        let directory = try buildTexts()
        let outputs = ["row5 and what is", "nothing of the song", "an older Row7, a number", "river hides"]
        let loops = outputs.map { output in Array(repeating: output, count: 1000).joined(separator: " ") }
        let stuck = outputs.map { "\($0) " + Array(repeating: "number", count: 1000).joined(separator: " ") }
        let found = try workspace.attribute(directory, log: log(outputs + loops + stuck))
        let pValues = found.map { $0.attributions[0].pValue! }
        for output in 0..<4 { #expect(pValues[4 + output] >= pValues[output]) }
        for output in 8..<12 { #expect(pValues[output] > 0.05) }
    }

    /// Weights and null distribution hold for the version that made them.
    @Test func `a calibration of another version is refused, and it is said what makes it anew`() throws {
        let directory = try buildTexts()
        let folder = directory.file(CalibrateStage.name)
        let path = try #require(RunDirectory.list(folder).first.map { "\(folder)/\($0)/\(Manifest.fileName)" })
        let manifest = try JSONEncoder().encode(try JSONFile.unseal(Manifest.self, path: path))
        var fields = try #require(try JSONSerialization.jsonObject(with: manifest) as? [String: Any])
        fields["version"] = CalibrateStage.version - 1
        let older = try JSONDecoder().decode(
            Manifest.self, from: try JSONSerialization.data(withJSONObject: fields))
        try JSONFile.seal(older, path: path)
        let error = #expect(throws: RunError.self) { try workspace.attribute(directory, log: log()) }
        #expect(error?.kind == .incompatible && error?.message.contains("`gradprint merge`") == true)
    }

    /// The same shape as the run's own ranking, but for what only that one knows.
    @Test(arguments: MethodName.allCases)
    func `every method ranks texts, and keeps what it learned`(method: MethodName) throws {
        let directory = try buildTexts()
        let log = try log()
        let first = try workspace.attribute(directory, log: log, method: method, count: 7)
        let kept = RunDirectory.list(directory.file("methods"))
        let again = try workspace.attribute(directory, log: log, method: method, count: 7)
        #expect(RunDirectory.list(directory.file("methods")) == kept)
        #expect(kept.allSatisfy { $0.hasPrefix(method.rawValue + ".") })
        #expect(first.map(\.attributions) == again.map(\.attributions))
        for output in first {
            guard case .attributed(let list, let noSource, _) = output.result else {
                Issue.record("\(output)")
                continue
            }
            #expect((noSource == nil) == (method != .gif))
            #expect(list.count == 7 || method == .bm25 && list.count < 7)
            #expect(list.map(\.rank) == Array(1..<list.count + 1) && Set(list.map(\.sourceID)).count == list.count)
            for (before, after) in zip(list, list.dropFirst()) { #expect(before.score >= after.score) }
            #expect(list.allSatisfy { ($0.pValue == nil) == (method != .gif) && $0.tokenInfluence != nil })
            #expect(list.contains { $0.influence != 0 && $0.similarity != 0 } || list.isEmpty)
        }
    }

    @Test func `methods over words refuse vectors, and say why`() throws {
        let corpus = clusteredVectors(150, dimension: 32, clusters: 5, seed: 1)
        let directory = try buildVectors(corpus)
        let vectors = workspace.file("corpus.npy")
        for method in [MethodName.bm25, .rrf] {
            let withoutTexts = #expect(throws: RunError.self) {
                try workspace.attribute(directory, vectors: vectors, method: method)
            }
            #expect(withoutTexts?.kind == .incompatible)
            #expect(withoutTexts?.message.contains("words") == true, "\(withoutTexts?.message ?? "")")
        }
        // Every output a vector, though the corpus has texts.
        let failure = #expect(throws: RunError.self) {
            try workspace.attribute(try buildTexts(), vectors: vectors, method: .bm25)
        }
        #expect(failure?.kind == .incompatible && failure?.message.contains("--vectors") == true)
    }

    @Test func `a method says where it keeps what it learns`() throws {
        let directory = try buildTexts()
        var said: [String] = []
        _ = try AttributionJob(directory: directory, modelPath: nil, method: .gradient, workers: 2) { said.append($0) }
        #expect(said.count == 1 && said[0].contains(directory.file("methods")) && said[0].contains("gradient"))
        #expect(RunDirectory.list(directory.file("methods")).count == 1)
        _ = try AttributionJob(directory: directory, modelPath: nil, workers: 2) { said.append($0) }
        #expect(said.count == 1)
    }
}
