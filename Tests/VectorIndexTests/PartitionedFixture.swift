import Foundation
import Kernels
import Storage
import Testing
import VectorIndex

/// A folder with a partitioned index of made-up vectors.
final class PartitionedFixture {
    let folder = FileManager.default.temporaryDirectory.appending(path: "gradprint-\(UUID().uuidString)").path

    init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// Rows around random directions, all about as long.
    static func vectors(
        _ rows: Int, _ columns: Int, seed: UInt64, centres: Int = 20, noise: Float = 0.7, shift: Float = 0
    ) -> Matrix {
        var directions = SeededGenerator(seed: 77)
        let centre = (0..<centres * columns).map { _ in directions.normal() }
        var generator = SeededGenerator(seed: seed)
        var elements: [Float] = []
        for _ in 0..<rows {
            let start = generator.integer(below: centres) * columns
            let row = (0..<columns).map { centre[start + $0] + noise * generator.normal() }
            let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            elements += row.map { $0 / length + shift }
        }
        return Matrix(rows: rows, columns: columns, elements: elements)
    }

    struct Built {
        let model: PartitionModel
        let segments: [PartitionedIndex.Segment]
        let parts: [String]
        var index: PartitionedIndex { get throws { try PartitionedIndex(model: model, segments: segments) } }
    }

    /// - Parameters:
    ///   - shards: rows of each part, by segment.
    ///   - slices: partitions a slice.
    func build(
        _ base: Matrix, metric: Metric = .l2, partitions: Int = 24, bits: Int = 6, shards: [[Int]]? = nil,
        slices: Int = 10, seed: UInt64 = 5, workers: Int = 2, name: String = "a"
    ) throws -> Built {
        let model = try PartitionModel.train(
            sample: base, corpusRows: base.rows, settings: PartitionSettings(partitions: partitions, bits: bits),
            metric: metric, seed: seed, fingerprintIdentity: "test", workers: workers)
        var segments: [PartitionedIndex.Segment] = []
        var parts: [String] = []
        var row = 0
        for (number, sizes) in (shards ?? [[base.rows]]).enumerated() {
            let firstRow = row
            var own: [String] = []
            for size in sizes {
                let path = "\(folder)/\(name)-part-\(parts.count + own.count)"
                let elements = base.elements.span.extracting(row * base.columns..<(row + size) * base.columns)
                _ = try PartitionPart.write(elements, to: path, model: model, workers: workers)
                own.append(path)
                row += size
            }
            let merge = try PartitionMerge(model: model, parts: own)
            var paths: [String] = []
            for start in stride(from: 0, to: model.partitions, by: slices) {
                let path = "\(folder)/\(name)-slice-\(number)-\(start)"
                try merge.write(start..<min(model.partitions, start + slices), to: path)
                paths.append(path)
            }
            segments.append(.init(slices: paths, firstRow: firstRow))
            parts += own
        }
        return Built(model: model, segments: segments, parts: parts)
    }

    /// The exact nearest rows.
    static func exact(_ base: Matrix, _ queries: Matrix, count: Int, metric: Metric) -> [[Int]] {
        (0..<queries.rows).map { query in
            let scores = (0..<base.rows).map { row in
                (0..<base.columns).reduce(0.0) { sum, column in
                    let (x, y) = (Double(base[row, column]), Double(queries[query, column]))
                    return sum + (metric == .l2 ? -(x - y) * (x - y) : x * y)
                }
            }
            let order = scores.indices.sorted { scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1 }
            return Array(order.prefix(count))
        }
    }

    static func recall(_ found: [[Neighbor]], _ exact: [[Int]]) -> Double {
        let hits = zip(found, exact).reduce(0) { $0 + Set($1.0.map(\.row)).intersection($1.1).count }
        return Double(hits) / Double(exact.reduce(0) { $0 + $1.count })
    }

    func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }
}
