import Foundation
import Kernels
import Pipeline
import Stages
import Storage
import Testing

/// The embeddings of sentences in a run that grows and loses rows, and files of them that are damaged.
@Suite struct SentenceGrowthTests {
    private let workspace = Workspace()

    /// Samples of three sentences each.
    private static func lines(_ numbers: Range<Int>) -> String {
        numbers.map { number in
            let text = (0..<3).map { GrowingRun.text(number, version: $0) + "." }.joined(separator: " ")
            return "{\"id\": \"sample-\(number)\", \"text\": \"\(text)\"}\n"
        }.joined()
    }

    private func run() throws -> GrowingRun {
        let run = try GrowingRun(workspace, 0..<60, ["embed.sentences=true", "tokens.near=true"])
        try run.append(Self.lines(60..<120))
        return run
    }

    private func artifacts(_ run: GrowingRun) throws -> [Artifact] {
        let generation = try #require(try run.directory.currentGeneration())
        return try (generation.parts["sentences"] ?? []).map { try run.directory.artifact($0) }
    }

    private func dimension(_ artifacts: [Artifact]) throws -> Int {
        let reader = try ShardReader(path: artifacts[0].path("sentences.shard"), expectedKind: "sentences")
        return try #require(reader.attributes["dimension"].flatMap(Int.init))
    }

    private func check(_ run: GrowingRun, _ ids: [String]) throws -> DeletionCheck {
        let path = try workspace.write(ids.joined(separator: "\n"), to: "check-\(UUID().uuidString).txt")
        return try DeletionCheck.check(run.directory, idsIn: path)
    }

    @Test func `appended rows have sentences and purged rows have none`() throws {
        let run = try run()
        var files = try artifacts(run)
        let size = try dimension(files)
        func isThere(_ row: Int) throws -> Bool {
            let direction = [Float](repeating: 0, count: size)
            return try SentenceRows(files, dimension: size).nearest(row: row, to: direction.span) != nil
        }
        #expect(try !isThere(7) && isThere(60) && isThere(119))
        let gone = ["sample-7", "sample-61", "sample-119"]
        try run.delete(gone)
        #expect(try check(run, gone).problems.count >= 3)
        let before = try run.sources(of: 60..<120, version: 1)
        #expect(before[3].first?.id == "sample-63")
        _ = try PurgeJob(
            directory: run.directory, workers: 2, progress: BuildProgress(isTerminal: false) { _ in }
        ).purge()
        files = try artifacts(run)
        #expect(try !isThere(61) && !isThere(119) && isThere(60) && isThere(118))
        #expect(try check(run, gone).problems == [])
        #expect(try RunCheck.check(run.directory).problems == [])
        #expect(try run.sources(of: 60..<120, version: 1) == before)
        _ = try run.job().merge()
        try run.build(retrain: true)
        #expect(try check(run, gone).problems == [])
        #expect(try run.sources(of: [63], version: 2)[0].first?.id == "sample-63")
    }

    /// A generation of a build without sentences answers as it did, and the next build has them.
    @Test func `a run without sentences goes on, and gets them when it is built again`() throws {
        let run = try GrowingRun(workspace, 0..<60, ["embed.sentences=false"])
        try run.append(Self.lines(60..<80))
        #expect(try artifacts(run).isEmpty)
        let before = try run.sources(of: [3, 70])
        try run.build(["embed.sentences=true"])
        #expect(try artifacts(run).count == 3)
        #expect(try run.sources(of: [3, 70]).map { $0.first?.id } == before.map { $0.first?.id })
        try run.build(["embed.sentences=false"])
        #expect(try run.sources(of: [3, 70]) == before)
    }

    @Test func `every truncation and every changed byte is found`() throws {
        let file = try artifacts(run())[2].path("sentences.shard")
        let whole = [UInt8](try Data(contentsOf: URL(filePath: file)))
        let path = workspace.file("damaged.shard")
        func verify(_ bytes: [UInt8]) throws {
            try Data(bytes).write(to: URL(filePath: path))
            try ShardReader(path: path, expectedKind: "sentences").verify()
        }
        try verify(whole)
        for count in stride(from: whole.count - 1, through: 0, by: -97) {
            #expect(throws: StorageError.self, "\(count) bytes") { try verify(Array(whole.prefix(count))) }
        }
        for index in Array(0..<300) + Array(stride(from: 300, to: whole.count, by: 41)) {
            var damaged = whole
            damaged[index] ^= 0x41
            #expect(throws: StorageError.self, "byte \(index)") { try verify(damaged) }
        }
    }

    /// Sound shard files whose rows are no vectors.
    @Test func `rows that make no sense are refused`() throws {
        let run = try run()
        let artifact = try artifacts(run)[2]
        let size = try dimension([artifact])
        let direction = [Float](repeating: 1, count: size)
        func factors(_ values: [Float]) -> [UInt8] {
            values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) } }
        }
        let vector = [UInt8](repeating: 1, count: size)
        let length = 1 / Float(size).squareRoot()
        let rows = [
            factors([length, length]) + vector + vector, factors([length]) + vector,
            factors([length, length]) + vector, factors([length, .nan]) + vector + vector,
            factors([-length, length]) + vector + vector, factors([length, 2]) + vector + vector, [1, 2, 3],
        ]
        for (number, row) in rows.enumerated() {
            let path = artifact.path("sentences.shard")
            let writer = try ShardWriter(
                path: path + ".new", kind: "sentences", columns: [.variable("sentences")],
                attributes: ["dimension": "\(size)"])
            try writer.append("sentences", bytes: row.rawBytes)
            _ = try writer.finish()
            try DurableFile.rename(path + ".new", to: path)
            let sentences = try SentenceRows([artifact], dimension: size)
            if number == 0 {
                let nearest = try #require(try sentences.nearest(row: 0, to: direction.span))
                #expect(abs(nearest.cosine - Float(size).squareRoot()) < 1e-3 && nearest.sentence == 0)
            } else {
                #expect(throws: StorageError.self, "\(number)") { try sentences.nearest(row: 0, to: direction.span) }
            }
        }
        #expect(try RunCheck.check(run.directory).problems.contains { $0.contains("sentences.shard") })
    }
}
