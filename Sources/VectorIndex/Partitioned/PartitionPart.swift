internal import Kernels
internal import Storage

/// The rows of one shard, encoded and sorted by partition (those of a partition in rising order): a shard file of kind
/// `partition-part`. Slices are merged from parts. `docs/index.md` has it byte by byte.
///
/// | column | type | meaning |
/// |---|---|---|
/// | `record` | uint8 `[8 + n(bits − 1)/8]` | the warm record: `add`, `scale`, low bits |
/// | `hot` | uint8 `[n/8]` | the hot code |
/// | `factor` | float32 `[3]` | `add`, `scale`, `error` of the hot code |
/// | `row` | uint32 | the row in its shard |
/// | `partition` | uint32 | rising |
package enum PartitionPart {
    package static let kind = "partition-part"

    /// What a part says of itself.
    package struct Summary: Sendable, Hashable {
        package let rows: Int
        /// Mean of the rows' squared distances to their centroids. Against the model's it says how far the corpus has
        /// drifted from what the partitions were trained on.
        package let meanSquaredDistance: Double
    }

    /// Encodes a shard.
    ///
    /// - Parameters:
    ///   - vectors: row-major `[rows × dimension]`, the whole shard.
    /// - Throws: `notFiniteRow`; `damaged` with what writing the file throws.
    /// - Complexity: memory for the vectors once more and their codes. The bytes do not depend on `workers`.
    package static func write(
        _ vectors: Span<Float>, to path: String, model: PartitionModel, workers: Int
    ) throws(IndexError) -> Summary {
        let width = model.paddedDimension
        let rotated = model.rotated(vectors, workers: workers)
        let count = rotated.count / width
        let labels = try assign(rotated, count: count, model: model, workers: workers)
        let order = sorted(labels, partitions: model.partitions)

        let codes = model.codes
        let blocks = Parallel.map(count: count, blockSize: 1024, workers: workers) { rows in
            codes.encode(
                rotated.span, order: order[rows], labels: labels.span, centroids: model.centroids,
                origin: model.rotatedOrigin,
                metric: model.metric)
        }
        let total = blocks.reduce(0) { $0 + $1.squaredLengths }
        let mean = count > 0 ? total / Double(count) : 0
        try indexed { () throws(StorageError) in
            let writer = try ShardWriter(
                path: path, kind: kind,
                columns: [
                    ColumnDescription("record", .uint8, width: codes.recordBytes),
                    ColumnDescription("hot", .uint8, width: codes.hotBytes),
                    ColumnDescription("factor", .float32, width: 3),
                    ColumnDescription("row", .uint32),
                    ColumnDescription("partition", .uint32),
                ], chunkRows: chunkRows,
                attributes: ["identity": model.identity, "mean_squared_distance": "\(mean)"])
            for block in blocks {
                try writer.append("record", values: block.records)
                try writer.append("hot", values: block.hot)
                try writer.append("factor", floats: block.factors)
            }
            try writer.append("row", values: order.map { UInt32($0) })
            try writer.append("partition", values: order.map { labels[$0] })
            _ = try writer.finish()
        }
        return Summary(rows: count, meanSquaredDistance: mean)
    }

    /// What the part at a path holds.
    ///
    /// - Throws: `damaged`.
    package static func summary(of path: String) throws(IndexError) -> Summary {
        let reader = try indexed { () throws(StorageError) in try ShardReader(path: path, expectedKind: kind) }
        guard let mean = reader.attributes["mean_squared_distance"].flatMap({ Double($0) }) else {
            throw .damaged(StorageError(.corrupt, path: path, "it names no mean_squared_distance; build it again"))
        }
        return Summary(rows: reader.rows, meanSquaredDistance: mean)
    }

    /// Small, because a slice reads few rows of each part.
    private static let chunkRows = 256

    private static func assign(
        _ rotated: [Float], count: Int, model: PartitionModel, workers: Int
    ) throws(IndexError) -> [UInt32] {
        let width = model.paddedDimension
        let bad = Parallel.map(count: count, blockSize: 4096, workers: workers) { rows in
            rows.first { row in
                let vector = rotated.span.extracting(row * width..<(row + 1) * width)
                return !dot(vector, vector).isFinite
            }
        }
        if let row = bad.lazy.compactMap(\.self).first { throw .notFiniteRow(row: row) }
        var labels = [UInt32](repeating: 0, count: count)
        var distances = [Float](repeating: 0, count: count)
        var labelSpan = labels.mutableSpan
        var distanceSpan = distances.mutableSpan
        Parallel.fill(
            &labelSpan, width: 1, &distanceSpan, width: 1, count: count, blockSize: 2048, workers: workers
        ) { rows, labels, distances in
            let block = rotated.span.extracting(rows.lowerBound * width..<rows.upperBound * width)
            model.assign(block, labels: &labels, distances: &distances)
        }
        return labels
    }

    /// Rows by partition, those of one in rising order.
    private static func sorted(_ labels: [UInt32], partitions: Int) -> [Int] {
        var starts = [Int](repeating: 0, count: partitions + 1)
        for label in labels { starts[Int(label) + 1] += 1 }
        for partition in 0..<partitions { starts[partition + 1] += starts[partition] }
        var order = [Int](repeating: 0, count: labels.count)
        for (row, label) in labels.enumerated() {
            order[starts[Int(label)]] = row
            starts[Int(label)] += 1
        }
        return order
    }
}
