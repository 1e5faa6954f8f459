import Foundation
import Kernels
import Storage
import TestSupport
import Testing
import VectorIndex

@Suite struct FlatIndexTests {
    private let temporary = TemporaryFolder()
    private var folder: String { temporary.path }

    private func vectors(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
        var generator = SeededGenerator(seed: seed)
        return Matrix(rows: rows, columns: columns, elements: (0..<rows * columns).map { _ in generator.normal() })
    }

    private func segment(
        _ name: String, _ matrix: Matrix, metric: Metric, identity: String = "test"
    ) throws -> String {
        let path = "\(folder)/\(name)"
        let writer = try FlatSegment.Writer(path: path, dimension: matrix.columns, metric: metric, identity: identity)
        try writer.append(matrix.elements.span)
        try writer.finish()
        return path
    }

    /// Every pair, in double precision.
    private func naive(_ base: Matrix, _ queries: Matrix, count: Int, metric: Metric) -> [[Int]] {
        (0..<queries.rows).map { query in
            let scores = (0..<base.rows).map { row in
                (0..<base.columns).reduce(0.0) { sum, column in
                    let (x, y) = (Double(base[row, column]), Double(queries[query, column]))
                    return sum + (metric == .l2 ? -(x - y) * (x - y) : x * y)
                }
            }
            return scores.indices.sorted { scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1 }.prefix(count)
                .map { $0 }
        }
    }

    @Test(arguments: [Metric.innerProduct, .l2], [1, 7, 33])
    func agreesWithComparingEveryPair(metric: Metric, dimension: Int) throws {
        let base = vectors(1000, dimension, seed: 1)
        let queries = vectors(70, dimension, seed: 2)
        let index = try FlatIndex(segments: [try segment("a", base, metric: metric)])
        let expected = naive(base, queries, count: 10, metric: metric)
        let found = try index.search(queries, count: 10, workers: 2)
        #expect(found.map { $0.map(\.row) } == expected)
    }

    @Test func severalSegmentsAndTheirMergeGiveTheSame() throws {
        let base = vectors(700, 20, seed: 3)
        let queries = vectors(5, 20, seed: 4)
        var parts: [String] = []
        for (number, rows) in [0..<300, 300..<301, 301..<700].enumerated() {
            let part = Matrix(
                rows: rows.count, columns: 20,
                elements: Array(base.elements[rows.lowerBound * 20..<rows.upperBound * 20]))
            parts.append(try segment("part\(number)", part, metric: .l2))
        }
        let whole = try FlatIndex(segments: [try segment("whole", base, metric: .l2)]).search(
            queries, count: 9, workers: 1)
        #expect(try FlatIndex(segments: parts).search(queries, count: 9, workers: 3) == whole)
        #expect(try FlatSegment.merge(parts, into: "\(folder)/merged") == 700)
        #expect(
            try Data(contentsOf: URL(filePath: "\(folder)/merged"))
                == Data(contentsOf: URL(filePath: "\(folder)/whole")))
    }

    @Test func theResultDependsNeitherOnThreadsNorOnBatches() throws {
        let base = vectors(3000, 48, seed: 5)
        let queries = vectors(130, 48, seed: 6)
        let index = try FlatIndex(segments: [try segment("a", base, metric: .innerProduct)])
        let one = try index.search(queries, count: 10, workers: 1)
        #expect(try index.search(queries, count: 10, workers: 4) == one)
        for query in [0, 64, 129] {
            let single = Matrix(rows: 1, columns: 48, elements: queries.row(query))
            #expect(try index.search(single, count: 10, workers: 2) == [one[query]])
        }
    }

    /// Far from the origin ‖x‖² − 2⟨q, x⟩ has lost the digits that tell these vectors apart.
    @Test(arguments: [1, 2])
    func distancesThatCancelAreStillExact(workers: Int) throws {
        var base = vectors(2000, 32, seed: 10)
        for index in base.elements.indices { base.elements[index] = 100 + base.elements[index] * 0.001 }
        let queries = Matrix(rows: 3, columns: 32, elements: Array(base.elements[32 * 700..<32 * 703]))
        let index = try FlatIndex(segments: [
            try segment("near\(workers)", base.rows(0..<900), metric: .l2),
            try segment("far\(workers)", base.rows(900..<2000), metric: .l2),
        ])
        let found = try index.search(queries, count: 10, workers: workers)
        #expect(found.map { $0.map(\.row) } == naive(base, queries, count: 10, metric: .l2))
    }

    @Test func keysThatOverflowHideNoRow() throws {
        // The squares of half the rows are infinite; distances among them are not.
        var base = vectors(100, 4, seed: 11)
        for index in base.elements.indices where index % 8 < 4 { base.elements[index] += 1e20 }
        let index = try FlatIndex(segments: [try segment("large", base, metric: .l2)])
        let query = Matrix(rows: 1, columns: 4, elements: base.row(40))
        let found = try index.search(query, count: 1, workers: 1)
        #expect(found[0].first?.score == 0 && found[0].first?.row ?? 1 == 0)
    }

    @Test func equalScoresStandInOrderOfRows() throws {
        let base = Matrix(rows: 400, columns: 2, repeating: 1)
        let index = try FlatIndex(segments: [try segment("a", base, metric: .l2)])
        let found = try index.search(Matrix(rows: 1, columns: 2, repeating: 1), count: 5, workers: 2)
        #expect(found[0].map(\.row) == [0, 1, 2, 3, 4])
        #expect(found[0].allSatisfy { $0.score == 0 })
    }

    @Test func degenerateQueriesAreDefined() throws {
        let index = try FlatIndex(segments: [try segment("a", vectors(3, 4, seed: 7), metric: .l2)])
        #expect(try index.search(Matrix(rows: 0, columns: 4), count: 5, workers: 1).isEmpty)
        #expect(try index.search(Matrix(rows: 1, columns: 4), count: 50, workers: 1)[0].count == 3)
        #expect(try index.search(Matrix(rows: 1, columns: 4), count: 0, workers: 1) == [[]])
        #expect(throws: IndexError.wrongDimension(expected: 4, found: 5)) {
            try index.search(Matrix(rows: 1, columns: 5), count: 1, workers: 1)
        }
        #expect(throws: IndexError.notFinite(query: 1)) {
            try index.search(Matrix(rows: 2, columns: 4, elements: [0, 0, 0, 0, 0, .nan, 0, 0]), count: 1, workers: 1)
        }
    }

    @Test func partsOfAnotherIdentityAreRefused() throws {
        let matrix = vectors(3, 4, seed: 8)
        let one = try segment("one", matrix, metric: .l2)
        for other in [
            try segment("other", matrix, metric: .l2, identity: "another"),
            try segment("metric", matrix, metric: .innerProduct),
            try segment("wide", vectors(3, 5, seed: 9), metric: .l2),
        ] {
            #expect(throws: IndexError.self) { _ = try FlatIndex(segments: [one, other]) }
            #expect(throws: IndexError.self) { _ = try FlatSegment.merge([one, other], into: "\(folder)/bad") }
        }
    }
}

extension Matrix {
    fileprivate func rows(_ rows: Range<Int>) -> Matrix {
        Matrix(
            rows: rows.count, columns: columns,
            elements: Array(elements[rows.lowerBound * columns..<rows.upperBound * columns]))
    }
}
