internal import ArgumentParser
internal import Foundation
internal import Kernels
internal import Storage
internal import TensorFiles
internal import VectorIndex

/// How far rows of a file are from their nearest neighbours, and queries with theirs, in one pass over a file of any size.
///
/// A query is a row, drawn without replacement, with normal noise of `sigma` in each dimension. Neighbours are those of
/// least Euclidean distance, by float64 among the best of a float32 product; of equal distances the smaller row is nearer.
struct NeighboursCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "neighbours",
        abstract: "Prints quantiles of rows' distances to their nearest neighbours, and makes queries with their own.")

    @Argument(help: "Vectors.") var base: String
    @Option(help: "Queries to write, as .fbin.") var queries: String?
    @Option(help: "Their nearest rows, as .ibin.") var truth: String?
    @Option(help: "How many queries.") var count = 1000
    @Option(help: "Noise of a query in each dimension.") var sigma: Float = 0.03
    @Option(help: "How many neighbours to write and measure.") var neighbours = 10
    @Option(help: "Rows whose neighbours' distances are measured.") var sample = 500
    @Option var seed: UInt64 = 1
    @Option var threads = 2

    private static let shardRows = 65_536
    /// So many rows stay in a cache while queries pass over them.
    private static let tileRows = 4096
    private static let quantiles = [0.1, 0.25, 0.5, 0.75, 0.9]

    struct Report: Encodable {
        let rows: Int
        let dimension: Int
        let seconds: Double
        let quantiles: [Double]
        /// Of the distances to the first and to the last neighbour.
        let nearest: [Double]
        let farthest: [Double]
        let neighbours: Int
    }

    func validate() throws {
        guard (queries == nil) == (truth == nil) else {
            throw ValidationError("give --queries and --truth, or neither")
        }
        guard count > 0, neighbours > 0, sample > 0 else {
            throw ValidationError("--count, --neighbours and --sample are 1 or more")
        }
    }

    func run() throws {
        var watch = Stopwatch()
        let vectors = try VectorFile(path: base)
        var generator = SeededGenerator(seed: seed)
        let asked = queries == nil ? [] : generator.sample(count, below: vectors.rows)
        let measured = generator.sample(sample, below: vectors.rows)
        var elements: [Float] = []
        for row in asked { elements += try vectors.read(rows: row..<row + 1).map { $0 + sigma * generator.normal() } }
        for row in measured { elements += try vectors.read(rows: row..<row + 1) }
        let all = Matrix(rows: asked.count + measured.count, columns: vectors.dimension, elements: elements)
        let found = try nearest(all, rows: vectors.rows)
        if let queries, let truth {
            let width = neighbours
            let rows = found.prefix(asked.count).flatMap { $0.prefix(width).map { UInt32($0.row) } }
            guard rows.count == asked.count * width else { throw ValidationError("'\(base)' has too few vectors") }
            try write(elements.prefix(asked.count * all.columns), columns: all.columns, to: queries)
            try write(rows[...], columns: width, to: truth)
        }
        let distances = zip(measured, found.dropFirst(asked.count)).map { row, near in
            near.filter { $0.row != row }.prefix(neighbours).map(\.distance)
        }
        try printJSON(
            Report(
                rows: vectors.rows, dimension: vectors.dimension, seconds: watch.lap("all"), quantiles: Self.quantiles,
                nearest: quantiles(distances.compactMap(\.first)), farthest: quantiles(distances.compactMap(\.last)),
                neighbours: neighbours))
    }

    private func quantiles(_ values: [Double]) -> [Double] {
        let sorted = values.sorted()
        return sorted.isEmpty ? [] : Self.quantiles.map { sorted[Int(($0 * Double(sorted.count - 1)).rounded())] }
    }

    /// For each query more rows than are asked for, nearest first.
    private func nearest(_ queries: Matrix, rows: Int) throws -> [[(distance: Double, row: Int)]] {
        var scan = ExactScan(queries, count: 2 * neighbours + 2, metric: .l2)
        let width = queries.columns
        for start in stride(from: 0, to: rows, by: Self.shardRows) {
            // Opened for each shard, so that the pages of those before do not stay mapped.
            let block = try VectorFile(path: base).read(rows: start..<min(rows, start + Self.shardRows))
            for first in stride(from: 0, to: block.count / width, by: Self.tileRows) {
                let end = min(block.count, (first + Self.tileRows) * width)
                scan.add(block.span.extracting(first * width..<end), firstRow: start + first, workers: threads)
            }
            if start / Self.shardRows % 16 == 15 {
                FileHandle.standardError.write(Data("\(base): \(start) of \(rows) rows compared\n".utf8))
            }
        }
        let vectors = try VectorFile(path: base)
        return try zip(0..., scan.rows).map { query, candidates in
            try candidates.map { row in
                let vector = try vectors.read(rows: row..<row + 1)
                let squared = zip(queries.row(query), vector).reduce(0.0) { sum, pair in
                    sum + (Double(pair.0) - Double(pair.1)) * (Double(pair.0) - Double(pair.1))
                }
                return (squared.squareRoot(), row)
            }.sorted { $0 < $1 }
        }
    }

    private func write(_ values: ArraySlice<some ShardElement>, columns: Int, to path: String) throws {
        let sink = try ByteSink(path: path)
        try sink.write([UInt32(values.count / columns), UInt32(columns)].span.rawBytes)
        let values = Array(values)
        try sink.write(values.span.rawBytes)
        try sink.finish()
    }
}
