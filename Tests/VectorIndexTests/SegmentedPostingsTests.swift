import Foundation
import Kernels
import TestSupport
import Testing
import VectorIndex

/// Several inverted files against one of the same rows, and row filters against the whole search.
@Suite struct SegmentedPostingsTests {
    private let temporary = TemporaryFolder()
    private var folder: String { temporary.path }
    private let rows = RandomRows(900, vocabulary: 300, longest: 25, seed: 11)

    private func index(_ range: Range<Int>) throws -> PostingsIndex {
        var part = RandomRows(0, vocabulary: 1, longest: 1, seed: 1)
        part.rows = Array(rows.rows[range])
        _ = try part.write(to: "\(folder)/\(range)")
        return try PostingsIndex(folder: "\(folder)/\(range)")
    }

    private var queries: [QueryLikelihood.Query] {
        rows.rows.prefix(50).map { row in
            QueryLikelihood.Query(
                ids: row.ids, counts: row.counts, gains: row.ids.map { 1 + Double($0 % 97) }, length: row.length)
        }
    }

    @Test(arguments: [nil, 40, 400]) func segmentsFindWhatOneFileFinds(budget: Int?) throws {
        let whole = SegmentedPostings([try index(0..<900)])
        let parts = SegmentedPostings([try index(0..<500), try index(500..<501), try index(501..<900)])
        #expect(parts.rows == whole.rows && parts.tokens == whole.tokens)
        var filter = RowSet(allOf: 900)
        for row in stride(from: 0, to: 900, by: 3) { filter.remove(row) }
        for allowed in [nil, filter] {
            let scorer = QueryLikelihood(prior: 40)
            let expected = try whole.search(
                queries, scorer: scorer, count: 12, budget: budget, filter: allowed, workers: 1)
            let found = try parts.search(
                queries, scorer: scorer, count: 12, budget: budget, filter: allowed, workers: 3)
            #expect(found == expected)
            let words = rows.rows.prefix(50).map(\.ids)
            let ranked = try whole.search(
                words, scorer: BM25(whole), count: 12, budget: budget, filter: allowed, workers: 1)
            #expect(
                try parts.search(words, scorer: BM25(parts), count: 12, budget: budget, filter: allowed, workers: 2)
                    == ranked)
        }
    }

    @Test func aFilterTakesRowsOutOfTheWholeOrder() throws {
        let index = SegmentedPostings([try index(0..<450), try index(450..<900)])
        var generator = SeededGenerator(seed: 3)
        let scorer = QueryLikelihood(prior: 40)
        let all = try index.search(queries, scorer: scorer, count: 900, workers: 2)
        for share in [2, 20, 899] {
            let filter = RowSet(count: 900, containing: (0..<900).filter { _ in generator.integer(below: share) == 0 })
            let found = try index.search(queries, scorer: scorer, count: 7, filter: filter, workers: 2)
            for (query, neighbors) in found.enumerated() {
                #expect(neighbors == Array(all[query].filter { filter.contains($0.row) }.prefix(7)))
            }
        }
        #expect(
            try index.search(queries, scorer: scorer, count: 7, filter: RowSet(count: 900), workers: 1)
                .allSatisfy(\.isEmpty))
    }
}

/// The flat index with row filters.
@Suite struct FlatFilterTests {
    private let temporary = TemporaryFolder()
    private var folder: String { temporary.path }

    @Test(arguments: [Metric.innerProduct, .l2]) func aFilterTakesRowsOutOfTheWholeOrder(metric: Metric) throws {
        var generator = SeededGenerator(seed: 8)
        func matrix(_ rows: Int) -> Matrix {
            Matrix(rows: rows, columns: 12, elements: (0..<rows * 12).map { _ in generator.normal() })
        }
        var paths: [String] = []
        for (number, rows) in [300, 1, 500].enumerated() {
            let path = "\(folder)/\(number)"
            let writer = try FlatSegment.Writer(path: path, dimension: 12, metric: metric, identity: "test")
            let part = matrix(rows)
            try writer.append(part.elements.span)
            try writer.finish()
            paths.append(path)
        }
        let index = try FlatIndex(segments: paths)
        let queries = matrix(70)
        let all = try index.search(queries, count: 801, workers: 2)
        for share in [2, 30, 800] {
            let filter = RowSet(count: 801, containing: (0..<801).filter { _ in generator.integer(below: share) == 0 })
            for count in [1, 9, 801] {
                let found = try index.search(queries, count: count, filter: filter, workers: 2)
                for (query, neighbors) in found.enumerated() {
                    #expect(neighbors == Array(all[query].filter { filter.contains($0.row) }.prefix(count)))
                }
            }
        }
        #expect(
            try index.search(queries, count: 3, filter: RowSet(count: 801), workers: 1).allSatisfy(\.isEmpty))
    }
}
