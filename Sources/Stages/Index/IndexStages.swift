package import Pipeline
internal import Storage
internal import VectorIndex

/// One shard's part of the index.
package struct ShardIndexStage: Stage {
    package static let name = "shard-index"
    package static let version = 2
    package let parameters: IndexSettings.Layout

    private let sizes: RowSizes

    init(_ settings: IndexSettings, sizes: RowSizes) {
        parameters = settings.layout
        self.sizes = sizes
    }

    package var granularity: Granularity { .shard }
    package static func erasure(of artifact: Artifact) throws -> Erasure { try IndexErasure.of(artifact) }
    package var inputs: [StageInput] { [.same(ProjectStage.name), .same(IndexTrainStage.name)] }

    package func estimate(_ extent: Extent) -> ResourceEstimate {
        // A partitioned index takes the shard's vectors as they are, rotated and encoded.
        ResourceEstimate(
            memory: (64 << 20) + 3 * extent.rows * sizes.fingerprint, disk: extent.rows * sizes.fingerprint)
    }

    package func run(_ context: TaskContext) throws {
        let reader = try ShardReader(
            path: context.input(ProjectStage.name).path(ArtifactFile.fingerprints), expectedKind: ShardKind.fingerprints
        )
        let identity = reader.attributes["identity"] ?? ""
        let output = context.output(ArtifactFile.segment)
        do {
            guard let model = try IndexModel.read(context.input(IndexTrainStage.name)) else {
                let writer = try FlatSegment.Writer(
                    path: output, dimension: try reader.column("fingerprint").fixedWidth ?? 0,
                    metric: parameters.metric, identity: identity)
                for rows in ranges(reader.rows, of: 4096) {
                    try writer.append(try reader.floats("fingerprint", rows: rows))
                    context.advance(rows: rows.count)
                }
                return try writer.finish()
            }
            guard model.fingerprintIdentity == identity else {
                throw RunError(
                    .incompatible, "\(reader.path): its fingerprints are not of the kind the index was trained on")
            }
            let vectors = try reader.floats("fingerprint", rows: 0..<reader.rows)
            let summary = try PartitionPart.write(vectors, to: output, model: model, workers: context.workers)
            context.advance(rows: summary.rows)
            // Against the training's it says how far the rows have drifted.
            if let distance = IndexDrift.distance(summary, of: vectors, embedding: sizes.embedding / 4, model: model) {
                context.record(IndexDrift.figure, .number(distance))
            }
        } catch let error as IndexError {
            throw RunError(error)
        }
    }
}

/// A slice of a segment, made of its shards' parts: some partitions, or all rows of a flat index.
package struct MergeStage: Stage {
    package static let name = "merge"
    package static let version = 2
    package let parameters: IndexSettings.Layout

    private let sizes: RowSizes

    init(_ settings: IndexSettings, sizes: RowSizes) {
        parameters = settings.layout
        self.sizes = sizes
    }

    package var granularity: Granularity { .slice }
    package static func erasure(of artifact: Artifact) throws -> Erasure { try IndexErasure.of(artifact) }
    package var inputs: [StageInput] { [.all(ShardIndexStage.name), .same(IndexTrainStage.name)] }

    package func slices(rows: Int, trainedRows: Int) -> Int {
        guard parameters.isPartitioned(rows: trainedRows) else { return 1 }
        return PartitionSlice.slices(
            rows: rows,
            partitions: parameters.partitioning.count(forRows: trainedRows, dimension: sizes.fingerprint / 4),
            dimension: sizes.fingerprint / 4, bits: parameters.bits
        ).count
    }

    package func estimate(_ extent: Extent) -> ResourceEstimate {
        ResourceEstimate(memory: 64 << 20, disk: extent.rows * sizes.fingerprint)
    }

    package func run(_ context: TaskContext) throws {
        guard case .slice(_, let index, let count) = context.part else {
            preconditionFailure("merge is cut into slices")
        }
        let parts = context.inputs(ShardIndexStage.name).map { $0.path(ArtifactFile.segment) }
        let output = context.output(ArtifactFile.segment)
        do {
            let rows: Int
            if let model = try IndexModel.read(context.input(IndexTrainStage.name)) {
                rows = try PartitionMerge(model: model, parts: parts).write(
                    PartitionSlice.range(index, of: count, partitions: model.partitions), to: output
                ) { context.advance(rows: $0) }
            } else {
                rows = try FlatSegment.merge(parts, into: output) { context.advance(rows: $0) }
            }
            context.record("vectors", .integer(rows))
        } catch let error as IndexError {
            throw RunError(error)
        }
    }
}

/// A flat index has its rows in their order; the parts of a partitioned one are made again.
private enum IndexErasure {
    static func of(_ artifact: Artifact) throws -> Erasure {
        let file = try ShardReader(path: artifact.path(ArtifactFile.segment), expectedKind: nil)
        return file.kind == FlatSegment.kind ? .rows : .remake
    }
}

extension RunError {
    init(_ error: IndexError) {
        switch error {
        case .damaged(let error): self.init(error, damaged: .corrupt)
        case .mismatch, .wrongDimension: self.init(.incompatible, error.description)
        case .notFinite, .notFiniteRow: self.init(.badInput, error.description)
        }
    }
}
