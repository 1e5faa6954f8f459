internal import Kernels
package import Pipeline
internal import Storage
internal import VectorIndex

/// What all parts of the index share: of a partitioned one its centroids and rotation, of a flat one nothing.
package struct IndexTrainStage: Stage {
    package static let name = "index-train"
    package static let version = 2
    package let parameters: Seeded<IndexSettings.Layout>

    private let sizes: RowSizes
    private static let stream: UInt64 = 23

    init(_ settings: IndexSettings, sizes: RowSizes, seed: UInt64) {
        parameters = Seeded(settings: settings.layout, seed: seed)
        self.sizes = sizes
    }

    package var granularity: Granularity { .whole }
    package static func erasure(of artifact: Artifact) -> Erasure { .none }
    package var inputs: [StageInput] { [.all(ProjectStage.name)] }

    package func estimate(_ extent: Extent) -> ResourceEstimate {
        guard parameters.settings.isPartitioned(rows: extent.rows) else { return ResourceEstimate(memory: 0, disk: 0) }
        let settings = parameters.settings.partitioning
        let sample = settings.sampleRows(corpusRows: extent.rows, dimension: sizes.fingerprint / 4)
        // The sample as it is and rotated.
        return ResourceEstimate(
            memory: (256 << 20) + 2 * sample * sizes.fingerprint,
            disk: 2 * settings.count(forRows: extent.rows, dimension: sizes.fingerprint / 4) * sizes.fingerprint)
    }

    package func run(_ context: TaskContext) throws {
        let layout = parameters.settings
        let fingerprints = try ShardedColumn.fingerprints(context.inputs(ProjectStage.name))
        guard layout.isPartitioned(rows: fingerprints.rows) else {
            context.record("kind", .text("flat"))
            return
        }
        let settings = layout.partitioning
        let sample = try fingerprints.sample(
            settings.sampleRows(corpusRows: fingerprints.rows, dimension: fingerprints.width), seed: parameters.seed,
            stream: Self.stream)
        do {
            let model = try PartitionModel.train(
                sample: sample.matrix, corpusRows: fingerprints.rows, settings: settings, metric: layout.metric,
                seed: parameters.seed, fingerprintIdentity: fingerprints.attributes["identity"] ?? "",
                workers: context.workers)
            try model.write(to: context.output(IndexModel.file))
            context.advance(rows: sample.rows.count)
            context.record("kind", .text("partitioned"))
            context.record("partitions", .integer(model.partitions))
            context.record("bits", .integer(model.bits))
            context.record(IndexDrift.figure, .number(model.meanSquaredDistance.squareRoot()))
        } catch {
            throw RunError(error)
        }
    }
}

/// The trained part of the index, as the stages hand it on.
enum IndexModel {
    static let file = "partitions.shard"

    /// Nothing where the index is flat.
    static func read(_ artifact: Artifact) throws(RunError) -> PartitionModel? {
        guard RunDirectory.size(of: artifact.path(file)) != nil else { return nil }
        do {
            return try PartitionModel(path: artifact.path(file))
        } catch {
            throw RunError(error)
        }
    }
}

extension ShardedColumn {
    /// The fingerprints of the artifacts' shards.
    static func fingerprints(_ artifacts: [Artifact]) throws(StorageError) -> ShardedColumn {
        try ShardedColumn(
            artifacts, file: ArtifactFile.fingerprints, kind: ShardKind.fingerprints, column: "fingerprint")
    }
}
