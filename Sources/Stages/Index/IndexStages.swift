package import Pipeline
internal import Storage
internal import VectorIndex

/// One shard's part of the index.
package struct ShardIndexStage: Stage {
    package static let name = "shard-index"
    package static let version = 1
    package let parameters: IndexSettings

    private let sizes: RowSizes

    init(_ settings: IndexSettings, sizes: RowSizes) {
        parameters = settings
        self.sizes = sizes
    }

    package var granularity: Granularity { .shard }
    package var inputs: [StageInput] { [.same(ProjectStage.name)] }

    package func estimate(_ extent: Extent) -> ResourceEstimate {
        ResourceEstimate(memory: 64 << 20, disk: extent.rows * sizes.fingerprint)
    }

    package func run(_ context: TaskContext) throws {
        let reader = try ShardReader(
            path: context.input(ProjectStage.name).path(ArtifactFile.fingerprints), expectedKind: ShardKind.fingerprints
        )
        let writer = try FlatSegment.Writer(
            path: context.output(ArtifactFile.segment), dimension: try reader.column("fingerprint").fixedWidth ?? 0,
            metric: parameters.metric, identity: reader.attributes["identity"] ?? "")
        for rows in ranges(reader.rows, of: 4096) {
            try writer.append(try reader.floats("fingerprint", rows: rows))
            context.advance(rows: rows.count)
        }
        try writer.finish()
    }
}

/// The segment made of its shards' parts, in the order of the corpus.
package struct MergeStage: Stage {
    package static let name = "merge"
    package static let version = 1
    package let parameters: IndexSettings

    private let sizes: RowSizes

    init(_ settings: IndexSettings, sizes: RowSizes) {
        parameters = settings
        self.sizes = sizes
    }

    package var granularity: Granularity { .slice }
    package var inputs: [StageInput] { [.all(ShardIndexStage.name)] }

    package func estimate(_ extent: Extent) -> ResourceEstimate {
        ResourceEstimate(memory: 64 << 20, disk: extent.rows * sizes.fingerprint)
    }

    package func run(_ context: TaskContext) throws {
        let parts = context.inputs(ShardIndexStage.name).map { $0.path(ArtifactFile.segment) }
        do {
            let rows = try FlatSegment.merge(parts, into: context.output(ArtifactFile.segment)) {
                context.advance(rows: $0)
            }
            context.record("vectors", .integer(rows))
        } catch {
            throw RunError(error)
        }
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
