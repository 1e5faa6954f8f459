internal import Pipeline
internal import Storage
internal import VectorIndex

/// The vector index of a generation, or of the tasks that calibration reads.
enum OpenIndex {
    /// - Throws: `mismatch` for parts that were not made alike; `damaged`.
    static func open(_ parts: some ArtifactSource, search: IndexSettings.Search) throws -> any VectorIndex {
        let slices = try parts.all(MergeStage.name).map { $0.path(ArtifactFile.segment) }
        guard let model = try IndexModel.read(try parts.only(IndexTrainStage.name)) else {
            return try FlatIndex(segments: slices)
        }
        let table = try RecallTable.read(try parts.only(IndexRecallStage.name))
        return try PartitionedIndex(model: model, slices: slices, probes: table.probes(search))
    }
}
