internal import Kernels
internal import Storage

/// The model's file: a shard file of kind `partition-model`. `docs/index.md` has it.
///
/// | column | type | meaning |
/// |---|---|---|
/// | `centroid` | float32 `[padded dimension]`, raw | of the partitions, then one more row: the origin, unrotated |
extension PartitionModel {
    package static let kind = "partition-model"

    /// - Throws: `damaged` with what writing the file throws.
    package func write(to path: String) throws(IndexError) {
        try indexed { () throws(StorageError) in
            let writer = try ShardWriter(
                path: path, kind: Self.kind,
                columns: [
                    ColumnDescription("centroid", .float32, width: paddedDimension)
                ], chunkRows: 1024,
                attributes: [
                    "bits": "\(bits)", "dimension": "\(dimension)", "fingerprint": fingerprintIdentity,
                    "identity": identity, "metric": metric.rawValue,
                    "partitions": "\(partitions)", "seed": "\(seed)",
                    "mean_squared_distance": "\(meanSquaredDistance)",
                ])
            try writer.append("centroid", floats: centroids.elements)
            let padding = [Float](repeating: 0, count: paddedDimension - dimension)
            try writer.append("centroid", floats: origin + padding)
            _ = try writer.finish()
        }
    }

    /// Reads a model.
    ///
    /// - Throws: `damaged`.
    /// - Complexity: reads the file once.
    package init(path: String) throws(IndexError) {
        let reader = try indexed { () throws(StorageError) in
            try ShardReader(path: path, expectedKind: Self.kind)
        }
        let facts = reader.attributes
        guard let dimension = facts["dimension"].flatMap({ Int($0) }), dimension > 0,
            let bits = facts["bits"].flatMap({ Int($0) }), (1...8).contains(bits),
            let partitions = facts["partitions"].flatMap({ Int($0) }), partitions > 0,
            reader.rows == partitions + 1, let seed = facts["seed"].flatMap({ UInt64($0) }),
            let metric = facts["metric"].flatMap(Metric.init),
            let distance = facts["mean_squared_distance"].flatMap({ Double($0) }),
            let identity = facts["identity"], let fingerprint = facts["fingerprint"]
        else {
            throw .damaged(
                StorageError(.corrupt, path: path, "its attributes are not those of a model; train it again"))
        }
        let width = (dimension + 31) / 32 * 32
        let centroids: [Float]
        let origin: [Float]
        do throws(StorageError) {
            guard try reader.column("centroid").fixedWidth == width else {
                throw StorageError(.corrupt, path: path, "its centroids are not of \(width) dimensions; train it again")
            }
            let all = try reader.floats("centroid")
            centroids = Self.copy(all.extracting(0..<partitions * width))
            origin = Self.copy(all.extracting(partitions * width..<partitions * width + dimension))
        } catch {
            throw .damaged(error)
        }
        self.init(
            dimension: dimension, metric: metric, bits: bits, seed: seed, fingerprintIdentity: fingerprint,
            meanSquaredDistance: distance, origin: origin,
            centroids: Matrix(rows: partitions, columns: width, elements: centroids), identity: identity)
    }

    /// Without writing zeros first, as opening an index takes mostly the time for this memory.
    private static func copy(_ values: Span<Float>) -> [Float] {
        unsafe [Float](unsafeUninitializedCapacity: values.count) { buffer, initialized in
            unsafe values.withUnsafeBufferPointer { unsafe _ = buffer.initialize(from: $0) }
            initialized = values.count
        }
    }
}
