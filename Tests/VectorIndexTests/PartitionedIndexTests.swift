import Foundation
import Kernels
import Storage
import Testing
import VectorIndex

@Suite struct PartitionedIndexTests {
    private let fixture: PartitionedFixture

    init() throws { fixture = try PartitionedFixture() }

    /// All partitions read: what is missed, codes have lost.
    @Test(arguments: [Metric.l2, .innerProduct], [32, 100])
    func theNearestAreFoundWhenAllPartitionsAreRead(metric: Metric, dimension: Int) throws {
        let base = PartitionedFixture.vectors(3000, dimension, seed: 1)
        let queries = PartitionedFixture.vectors(40, dimension, seed: 2)
        let exact = PartitionedFixture.exact(base, queries, count: 10, metric: metric)
        let index = try fixture.build(base, metric: metric, bits: 8).index
        #expect(index.count == 3000 && index.dimension == dimension && index.identity == "test")
        let found = try index.search(queries, count: 10, probes: 100, workers: 2)
        #expect(PartitionedFixture.recall(found, exact) > 0.97)
        for (query, neighbours) in found.enumerated() {
            for neighbour in neighbours {
                let x = base.row(neighbour.row)
                let q = queries.row(query)
                let score = metric == .l2 ? -squaredDistance(x.span, q.span) : dot(x.span, q.span)
                #expect(abs(neighbour.score - score) < 0.02)
            }
            #expect(neighbours == neighbours.sorted { $0.score > $1.score })
        }
    }

    @Test func vectorsFarFromTheOriginAreCodedAsWell() throws {
        let base = PartitionedFixture.vectors(2000, 48, seed: 3, shift: 30)
        let queries = PartitionedFixture.vectors(30, 48, seed: 4, shift: 30)
        let exact = PartitionedFixture.exact(base, queries, count: 10, metric: .l2)
        let found = try fixture.build(base, bits: 8).index.search(queries, count: 10, probes: 100, workers: 1)
        #expect(PartitionedFixture.recall(found, exact) > 0.95)
    }

    @Test(arguments: [Metric.l2, .innerProduct])
    func exactVectorsMakeItExact(metric: Metric) throws {
        let base = PartitionedFixture.vectors(3000, 64, seed: 5)
        let queries = PartitionedFixture.vectors(30, 64, seed: 6)
        let index = try fixture.build(base, metric: metric, bits: 4).index
        let reranking = PartitionedIndex.Reranking(candidates: 100) { query, rows in
            rows.map { row in
                let vector = base.row(row)
                return metric == .l2 ? -squaredDistance(query, vector.span) : dot(query, vector.span)
            }
        }
        let exact = PartitionedFixture.exact(base, queries, count: 10, metric: metric)
        let found = try index.search(queries, count: 10, probes: 100, reranking: reranking, workers: 2)
        #expect(PartitionedFixture.recall(found, exact) > 0.995)
        for (query, neighbours) in found.enumerated() {
            #expect(neighbours.count == 10)
            for neighbour in neighbours {
                let x = base.row(neighbour.row)
                let q = queries.row(query)
                #expect(neighbour.score == (metric == .l2 ? -squaredDistance(q.span, x.span) : dot(q.span, x.span)))
            }
        }
    }

    @Test func theResultDependsNeitherOnThreadsNorOnBatches() throws {
        let base = PartitionedFixture.vectors(4000, 64, seed: 7)
        let queries = PartitionedFixture.vectors(50, 64, seed: 8)
        let index = try fixture.build(base, partitions: 80).index
        let one = try index.search(queries, count: 10, probes: 12, workers: 1)
        #expect(try index.search(queries, count: 10, probes: 12, workers: 3) == one)
        for query in [0, 17, 49] {
            let single = Matrix(rows: 1, columns: 64, elements: queries.row(query))
            #expect(try index.search(single, count: 10, probes: 12, workers: 1) == [one[query]])
            #expect(try index.search(single, count: 10, probes: 12, workers: 4) == [one[query]])
        }
    }

    @Test func partsSegmentsAndSlicesDoNotChangeWhatIsFound() throws {
        let base = PartitionedFixture.vectors(3000, 64, seed: 9)
        let queries = PartitionedFixture.vectors(30, 64, seed: 10)
        let whole = try fixture.build(base, slices: 100, name: "whole").index
        let expected = try whole.search(queries, count: 10, probes: 6, workers: 1)
        for (name, shards, slices) in [
            ("parts", [[1000, 1, 1999]], 7), ("segments", [[700, 300], [1999], [1]], 1),
            ("empty", [[0, 3000], [0]], 24),
        ] {
            let index = try fixture.build(base, shards: shards, slices: slices, name: name).index
            #expect(index.count == 3000)
            #expect(try index.search(queries, count: 10, probes: 6, workers: 2) == expected, "\(name)")
        }
    }

    @Test func equalVectorsStandInOrderOfRows() throws {
        let row = PartitionedFixture.vectors(1, 32, seed: 11).row(0)
        let base = Matrix(rows: 300, columns: 32, elements: (0..<300).flatMap { _ in row })
        let index = try fixture.build(base, partitions: 4, shards: [[100, 100], [100]]).index
        let found = try index.search(Matrix(rows: 1, columns: 32, elements: row), count: 7, probes: 4, workers: 2)
        #expect(found[0].map(\.row) == Array(0..<7))
        #expect(found[0].allSatisfy { abs($0.score) < 1e-5 })
    }

    @Test func onlyAllowedRowsAreReturned() throws {
        let base = PartitionedFixture.vectors(2000, 64, seed: 12)
        let queries = PartitionedFixture.vectors(20, 64, seed: 13)
        let index = try fixture.build(base, bits: 8, shards: [[900], [1100]]).index
        let allowed = RowSet(count: 1500, containing: stride(from: 3, to: 1500, by: 7))
        let found = try index.search(queries, count: 10, probes: 100, filter: allowed, workers: 2)
        let rows = (0..<1500).filter(allowed.contains)
        let kept = Matrix(rows: rows.count, columns: 64, elements: rows.flatMap { base.row($0) })
        let exact = PartitionedFixture.exact(kept, queries, count: 10, metric: .l2).map { $0.map { rows[$0] } }
        #expect(found.allSatisfy { $0.count == 10 && $0.allSatisfy { allowed.contains($0.row) } })
        #expect(PartitionedFixture.recall(found, exact) > 0.97)
        #expect(
            try index.search(queries, count: 10, probes: 9, filter: RowSet(count: 0), workers: 1).allSatisfy(\.isEmpty))
    }

    /// Rows that may be found need not lie where a query looks: with few of them, no partition is left out.
    @Test func aFilterThatKeepsFewRowsLosesNone() throws {
        let base = PartitionedFixture.vectors(3000, 64, seed: 16)
        let built = try fixture.build(base, partitions: 60, bits: 8)
        let index = try PartitionedIndex(model: built.model, segments: built.segments, probes: 2)
        let query = Matrix(rows: 1, columns: 64, elements: base.row(0))
        let far = PartitionedFixture.exact(base, query, count: 3000, metric: .l2)[0].suffix(40)
        let allowed = RowSet(count: 3000, containing: far)
        let found = try index.search(query, count: 40, filter: allowed, workers: 1)[0]
        #expect(Set(found.map(\.row)) == Set(far))
        // With nearly all of them, as many are looked at as without a filter.
        let most = RowSet(count: 3000, containing: (0..<3000).filter { $0 % 20 > 0 })
        #expect(
            try index.search(query, count: 10, filter: most, workers: 1)
                == index.search(query, count: 10, probes: 3, filter: most, workers: 1))
    }

    @Test func moreProbesFindMoreAndTheTableSaysSo() throws {
        let base = PartitionedFixture.vectors(4000, 64, seed: 14, noise: 4)
        let queries = PartitionedFixture.vectors(60, 64, seed: 15, noise: 4)
        let exact = PartitionedFixture.exact(base, queries, count: 10, metric: .l2)
        let index = try fixture.build(base, partitions: 60).index
        let table = try index.recall(queries, exact: exact, count: 10, probes: [30, 1, 8, 60, 8], workers: 2)
        #expect(table.lines.map(\.probes) == [1, 8, 30, 60])
        #expect(zip(table.lines, table.lines.dropFirst()).allSatisfy { $0.recall <= $1.recall + 0.01 })
        #expect(table.lines[0].recall < 0.5 && table.lines[3].recall > 0.9)
        let expected = PartitionedFixture.recall(try index.search(queries, count: 10, probes: 8, workers: 1), exact)
        #expect(table.lines[1].recall == expected)
        #expect(table.probes(reaching: table.lines[2].recall) == 30)
        #expect(table.probes(reaching: 1.1) == nil)
        let among = try index.recall(queries, exact: exact, count: 10, candidates: 40, probes: [60], workers: 2)
        #expect(among.lines[0].recall > max(0.99, table.lines[3].recall))
    }

    @Test func degenerateQueriesAreDefined() throws {
        let base = PartitionedFixture.vectors(5, 40, seed: 16)
        let index = try fixture.build(base, partitions: 3).index
        #expect(try index.search(Matrix(rows: 0, columns: 40), count: 5, workers: 1).isEmpty)
        #expect(try index.search(Matrix(rows: 1, columns: 40), count: 50, workers: 2)[0].count == 5)
        #expect(try index.search(Matrix(rows: 1, columns: 40), count: 0, workers: 1) == [[]])
        #expect(throws: IndexError.wrongDimension(expected: 40, found: 41)) {
            try index.search(Matrix(rows: 1, columns: 41), count: 1, workers: 1)
        }
        var bad = Matrix(rows: 2, columns: 40)
        bad[1, 3] = .nan
        #expect(throws: IndexError.notFinite(query: 1)) { try index.search(bad, count: 1, workers: 1) }
        // One row alone, and its own centroid.
        let single = try fixture.build(Matrix(rows: 1, columns: 40, repeating: 2), partitions: 9, name: "one").index
        let found = try single.search(Matrix(rows: 1, columns: 40, repeating: 2), count: 3, workers: 1)
        #expect(found[0].map(\.row) == [0] && abs(found[0][0].score) < 1e-4)
    }
}
