package import Pipeline
internal import Storage

/// What attributions rest on: enough to tell whether they could be made again.
package struct AttributionProvenance: Sendable {
    /// Something that the index was made with.
    package struct Part: Sendable, Hashable {
        package let name: String
        /// SHA-256 of stage, version, parameters and inputs (see ``Fingerprint``).
        package let fingerprint: String
    }

    package let generation: Int
    /// Samples in the corpus.
    package let rows: Int
    /// Samples among them that were deleted, or replaced by a later batch: none of them can be found.
    package let hiddenRows: Int
    /// What had to be true of a sample to be found, in words; nothing without a filter.
    package let filter: String?
    /// Samples that could be found, where there is a filter.
    package let filteredRows: Int?
    /// SHA-256 of the configuration's YAML.
    package let configurationDigest: String
    /// As the configuration or the caller names it; nothing for vectors made elsewhere.
    package let embedderPath: String?
    /// SHA-256 of the embedder's files, or of the vectors.
    package let embedderDigest: String
    package let parts: [Part]
    /// What built the index, and what attributes.
    package let buildPlatform: Platform
    package let platform: Platform

    init(
        _ generation: Generation, embedderPath: String?, embedderDigest: String, hiddenRows: Int, filter: String?,
        filteredRows: Int?
    ) {
        self.generation = generation.number
        self.hiddenRows = hiddenRows
        self.filter = filter
        self.filteredRows = filter == nil ? nil : filteredRows
        rows = generation.catalog.rows
        configurationDigest = Digest.sha256(generation.configuration)
        (self.embedderPath, self.embedderDigest) = (embedderPath, embedderDigest)
        let named = [
            ("Index", MergeStage.name), ("Word index", TokenIndexStage.name), ("Cluster probe", ProbeTrainStage.name),
            ("Curvature", CurvatureStage.name), ("Token probe", TokenProbeStage.name),
            ("Near words", NearWordsStage.name), ("Calibration", CalibrateStage.name),
        ]
        parts = named.flatMap { name, stage in
            (generation.parts[stage] ?? []).enumerated().map { position, part in
                Part(name: position == 0 ? name : "\(name), segment \(position + 1)", fingerprint: part.fingerprint)
            }
        }
        buildPlatform = generation.platform
        platform = .current
    }
}
