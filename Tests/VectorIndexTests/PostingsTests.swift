import Foundation
import Kernels
import Storage
import TestSupport
import Testing
import VectorIndex

/// Rows of made-up words with a long-tailed distribution.
struct RandomRows {
    struct Row {
        var ids: [UInt32]
        var counts: [UInt16]
        var length: Int
    }

    var rows: [Row] = []

    init(_ count: Int, vocabulary: Int, longest: Int, seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<count {
            var found: [UInt32: UInt16] = [:]
            let length = generator.integer(below: longest + 1)
            for _ in 0..<length {
                let uniform = Double(generator.uniform())
                found[UInt32(Double(vocabulary) * uniform * uniform * uniform) &* 0x9e37_79b9, default: 0] += 1
            }
            let ids = found.keys.sorted()
            rows.append(Row(ids: ids, counts: ids.map { found[$0]! }, length: length))
        }
    }

    func write(to folder: String, memory: Int = 256 << 20) throws -> PostingsWriter.Summary {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let writer = try PostingsWriter(folder: folder, memory: memory)
        for row in rows { try writer.append(ids: row.ids.span, counts: row.counts.span, length: row.length) }
        return try writer.finish()
    }
}

@Suite struct PostingsTests {
    private let temporary = TemporaryFolder()
    private var folder: String { temporary.path }

    private static let files = [PostingsFormat.postingsFile, PostingsFormat.termsFile, PostingsFormat.rowsFile]

    private func contents(_ name: String) -> [[UInt8]] {
        Self.files.map { [UInt8](FileManager.default.contents(atPath: "\(folder)/\(name)/\($0)")!) }
    }

    private func queries(_ rows: RandomRows, _ count: Int) -> [RandomRows.Row] {
        rows.rows.prefix(count).map { row in
            var row = row
            // A word that no row has, in its place.
            let place = row.ids.firstIndex { $0 > 12_345 } ?? row.ids.count
            row.ids.insert(12_345, at: place)
            row.counts.insert(1, at: place)
            row.length += 1
            return row
        }
    }

    /// Every row that shares a word, scored in double precision, best first.
    private func naive(_ rows: RandomRows, _ ids: [UInt32], _ score: (RandomRows.Row) -> Double) -> [(
        row: Int, score: Double
    )] {
        let wanted = Set(ids)
        var found: [(row: Int, score: Double)] = []
        for (number, row) in rows.rows.enumerated() where !wanted.isDisjoint(with: row.ids) {
            found.append((number, score(row)))
        }
        return found.sorted { $0.score != $1.score ? $0.score > $1.score : $0.row < $1.row }
    }

    /// The same scores in the same places, and rows that have those scores.
    private func expectEqual(
        _ found: [Neighbor], _ expected: [(row: Int, score: Double)], count: Int,
        location: SourceLocation = #_sourceLocation
    ) {
        #expect(found.count == min(count, expected.count), sourceLocation: location)
        let scores = Dictionary(uniqueKeysWithValues: expected.map { ($0.row, $0.score) })
        for (place, neighbor) in found.enumerated() {
            let tolerance = 2e-5 * max(1, abs(expected[place].score))
            #expect(abs(Double(neighbor.score) - expected[place].score) < tolerance, sourceLocation: location)
            guard let own = scores[neighbor.row] else {
                Issue.record("row \(neighbor.row) shares no word", sourceLocation: location)
                continue
            }
            #expect(abs(Double(neighbor.score) - own) < tolerance, sourceLocation: location)
        }
        for (a, b) in zip(found, found.dropFirst()) {
            #expect(a.score > b.score || a.score == b.score && a.row < b.row, sourceLocation: location)
        }
        #expect(Set(found.map(\.row)).count == found.count, sourceLocation: location)
    }

    private static let prior = 60.0

    /// Any positive numbers do.
    private func gains(_ ids: [UInt32]) -> [Double] { ids.map { 1 / (0.05 + Double($0 % 97)) } }

    private func likelihood(_ row: RandomRows.Row) -> QueryLikelihood.Query {
        .init(ids: row.ids, counts: row.counts, gains: gains(row.ids), length: row.length)
    }

    private func likelihood(_ query: RandomRows.Row, _ row: RandomRows.Row) -> Double {
        let counts = Dictionary(uniqueKeysWithValues: zip(row.ids, row.counts))
        var score = -Double(query.length) * log(1 + Double(row.length) / Self.prior)
        for (index, gain) in gains(query.ids).enumerated() {
            let count = Double(min(255, counts[query.ids[index]] ?? 0))
            score += Double(query.counts[index]) * log(1 + count * gain)
        }
        return score
    }

    private func bm25(_ query: [UInt32], _ row: RandomRows.Row, in rows: RandomRows) -> Double {
        let mean = Double(rows.rows.reduce(0) { $0 + $1.length }) / Double(rows.rows.count)
        let counts = Dictionary(uniqueKeysWithValues: zip(row.ids, row.counts))
        return Set(query).reduce(0.0) { sum, id in
            guard let count = counts[id].map(Double.init) else { return sum }
            let documents = Double(rows.rows.count { $0.ids.contains(id) })
            let idf = log(1 + (Double(rows.rows.count) - documents + 0.5) / (documents + 0.5))
            return sum + idf * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * Double(row.length) / mean))
        }
    }

    @Test(arguments: [40, 4000]) func `both scorers agree with scoring every row`(vocabulary: Int) throws {
        let rows = RandomRows(700, vocabulary: vocabulary, longest: 30, seed: 1)
        let summary = try rows.write(to: "\(folder)/index")
        let index = try PostingsIndex(folder: "\(folder)/index")
        try index.verify()
        #expect(summary.rows == 700 && index.rows == 700 && index.words == summary.words)
        #expect(index.postings == rows.rows.reduce(0) { $0 + $1.ids.count } && index.postings == summary.postings)
        #expect(index.tokens == rows.rows.reduce(0) { $0 + $1.length })
        let queries = queries(rows, 40)
        for (id, count) in [(queries[1].ids[0], rows.rows.count { $0.ids.contains(queries[1].ids[0]) }), (12_345, 0)] {
            #expect(try index.documents(with: id) == count)
        }
        for count in [1, 10, 700] {
            let found = try index.search(
                queries.map(likelihood), scorer: QueryLikelihood(prior: Self.prior), count: count, workers: 2)
            let ranked = try index.search(queries.map(\.ids), scorer: BM25(index), count: count, workers: 2)
            for (number, query) in queries.enumerated() {
                let expected = naive(rows, query.ids) { likelihood(query, $0) }
                expectEqual(found[number], expected, count: count)
                expectEqual(ranked[number], naive(rows, query.ids) { bm25(query.ids, $0, in: rows) }, count: count)
            }
        }
    }

    /// More rows than one block of sums holds, in lists long and short.
    @Test func `rows of several blocks, and counts and lengths beyond their tables`() throws {
        var rows = RandomRows(0, vocabulary: 1, longest: 1, seed: 1)
        var generator = SeededGenerator(seed: 5)
        for number in 0..<140_000 {
            var row = RandomRows.Row(ids: [7], counts: [UInt16(1 + generator.integer(below: 400))], length: 9000)
            if number % 3 == 0 { row = .init(ids: [], counts: [], length: 0) }
            if number % 20_011 == 5 {
                row.ids.append(11)
                row.counts.append(2)
                row.length += generator.integer(below: 5)
            }
            rows.rows.append(row)
        }
        _ = try rows.write(to: "\(folder)/index")
        let index = try PostingsIndex(folder: "\(folder)/index")
        for ids in [[7, 11], [11], [7]] as [[UInt32]] {
            let query = RandomRows.Row(ids: ids, counts: ids.map { _ in 3 }, length: 6)
            let found = try index.search(
                [likelihood(query)], scorer: QueryLikelihood(prior: Self.prior), count: 30, workers: 1)
            expectEqual(found[0], naive(rows, ids) { likelihood(query, $0) }, count: 30)
        }
    }

    @Test func `workers and batches change nothing`() throws {
        let rows = RandomRows(2000, vocabulary: 500, longest: 30, seed: 2)
        _ = try rows.write(to: "\(folder)/index")
        let index = try PostingsIndex(folder: "\(folder)/index")
        let queries = queries(rows, 60).map(likelihood)
        let scorer = QueryLikelihood(prior: Self.prior)
        let one = try index.search(queries, scorer: scorer, count: 20, workers: 1)
        #expect(try index.search(queries, scorer: scorer, count: 20, workers: 3) == one)
        for (number, query) in queries.enumerated() {
            #expect(try index.search([query], scorer: scorer, count: 20, workers: 1) == [one[number]])
        }
    }

    /// Rows of equal scores stand in their order, whichever are kept.
    @Test func `of equal scores the smaller rows win`() throws {
        var rows = RandomRows(0, vocabulary: 1, longest: 1, seed: 1)
        for number in 0..<3000 {
            rows.rows.append(.init(ids: [number % 2 == 0 ? 3 : 4], counts: [1], length: 2))
        }
        _ = try rows.write(to: "\(folder)/index")
        let index = try PostingsIndex(folder: "\(folder)/index")
        let found = try index.search([[4]], scorer: BM25(index), count: 5, workers: 1)
        #expect(found[0].map(\.row) == [1, 3, 5, 7, 9])
        #expect(Set(found[0].map(\.score)).count == 1)
    }

    /// Words 1, 2 and 3 have 5, 20 and 100 postings.
    @Test func `within a budget the rarest words find rows, and all words rank them`() throws {
        var rows = RandomRows(0, vocabulary: 1, longest: 1, seed: 1)
        for number in 0..<100 {
            let ids: [UInt32] = number < 5 ? [1, 3] : number < 25 ? [2, 3] : [3]
            rows.rows.append(.init(ids: ids, counts: ids.map { _ in UInt16(1 + number % 4) }, length: 3 + number % 7))
        }
        _ = try rows.write(to: "\(folder)/index")
        let index = try PostingsIndex(folder: "\(folder)/index")
        let all = try index.search([[1, 2, 3]], scorer: BM25(index), count: 200, workers: 1)[0]
        #expect(all.count == 100)
        for (budget, found) in [(125, 100), (124, 25), (25, 25), (24, 5), (5, 5), (1, 5)] {
            let within = try index.search([[1, 2, 3]], scorer: BM25(index), count: 200, budget: budget, workers: 1)[0]
            #expect(within == all.filter { $0.row < found }, "\(budget)")
        }
        // A query always has a word that finds rows.
        #expect(try index.search([[3]], scorer: BM25(index), count: 200, budget: 99, workers: 1)[0].count == 100)
    }

    @Test(arguments: [0, 16 << 10, 40 << 10]) func `memory does not change the files`(memory: Int) throws {
        let rows = RandomRows(900, vocabulary: 5000, longest: 60, seed: 3)
        _ = try rows.write(to: "\(folder)/whole")
        _ = try rows.write(to: "\(folder)/runs", memory: memory)
        #expect(contents("runs") == contents("whole"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/runs").sorted() == Self.files.sorted())
    }

    @Test func `an index of nothing`() throws {
        for (name, count, longest) in [("none", 0, 1), ("blank", 5, 0)] {
            _ = try RandomRows(count, vocabulary: 9, longest: longest, seed: 1).write(to: "\(folder)/\(name)")
            let index = try PostingsIndex(folder: "\(folder)/\(name)")
            try index.verify()
            #expect(index.rows == count && index.words == 0 && index.meanLength == 0)
            #expect(try index.search([[1, 2], []], scorer: BM25(index), count: 3, workers: 1) == [[], []])
        }
    }

    @Test func `ranks are fused`() {
        let fused = ReciprocalRankFusion.fuse([[4, 1, 2], [1, 9], []], count: 10)
        #expect(fused.map(\.row) == [1, 4, 9, 2])
        #expect(abs(fused[0].score - Float(1.0 / 62 + 1.0 / 61)) < 1e-7)
        #expect(ReciprocalRankFusion.fuse([[4, 1, 2], [1, 9]], count: 2).map(\.row) == [1, 4])
        #expect(ReciprocalRankFusion.fuse([[8], [3]], count: 2).map(\.row) == [3, 8])
    }
}
