import Foundation
import Kernels
import TestSupport
import Testing
import VectorIndex

/// A search for a few rows, which leaves out what cannot be among them, against one for all rows, which leaves out nothing.
@Suite struct PostingsPruningTests {
    private let temporary = TemporaryFolder()
    private var folder: String { temporary.path }

    /// Mean lengths of 8; some rows are there many times, so that scores are equal.
    private let rows: RandomRows

    init() throws {
        var rows = RandomRows(50_000, vocabulary: 3000, longest: 16, seed: 21)
        for row in stride(from: 0, to: 50_000, by: 7) { rows.rows[row] = rows.rows[row % 70] }
        // Few rows have a word so often: the bounds are far above what most gain.
        for row in stride(from: 3, to: 50_000, by: 4001) where rows.rows[row].length > 0 {
            rows.rows[row].counts[0] = 300
            rows.rows[row].length += 300
        }
        // Frequent words, which are looked up instead of being read.
        var generator = SeededGenerator(seed: 22, stream: 0)
        for (number, share) in [2, 3, 6, 9, 20, 29].enumerated() {
            for row in rows.rows.indices where generator.integer(below: share) == 0 {
                let count = generator.integer(below: 4) > 0 ? 1 : 1 + generator.integer(below: 6)
                let id = UInt32(1 + number)
                let place = rows.rows[row].ids.firstIndex { $0 > id } ?? rows.rows[row].ids.count
                rows.rows[row].ids.insert(id, at: place)
                rows.rows[row].counts.insert(UInt16(count), at: place)
                rows.rows[row].length += count
            }
        }
        self.rows = rows
    }

    private func index(_ range: Range<Int>) throws -> PostingsIndex {
        var part = RandomRows(0, vocabulary: 1, longest: 1, seed: 1)
        part.rows = Array(rows.rows[range])
        _ = try part.write(to: "\(folder)/\(range)")
        return try PostingsIndex(folder: "\(folder)/\(range)")
    }

    /// Rows cut short, with a word of another row, one word twice; and one of several hundred words.
    private var outputs: [RandomRows.Row] {
        var long = rows.rows[0]
        long.ids = Set((0..<100).flatMap { rows.rows[$0 * 71].ids }).sorted()
        long.counts = long.ids.map { _ in 1 }
        long.length = long.ids.count
        return [long]
            + (0..<39).map { number in
                var row = rows.rows[number * 31 + 5]
                row.ids.removeLast(min(2, row.ids.count))
                let other = rows.rows[number * 17 + 100].ids.first { !row.ids.contains($0) }
                if let other { row.ids = (row.ids + [other]).sorted() }
                row.counts = row.ids.indices.map { $0 == number % 3 ? 2 : 1 }
                row.length = row.counts.reduce(0) { $0 + Int($1) }
                return row
            }
    }

    private func likelihood(_ prior: Double) -> [QueryLikelihood.Query] {
        var found: [UInt32: Int] = [:]
        for row in rows.rows { for (id, count) in zip(row.ids, row.counts) { found[id, default: 0] += Int(count) } }
        let tokens = Double(found.values.reduce(0, +))
        return outputs.map { row in
            QueryLikelihood.Query(
                ids: row.ids, counts: row.counts, gains: row.ids.map { tokens / (prior * Double(found[$0]!)) },
                length: row.length)
        }
    }

    private func expectPrefixes<Scorer: PostingsScorer>(
        _ postings: SegmentedPostings, _ queries: [Scorer.Query], _ scorer: Scorer, budget: Int? = nil
    ) throws {
        let all = try postings.search(queries, scorer: scorer, count: postings.rows, budget: budget, workers: 2)
        #expect(all.contains { $0.count > 20_000 })
        var filter = RowSet(allOf: postings.rows)
        for row in stride(from: 0, to: postings.rows, by: 3) { filter.remove(row) }
        for count in [1, 10, 100, 1500] {
            let found = try postings.search(queries, scorer: scorer, count: count, budget: budget, workers: 2)
            let allowed = try postings.search(
                queries, scorer: scorer, count: count, budget: budget, filter: filter, workers: 1)
            for (query, every) in all.enumerated() {
                #expect(found[query] == Array(every.prefix(count)), "query \(query), \(count) rows")
                #expect(
                    allowed[query] == Array(every.lazy.filter { filter.contains($0.row) }.prefix(count)),
                    "query \(query), \(count) rows, filtered")
            }
        }
    }

    @Test(arguments: [4.0, 25, 400]) func whatIsLeftOutChangesNothing(prior: Double) throws {
        let queries = likelihood(prior)
        let whole = SegmentedPostings([try index(0..<50_000)])
        try expectPrefixes(whole, queries, QueryLikelihood(prior: prior))
        try expectPrefixes(whole, queries, QueryLikelihood(prior: prior), budget: 30_000)
    }

    @Test func norInSegmentsNorForAnotherScorer() throws {
        let whole = SegmentedPostings([try index(0..<50_000)])
        let parts = SegmentedPostings([try index(0..<20_000), try index(20_000..<20_003), try index(20_003..<50_000)])
        try expectPrefixes(parts, likelihood(25), QueryLikelihood(prior: 25))
        let words = outputs.map(\.ids)
        try expectPrefixes(parts, words, BM25(parts))
        #expect(
            try parts.search(words, scorer: BM25(parts), count: 50, workers: 2)
                == whole.search(words, scorer: BM25(whole), count: 50, workers: 2))
    }
}
