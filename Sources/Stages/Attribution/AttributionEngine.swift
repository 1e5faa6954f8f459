internal import Clustering
internal import Corpus
internal import Embedding
internal import Foundation
internal import Influence
internal import Kernels
internal import Pipeline
internal import Probing
internal import Storage
internal import TensorFiles
internal import VectorIndex

/// An output of the log, ready to be attributed.
struct LoggedOutput: Sendable {
    enum Content: Sendable {
        case text(String)
        case vector([Float])
        case failed(String)
    }

    let id: String
    let content: Content
    let knownSources: [String]?

    init(_ record: OutputRecord) {
        id = record.id
        switch record.result {
        case .success(let output):
            content = .text(output.text)
            knownSources = output.sourceIDs
        case .failure(let error):
            content = .failed("\(error)")
            knownSources = nil
        }
    }

    init(id: String, content: Content) {
        self.id = id
        self.content = content
        knownSources = nil
    }
}

/// One generation, opened: everything that turns outputs into ranked sources.
///
/// Outputs are fingerprinted as the corpus was, the index gives candidates, and influence is computed for them: LiSSA
/// once for each output, in a batch, then one small product for each candidate.
struct AttributionEngine: Sendable {
    let corpus: CorpusRows
    /// The generation's number.
    let number: Int
    /// Whether the run's configuration is the one the generation was built with.
    let isCurrent: Bool
    private let configuration: PipelineConfiguration
    /// Nothing for a corpus of vectors, whose outputs are vectors too.
    private let embeddings: EmbeddingSource?
    private let normalise: Bool
    private let centroids: CentroidAssigner
    private let probe: any Probe
    private let fingerprinter: Fingerprinter
    private let index: any VectorIndex
    private let influence: InfluenceScorer
    private let candidates: CandidateGradients

    init(directory: RunDirectory, modelPath: String?) throws(RunError) {
        try directory.requireExisting()
        guard let generation = try directory.currentGeneration() else {
            throw RunError(
                .missingInput, "\(directory.path): the build has not come to its end; run `gradprint build` again")
        }
        number = generation.number
        let kept = FileManager.default.contents(atPath: directory.configuration)
        isCurrent = kept == Data(generation.configuration.utf8)
        let parts = GenerationParts(directory: directory, generation: generation)
        configuration = try PipelineConfiguration(
            ConfigurationNode(yaml: generation.configuration, path: directory.configuration))
        embeddings = try Self.embedder(configuration, modelPath: modelPath, built: try parts.only(EmbedStage.name))
        normalise = configuration.embed.normalise
        do {
            corpus = try CorpusRows(generation.catalog, ingest: try parts.all(IngestStage.name))
            centroids = try Centroids.read(try parts.only(ClusterStage.name))
            let probeArtifact = try parts.only(ProbeTrainStage.name)
            probe = try ProbeFile.read(probeArtifact)
            fingerprinter = Fingerprinter(settings: configuration.project, seed: configuration.seed, probe: probe)
            index = try FlatIndex(segments: [try parts.only(MergeStage.name).path(ArtifactFile.segment)])
            guard index.identity == fingerprinter.identity(probe: probeArtifact) else {
                throw RunError(
                    .incompatible, "the index was made with another probe or projection; build the run again")
            }
            influence = try InfluenceScorer(try parts.only(CurvatureStage.name), probe: probe)
            candidates = try CandidateGradients(
                embeddings: try parts.all(EmbedStage.name), gradients: try parts.all(GradientSignStage.name))
        } catch let error as RunError {
            throw error
        } catch let error as StorageError {
            throw RunError(error, damaged: .corrupt)
        } catch let error as IndexError {
            throw RunError(error)
        } catch {
            throw RunError(.defect, "\(error)")
        }
    }

    /// The embedder, which has to be the very one that the corpus was embedded with.
    private static func embedder(
        _ configuration: PipelineConfiguration, modelPath: String?, built: Artifact
    ) throws(RunError) -> EmbeddingSource? {
        guard let parameters = try? JSONFile.decode(EmbedStage.Parameters.self, from: built.manifest.parameters) else {
            throw RunError(.corrupt, "\(built.folder): the manifest's parameters cannot be read")
        }
        guard let path = modelPath ?? configuration.embed.path, !VectorFormat.isVectorFile(path) else { return nil }
        let source = try EmbeddingSource(path: path)
        guard source.digest == parameters.embedder else {
            throw RunError(
                .incompatible,
                "\(path): this is not the embedder that the corpus was embedded with (SHA-256 \(source.digest.prefix(12))…, the run's is \(parameters.embedder.prefix(12))…); name the right folder with --model"
            )
        }
        return source
    }

    /// Candidates that the index gives for each output.
    var candidateCount: Int { configuration.refine.candidates }

    /// Attributes a batch of outputs.
    ///
    /// - Parameter withTexts: whether the sources' texts are read, for a person.
    /// - Returns: one result for each, in order, and the largest LiSSA residual among them.
    func attribute(
        _ batch: [LoggedOutput], count: Int?, withTexts: Bool, workers: Int
    ) throws -> (outputs: [AttributedOutput], worstResidual: Double) {
        let clock = ContinuousClock()
        var sound: [Int] = []
        for (number, output) in batch.enumerated() {
            if case .failed = output.content { continue }
            sound.append(number)
        }
        guard !sound.isEmpty else { return (batch.map { failed($0) }, 0) }
        let begin = clock.now
        let vectors = try embed(sound.map { batch[$0] }, workers: workers)
        let embedded = clock.now
        let labels = try centroids.assign(vectors, workers: workers).labels
        let factors = try probe.gradientFactors(vectors.elements.span, labels: labels.span, workers: workers)
        let fingerprints = fingerprinter.fingerprints(vectors, factors, workers: workers)
        let wanted = max(configuration.refine.candidates, count ?? 0)
        let found: [[Neighbor]]
        do {
            found = try index.search(fingerprints, count: wanted, workers: workers)
        } catch {
            throw RunError(error)
        }
        let searched = clock.now
        let scores = try influence.score(
            embeddings: vectors, factors: factors, candidates: found.map { $0.map(\.row) }, gradients: candidates,
            workers: workers)
        let refined = clock.now

        func share(_ duration: Duration) -> Double { duration / .milliseconds(1) / Double(sound.count) }
        let timing = Timing(
            embed: share(embedded - begin), search: share(searched - embedded), refine: share(refined - searched))
        var results = batch.map { failed($0) }
        for (position, number) in sound.enumerated() {
            let ranked = try rank(
                found[position], scores.influence[position], query: fingerprints, row: position,
                count: count ?? wanted, withTexts: withTexts)
            results[number] = AttributedOutput(
                id: batch[number].id, result: .attributed(ranked, timing), text: text(batch[number]),
                knownSources: batch[number].knownSources)
        }
        return (results, scores.worstResidual)
    }

    private func embed(_ outputs: [LoggedOutput], workers: Int) throws(RunError) -> Matrix {
        var vectors: Matrix
        if case .vector(let first) = outputs[0].content {
            guard first.count == probe.dimension else {
                throw RunError(
                    .incompatible, "the vectors have \(first.count) dimensions and the corpus' \(probe.dimension)")
            }
            let elements = outputs.flatMap { output -> [Float] in
                if case .vector(let values) = output.content { values } else { [] }
            }
            vectors = Matrix(rows: outputs.count, columns: first.count, elements: elements)
        } else {
            guard let embeddings else {
                throw RunError(
                    .incompatible, "this run was built from vectors, so it cannot embed texts; give --vectors and --ids"
                )
            }
            vectors = try embeddings.embed(outputs.map(text), workers: workers)
        }
        if normalise { normaliseRows(&vectors) }
        return vectors
    }

    private func text(_ output: LoggedOutput) -> String {
        if case .text(let text) = output.content { text } else { "" }
    }

    private func failed(_ output: LoggedOutput) -> AttributedOutput {
        var message = "not attributed"
        if case .failed(let reason) = output.content { message = reason }
        return AttributedOutput(id: output.id, result: .failed(message), text: "", knownSources: output.knownSources)
    }

    /// Candidates as ranked sources: by similarity, or the most negative influence first.
    private func rank(
        _ neighbors: [Neighbor], _ influences: [Float], query: Matrix, row: Int, count: Int, withTexts: Bool
    ) throws -> [Attribution] {
        let similarities = try neighbors.map { try similarity($0, query: query, row: row) }
        let scores =
            configuration.refine.rankBy == .influence ? influences.map { -$0 } : neighbors.map(\.score)
        let order = neighbors.indices.sorted { a, b in
            scores[a] != scores[b] ? scores[a] > scores[b] : neighbors[a].row < neighbors[b].row
        }
        return try order.prefix(count).enumerated().map { rank, candidate in
            let source = try corpus.source(row: neighbors[candidate].row, withText: withTexts)
            return Attribution(
                rank: rank + 1, sourceID: source.id, passage: source.passage, score: scores[candidate],
                similarity: similarities[candidate], influence: influences[candidate], text: source.text)
        }
    }

    /// Cosine of two fingerprints.
    private func similarity(_ neighbor: Neighbor, query: Matrix, row: Int) throws(IndexError) -> Float {
        let vector = try index.vector(row: neighbor.row)
        let range = query.range(ofRow: row)
        let own = query.elements.span.extracting(range)
        let norms = (dot(own, own) * dot(vector.span, vector.span)).squareRoot()
        return norms > 0 ? dot(own, vector.span) / norms : 0
    }
}

/// A generation's artifacts by stage.
struct GenerationParts {
    let directory: RunDirectory
    let generation: Generation

    func all(_ stage: String) throws(RunError) -> [Artifact] {
        var artifacts: [Artifact] = []
        for part in generation.parts[stage] ?? [] { artifacts.append(try directory.artifact(part)) }
        guard !artifacts.isEmpty else {
            throw RunError(
                .incompatible, "\(directory.path): the generation has no stage '\(stage)'; build the run again")
        }
        return artifacts
    }

    /// The first of a stage's artifacts; the only one of a whole stage.
    func only(_ stage: String) throws(RunError) -> Artifact { try all(stage)[0] }
}
