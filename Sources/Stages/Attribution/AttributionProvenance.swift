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

    init(_ generation: Generation, embedderPath: String?, embedderDigest: String) {
        self.generation = generation.number
        rows = generation.catalog.rows
        configurationDigest = Digest.sha256(generation.configuration)
        (self.embedderPath, self.embedderDigest) = (embedderPath, embedderDigest)
        let named = [
            ("Index", MergeStage.name), ("Word index", TokenIndexStage.name), ("Cluster probe", ProbeTrainStage.name),
            ("Curvature", CurvatureStage.name), ("Token probe", TokenProbeStage.name),
            ("Calibration", CalibrateStage.name),
        ]
        parts = named.compactMap { name, stage in
            generation.parts[stage]?.first.map { Part(name: name, fingerprint: $0.fingerprint) }
        }
        buildPlatform = generation.platform
        platform = .current
    }
}
