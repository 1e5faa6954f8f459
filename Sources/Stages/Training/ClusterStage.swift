internal import Clustering
internal import Kernels
package import Pipeline
internal import Storage

/// k-means on a seeded sample of the embeddings: the centroids that give every sample its pseudo-label.
package struct ClusterStage: Stage {
    /// The configuration's `cluster:` section.
    package struct Settings: Codable, Hashable, Sendable {
        package let clusters: Int
        package let sampleRows: Int
        package let iterations: Int
        package let tolerance: Double

        init(_ section: ConfigurationSection) throws(RunError) {
            var section = section
            clusters = try section.integer("clusters", default: 10, in: 2...65_536)
            sampleRows = try section.integer("sample_rows", default: 65_536, in: 2...100_000_000)
            iterations = try section.integer("iterations", default: 50, in: 1...10_000)
            tolerance = try section.number("tolerance", default: 1e-4, in: 0...1)
            try section.finish()
        }
    }

    package static let name = "cluster"
    package static let version = 2
    package let parameters: Seeded<Settings>

    private let sizes: RowSizes

    init(_ settings: Settings, sizes: RowSizes, seed: UInt64) {
        parameters = Seeded(settings: settings, seed: seed)
        self.sizes = sizes
    }

    package var granularity: Granularity { .whole }
    package static func erasure(of artifact: Artifact) -> Erasure { .none }
    package var inputs: [StageInput] { [.all(EmbedStage.name)] }

    package func estimate(_ extent: Extent) -> ResourceEstimate {
        let sample = min(extent.rows, parameters.settings.sampleRows) * sizes.embedding
        return ResourceEstimate(memory: 2 * sample, disk: parameters.settings.clusters * sizes.embedding)
    }

    package func run(_ context: TaskContext) throws {
        let settings = parameters.settings
        let embeddings = try ShardedColumn.embeddings(context.inputs(EmbedStage.name))
        let sample = try embeddings.sample(settings.sampleRows, seed: parameters.seed, stream: 1)
        let model: KMeansModel
        do {
            model = try KMeans.train(
                sample: sample.matrix, clusters: settings.clusters, seed: parameters.seed,
                iterations: settings.iterations, tolerance: settings.tolerance, workers: context.workers)
        } catch {
            throw RunError(.badInput, "\(error); the setting is cluster.clusters")
        }
        let writer = try ShardWriter(
            path: context.output(ArtifactFile.centroids), kind: ShardKind.centroids,
            columns: [ColumnDescription("centroid", .float32, width: embeddings.width)])
        try writer.append("centroid", floats: model.centroids.elements.span)
        _ = try writer.finish()
        context.advance(rows: sample.rows.count)
        context.record("clusters", .integer(model.centroids.rows))
        context.record("inertia", .number(Double(model.inertia.last ?? 0)))
        context.record("iterations", .integer(model.iterations))
        context.record("converged", .text(model.converged ? "yes" : "no"))
        context.record("repaired", .integer(model.repairs))
    }
}

extension ShardedColumn {
    /// The embeddings of the whole corpus.
    static func embeddings(
        _ artifacts: [Artifact], reads: ShardReader.Reads = .inOrder
    ) throws(StorageError) -> ShardedColumn {
        try ShardedColumn(
            artifacts, file: ArtifactFile.embeddings, kind: ShardKind.embeddings, column: "embedding", reads: reads)
    }

    /// A seeded sample of rows without replacement, in rising order; all rows when there are no more.
    ///
    /// - Parameter stream: tells the samples of different stages apart.
    func sample(_ count: Int, seed: UInt64, stream: UInt64) throws(StorageError) -> (rows: [Int], matrix: Matrix) {
        var generator = SeededGenerator(seed: seed, stream: stream)
        let chosen = generator.sample(count, below: rows)
        return (chosen, Matrix(rows: chosen.count, columns: width, elements: try floats(chosen, releases: true)))
    }
}
