internal import Clustering
internal import Kernels
package import Pipeline
internal import Storage

/// The pseudo-label of every row: its nearest centroid.
package struct LabelStage: Stage {
    package struct Parameters: Codable, Sendable {}

    package static let name = "label"
    package static let version = 2
    package let parameters = Parameters()

    /// The figure that tells drift: the rows' mean Euclidean distance to their centroids.
    static let distance = "mean distance"

    package var granularity: Granularity { .shard }
    package static func erasure(of artifact: Artifact) -> Erasure { .rows }
    package var inputs: [StageInput] { [.same(EmbedStage.name), .same(ClusterStage.name)] }

    package func estimate(_ extent: Extent) -> ResourceEstimate {
        ResourceEstimate(memory: 16 << 20, disk: 8 * extent.rows)
    }

    package func run(_ context: TaskContext) throws {
        let embeddings = try EmbeddingBlocks(context.input(EmbedStage.name))
        let centroids = try Centroids.read(context.input(ClusterStage.name))
        let writer = try ShardWriter(
            path: context.output(ArtifactFile.labels), kind: ShardKind.labels,
            columns: [ColumnDescription("label", .uint32, codec: .lz4)])
        var distances = 0.0
        for rows in embeddings.blocks {
            let assignment = try centroids.assign(try embeddings.matrix(rows), workers: context.workers)
            try writer.append("label", values: assignment.labels.span)
            for distance in assignment.distances { distances += Double(distance).squareRoot() }
            context.advance(rows: rows.count)
        }
        _ = try writer.finish()
        if embeddings.rows > 0 { context.record(Self.distance, .number(distances / Double(embeddings.rows))) }
    }
}

/// One shard's embeddings, block by block.
struct EmbeddingBlocks {
    let rows: Int
    let dimension: Int
    private let reader: ShardReader

    /// Rows a block: large enough for matrix products, small enough for the cache of a core and a worker's memory.
    static let blockRows = 4096

    init(_ artifact: Artifact) throws(StorageError) {
        reader = try ShardReader(path: artifact.path(ArtifactFile.embeddings), expectedKind: ShardKind.embeddings)
        rows = reader.rows
        dimension = try reader.column("embedding").fixedWidth ?? 0
    }

    var blocks: [Range<Int>] { ranges(rows, of: Self.blockRows) }

    func matrix(_ rows: Range<Int>) throws(StorageError) -> Matrix {
        var elements: [Float] = []
        try reader.read("embedding", rows: rows, into: &elements)
        return Matrix(rows: rows.count, columns: dimension, elements: elements)
    }
}

/// The cluster stage's result.
enum Centroids {
    static func read(_ artifact: Artifact) throws(StorageError) -> CentroidAssigner {
        let reader = try ShardReader(path: artifact.path(ArtifactFile.centroids), expectedKind: ShardKind.centroids)
        var elements: [Float] = []
        try reader.read("centroid", rows: 0..<reader.rows, into: &elements)
        let width = try reader.column("centroid").fixedWidth ?? 0
        return CentroidAssigner(centroids: Matrix(rows: reader.rows, columns: width, elements: elements))
    }
}
