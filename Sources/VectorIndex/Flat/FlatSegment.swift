internal import Kernels
internal import Storage

/// The flat index' file: a shard file of kind `flat-segment`.
///
/// | column | type | meaning |
/// |---|---|---|
/// | `fingerprint` | float32 `[dimension]`, raw | the vectors, scanned in place |
/// | `squared_norm` | float32, raw | ‖x‖² of each |
///
/// Attributes: `metric`, and `identity`, which names everything the vectors were made with. Parts of another identity
/// are refused, because distances between them would mean nothing.
package enum FlatSegment {
    package static let kind = "flat-segment"
    static let vectors = "fingerprint"
    static let norms = "squared_norm"

    /// Writes one part from blocks of vectors.
    package final class Writer {
        private let writer: ShardWriter
        private let dimension: Int

        /// - Throws: what creating the file throws.
        package init(path: String, dimension: Int, metric: Metric, identity: String) throws(IndexError) {
            self.dimension = dimension
            writer = try indexed { () throws(StorageError) in
                try ShardWriter(
                    path: path, kind: FlatSegment.kind,
                    columns: [
                        ColumnDescription(FlatSegment.vectors, .float32, width: dimension),
                        ColumnDescription(FlatSegment.norms, .float32),
                    ],
                    attributes: ["metric": metric.rawValue, "identity": identity])
            }
        }

        /// - Parameter vectors: row-major `[rows × dimension]`.
        package func append(_ vectors: Span<Float>) throws(IndexError) {
            do {
                try add(vectors)
            } catch {
                throw .damaged(error)
            }
        }

        fileprivate func add(_ vectors: Span<Float>) throws(StorageError) {
            precondition(vectors.count % dimension == 0)
            var norms: [Float] = []
            for row in 0..<vectors.count / dimension {
                let vector = vectors.extracting(row * dimension..<(row + 1) * dimension)
                norms.append(dot(vector, vector))
            }
            try writer.append(FlatSegment.vectors, floats: vectors)
            try writer.append(FlatSegment.norms, floats: norms.span)
        }

        package func finish() throws(IndexError) {
            _ = try indexed { () throws(StorageError) in try writer.finish() }
        }
    }

    /// One file's worth of the index, memory-mapped.
    struct Reader: Sendable {
        let file: ShardReader
        let dimension: Int
        let metric: Metric
        let identity: String
        var rows: Int { file.rows }

        init(path: String) throws(IndexError) {
            file = try indexed { () throws(StorageError) in
                try ShardReader(path: path, expectedKind: FlatSegment.kind)
            }
            dimension = try indexed { [file] () throws(StorageError) in
                try file.column(FlatSegment.vectors).fixedWidth ?? 0
            }
            guard let metric = file.attributes["metric"].flatMap(Metric.init),
                let identity = file.attributes["identity"]
            else {
                throw .damaged(StorageError(.corrupt, path: path, "it names no metric or no identity"))
            }
            self.metric = metric
            self.identity = identity
        }

        /// - Throws: `mismatch` unless `other` was made as this one was.
        func requireLike(_ other: Reader) throws(IndexError) {
            let pairs = [
                ("dimension", "\(dimension)", "\(other.dimension)"), ("metric", metric.rawValue, other.metric.rawValue),
                ("identity", identity, other.identity),
            ]
            for (attribute, expected, found) in pairs where expected != found {
                throw .mismatch(path: other.file.path, attribute: attribute, expected: expected, found: found)
            }
        }
    }

    /// Makes one segment of several parts, in their order.
    ///
    /// - Parameter onRows: is told how many rows each step has copied.
    /// - Returns: how many vectors the segment holds.
    /// - Throws: `mismatch` for parts that were not made alike; `damaged`.
    /// - Complexity: one pass over the bytes; memory for one block.
    package static func merge(
        _ parts: [String], into path: String, onRows: (Int) -> Void = { _ in }
    ) throws(IndexError) -> Int {
        var readers: [Reader] = []
        for part in parts { readers.append(try Reader(path: part)) }
        guard let first = readers.first else { preconditionFailure("a merge has at least one part") }
        for reader in readers { try first.requireLike(reader) }
        let writer = try Writer(path: path, dimension: first.dimension, metric: first.metric, identity: first.identity)
        var rows = 0
        for reader in readers {
            for start in stride(from: 0, to: reader.rows, by: 8192) {
                let block = start..<min(reader.rows, start + 8192)
                try indexed { () throws(StorageError) in
                    try writer.add(try reader.file.floats(FlatSegment.vectors, rows: block))
                }
                rows += block.count
                onRows(block.count)
            }
        }
        try writer.finish()
        return rows
    }
}
