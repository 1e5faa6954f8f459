internal import Foundation
internal import Pipeline
internal import Storage
internal import TensorFiles
internal import VectorIndex

/// One generation, opened: its configuration, models and indexes.
struct OpenGeneration: Sendable {
    let directory: RunDirectory
    let generation: Generation
    /// What was erased before the first of its files was opened.
    let erasure: ErasureMark
    /// Whether the run's configuration is the one the generation was built with.
    let isCurrent: Bool
    let configuration: PipelineConfiguration
    let parts: GenerationParts
    let provenance: AttributionProvenance
    /// What embeds outputs; nothing where they come as vectors.
    let embeddings: EmbeddingSource?
    let finder: CandidateFinder
    let calibration: CalibrationRecord
    let ranking: CandidateRanking
    /// What is not deleted and not replaced.
    let live: LiveRows
    /// The rows that may be found; all where nil.
    let rows: RowSet?
    /// What the user should know of the filter.
    let notes: [String]
    /// Whether sentences are numbered as this program numbers them.
    let numbersSentences: Bool

    /// Opens the newest generation.
    ///
    /// - Parameters:
    ///   - modelPath: the embedder, when it is not where the build found it.
    ///   - filter: what else has to be true of a row that is found.
    /// - Throws: `missingInput` without a finished build, `incompatible` for another embedder than the build's.
    init(
        directory: RunDirectory, modelPath: String?, filter: RowFilter = RowFilter(), workers: Int = 1
    ) throws(RunError) {
        try directory.requireExisting()
        guard let generation = try directory.currentGeneration() else {
            throw RunError(
                .missingInput, "\(directory.path): the build has not come to its end; run `gradprint build` again")
        }
        self.directory = directory
        self.generation = generation
        erasure = try ErasureMark(directory, generation)
        let kept = FileManager.default.contents(atPath: directory.configuration)
        isCurrent = kept == Data(generation.configuration.utf8)
        parts = GenerationParts(directory: directory, generation: generation)
        let record = try parts.only(CalibrateStage.name)
        guard record.manifest.version == CalibrateStage.version else {
            throw RunError(
                .incompatible,
                "\(directory.path): its p-values are of another version of gradprint; `gradprint merge` or `gradprint build` makes them anew, and little else"
            )
        }
        configuration = try PipelineConfiguration(
            ConfigurationNode(yaml: generation.configuration, path: directory.configuration))
        let path = modelPath ?? configuration.embed.path
        let built = try Self.embedderDigest(try parts.only(EmbedStage.name))
        live = try LiveRows(generation, try Deletions.read(directory), directory)
        var notes: [String] = []
        rows = try filter.rows(of: generation, live: live.set, parts: parts, workers: workers) { notes.append($0) }
        self.notes = notes
        provenance = AttributionProvenance(
            generation, embedderPath: path, embedderDigest: built, hiddenRows: live.hidden,
            filter: filter.isEmpty ? nil : filter.description, filteredRows: rows?.population)
        embeddings = try Self.embedder(path, built: built)
        finder = try CandidateFinder(
            CandidateSettings(
                configuration, stages: generation.optionalStages,
                search: try CalibrateStage.search(try parts.only(CalibrateStage.name))),
            catalog: generation.catalog, parts: parts, embeddings: embeddings, rows: rows)
        numbersSentences = try parts.artifacts(of: SentenceStage.name)
            .allSatisfy { $0.manifest.version == SentenceStage.version }
        calibration = try reporting(damaged: .corrupt) { () throws(StorageError) in
            try CalibrationRecord.read(record)
        }
        ranking = CandidateRanking(ranking: configuration.refine.rankBy, ranker: calibration.ranker)
    }

    private static func embedderDigest(_ built: Artifact) throws(RunError) -> String {
        guard let parameters = try? JSONFile.decode(EmbedStage.Parameters.self, from: built.manifest.parameters) else {
            throw RunError(.corrupt, "\(built.folder): the manifest's parameters cannot be read")
        }
        return parameters.embedder
    }

    /// The embedder, which has to be the very one that the corpus was embedded with; nothing for vectors.
    private static func embedder(_ path: String?, built: String) throws(RunError) -> EmbeddingSource? {
        guard let path, !VectorFormat.isVectorFile(path) else { return nil }
        let source = try EmbeddingSource(path: path)
        guard source.digest == built else {
            throw RunError(
                .incompatible,
                "\(path): this is not the embedder that the corpus was embedded with (SHA-256 \(source.digest.prefix(12))…, the run's is \(built.prefix(12))…); name the right folder with --model"
            )
        }
        return source
    }
}
