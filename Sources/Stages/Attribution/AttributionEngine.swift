internal import Calibration
internal import Corpus
internal import Foundation
internal import Kernels
internal import Pipeline
internal import Storage
internal import TensorFiles

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

    /// Empty for a vector.
    var text: String { if case .text(let text) = content { text } else { "" } }
}

/// One generation, opened: everything that turns outputs into ranked sources.
///
/// Outputs are fingerprinted as the corpus was, the indexes give candidates, and the calibrated ranking orders them and
/// says how likely the best is to be there by chance.
struct AttributionEngine: Sendable {
    /// The generation's number.
    let number: Int
    /// Whether the run's configuration is the one the generation was built with.
    let isCurrent: Bool
    let configuration: PipelineConfiguration
    let generation: Generation
    let parts: GenerationParts
    /// What embeds outputs; nothing where they come as vectors.
    let embeddings: EmbeddingSource?
    let finder: CandidateFinder
    let ranking: CandidateRanking
    let calibration: CalibrationRecord

    var corpus: CorpusRows { finder.corpus }

    init(directory: RunDirectory, modelPath: String?) throws(RunError) {
        try directory.requireExisting()
        guard let generation = try directory.currentGeneration() else {
            throw RunError(
                .missingInput, "\(directory.path): the build has not come to its end; run `gradprint build` again")
        }
        number = generation.number
        let kept = FileManager.default.contents(atPath: directory.configuration)
        isCurrent = kept == Data(generation.configuration.utf8)
        self.generation = generation
        parts = GenerationParts(directory: directory, generation: generation)
        configuration = try PipelineConfiguration(
            ConfigurationNode(yaml: generation.configuration, path: directory.configuration))
        embeddings = try Self.embedder(configuration, modelPath: modelPath, built: try parts.only(EmbedStage.name))
        finder = try CandidateFinder(
            CandidateSettings(configuration), catalog: generation.catalog, parts: parts, embeddings: embeddings)
        let record = try parts.only(CalibrateStage.name)
        calibration = try reporting(damaged: .corrupt) { () throws(StorageError) in
            try CalibrationRecord.read(record)
        }
        ranking = CandidateRanking(ranking: configuration.refine.rankBy, ranker: calibration.ranker)
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

    /// How a batch is attributed, beside the run's own settings.
    struct Options: Sendable {
        /// Sources listed for each output.
        var count: Int
        /// The largest p-value at which a best match counts as a source.
        var level: Double
        /// Whether the sources' texts and metadata are read, for a person.
        var withTexts: Bool
        var workers: Int
    }

    /// Attributes a batch of outputs.
    ///
    /// - Returns: one result for each, in order, and the largest LiSSA residual among them.
    func attribute(
        _ batch: [LoggedOutput], _ options: Options
    ) throws -> (outputs: [AttributedOutput], worstResidual: Double) {
        let clock = ContinuousClock()
        var sound: [Int] = []
        for (number, output) in batch.enumerated() {
            if case .failed = output.content { continue }
            sound.append(number)
        }
        guard !sound.isEmpty else { return (batch.map(failed), 0) }
        let begin = clock.now
        let (vectors, texts) = try embed(sound.map { batch[$0] }, workers: options.workers)
        let embedded = clock.now
        let wanted = max(configuration.refine.candidates, options.count)
        var found = try finder.find(vectors, texts: texts, count: wanted, workers: options.workers)
        let searched = clock.now
        var worst = 0.0
        if ranking.needsInfluence { worst = try finder.addInfluence(to: &found, workers: options.workers) }
        let orders = found.candidates.map(ranking.order)
        // What ranks is known; the rest is told of the listed ones only.
        found.candidates = orders.map { $0.prefix(options.count).map(\.candidate) }
        if !ranking.needsInfluence { worst = try finder.addInfluence(to: &found, workers: options.workers) }
        let listed = found.candidates
        let parts = Parallel.map(count: sound.count, blockSize: 8, workers: options.workers) { positions in
            Result { try positions.map { try attributions(listed[$0], order: orders[$0], options) } }
        }
        let ranked = try parts.flatMap { try $0.get() }
        let refined = clock.now

        func share(_ duration: Duration) -> Double { duration / .milliseconds(1) / Double(sound.count) }
        let timing = Timing(
            embed: share(embedded - begin), search: share(searched - embedded), refine: share(refined - searched))
        var results = batch.map(failed)
        for (position, number) in sound.enumerated() {
            let list = ranked[position]
            results[number] = AttributedOutput(
                id: batch[number].id,
                result: .attributed(list, noSource: noSource(list, level: options.level), timing),
                text: batch[number].text, knownSources: batch[number].knownSources)
        }
        return (results, worst)
    }

    /// Whether the best match is no better than chance at a level; nothing without a null distribution.
    private func noSource(_ list: [Attribution], level: Double) -> Bool? {
        guard !calibration.null.confidences.isEmpty else { return nil }
        guard let best = list.first?.pValue else { return true }
        return best > level
    }

    private func embed(
        _ outputs: [LoggedOutput], workers: Int
    ) throws(RunError) -> (vectors: Matrix, texts: [String]?) {
        if case .vector = outputs[0].content {
            let rows = outputs.map { output -> [Float] in
                if case .vector(let values) = output.content { values } else { [] }
            }
            return (try finder.vectors(rows), nil)
        }
        let texts = outputs.map(\.text)
        return (try finder.embed(texts, workers: workers), texts)
    }

    private func failed(_ output: LoggedOutput) -> AttributedOutput {
        var message = "not attributed"
        if case .failed(let reason) = output.content { message = reason }
        return AttributedOutput(id: output.id, result: .failed(message), text: "", knownSources: output.knownSources)
    }

    /// The listed candidates of one output as ranked sources.
    ///
    /// A lower rank never has a smaller p-value than a higher one: it can be no more certain.
    private func attributions(
        _ listed: [Candidate], order: [(candidate: Candidate, score: Float)], _ options: Options
    ) throws -> [Attribution] {
        let evidence = try ranking.evidence(order, count: listed.count, corpus: corpus)
        var least = 0.0
        return try listed.enumerated().map { position, candidate in
            let source = try corpus.source(row: candidate.row, withText: options.withTexts)
            var pValue: Double?
            if !calibration.null.confidences.isEmpty {
                let own = calibration.null.pValue(calibration.confidence.confidence(evidence[position]))
                least = max(least, own)
                pValue = least
            }
            return Attribution(
                rank: position + 1, sourceID: source.id, passage: source.passage, score: order[position].score,
                pValue: pValue, similarity: candidate.similarity, influence: candidate.influence,
                relativeInfluence: candidate.relativeInfluence,
                tokenInfluence: candidate.tokenInfluence.map { Float($0) }, text: source.text,
                metadata: options.withTexts ? try corpus.metadata(row: candidate.row) : nil)
        }
    }
}

/// A generation's artifacts by stage.
struct GenerationParts: ArtifactSource {
    let directory: RunDirectory
    let generation: Generation

    func artifacts(of stage: String) throws(RunError) -> [Artifact] {
        var artifacts: [Artifact] = []
        for part in generation.parts[stage] ?? [] { artifacts.append(try directory.artifact(part)) }
        return artifacts
    }
}
