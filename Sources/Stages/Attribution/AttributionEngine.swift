internal import Foundation
internal import Kernels
internal import Pipeline
internal import Probing
internal import Storage
internal import TensorFiles

/// One generation, opened: everything that turns outputs into ranked sources.
///
/// Outputs are embedded as the corpus was. The indexes give candidates, and the calibrated ranking orders them and says how
/// likely the best is to be there by chance; or another method orders the corpus.
struct AttributionEngine: Sendable {
    let generation: Generation
    /// Whether the run's configuration is the one the generation was built with.
    let isCurrent: Bool
    let method: MethodName
    let provenance: AttributionProvenance
    private let parts: GenerationParts
    private let finder: CandidateFinder
    private let ordering: any SourceOrdering

    var corpus: CorpusRows { finder.corpus }

    /// - Parameters:
    ///   - modelPath: the embedder, when it is not where the build found it.
    ///   - log: takes a sentence when a method has to be prepared.
    init(
        directory: RunDirectory, modelPath: String?, method: MethodName, workers: Int, log: (String) -> Void
    ) throws(RunError) {
        try directory.requireExisting()
        guard let generation = try directory.currentGeneration() else {
            throw RunError(
                .missingInput, "\(directory.path): the build has not come to its end; run `gradprint build` again")
        }
        self.generation = generation
        self.method = method
        let kept = FileManager.default.contents(atPath: directory.configuration)
        isCurrent = kept == Data(generation.configuration.utf8)
        let parts = GenerationParts(directory: directory, generation: generation)
        self.parts = parts
        let configuration = try PipelineConfiguration(
            ConfigurationNode(yaml: generation.configuration, path: directory.configuration))
        let path = modelPath ?? configuration.embed.path
        let built = try Self.embedderDigest(try parts.only(EmbedStage.name))
        provenance = AttributionProvenance(generation, embedderPath: path, embedderDigest: built)
        let embedder = try Self.embedder(path, built: built)
        finder = try CandidateFinder(
            CandidateSettings(configuration), catalog: generation.catalog, parts: parts, embeddings: embedder)
        guard method == .gif else {
            let library = MethodLibrary(
                directory: directory, generation: generation, parts: parts, configuration: configuration,
                finder: finder, embeddings: embedder, workers: workers)
            ordering = try Self.prepare(method, library, log)
            return
        }
        let record = try parts.only(CalibrateStage.name)
        let calibration = try reporting(damaged: .corrupt) { () throws(StorageError) in
            try CalibrationRecord.read(record)
        }
        ordering = CalibratedOrdering(
            finder: finder,
            ranking: CandidateRanking(ranking: configuration.refine.rankBy, ranker: calibration.ranker),
            calibration: calibration, candidates: configuration.refine.candidates)
    }

    private static func prepare(
        _ method: MethodName, _ library: MethodLibrary, _ log: (String) -> Void
    ) throws(RunError) -> MethodOrdering {
        log(
            "method \(method.rawValue): opening; what a method learns is made on its first use with an index and kept in \(library.directory.file("methods"))"
        )
        do {
            return MethodOrdering(library: library, ranker: try library.open(method))
        } catch {
            throw RunError(describing: error)
        }
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

    /// Words that more than a share of the corpus' rows have, lower-cased; none for a corpus of vectors.
    func frequentWords(share: Double) throws(RunError) -> Set<String> {
        guard let probe = try parts.artifacts(of: TokenProbeStage.name).first else { return [] }
        return try reporting(damaged: .corrupt) { () throws(StorageError) in
            try FrequentWords.find(
                try TokenFrequencies(path: probe.path(ArtifactFile.frequencies)), corpus: corpus,
                rows: generation.catalog.rows, share: share)
        }
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
        let ordered = try ordering.order(vectors, texts: texts, options)
        let parts = Parallel.map(count: sound.count, blockSize: 8, workers: options.workers) { positions in
            Result { try positions.map { try attributions(ordered, output: $0, withTexts: options.withTexts) } }
        }
        let ranked = try parts.flatMap { try $0.get() }
        let refined = clock.now

        func share(_ duration: Duration) -> Double { duration / .milliseconds(1) / Double(sound.count) }
        let timing = Timing(
            embed: share(embedded - begin), search: share(ordered.searched - embedded),
            refine: share(refined - ordered.searched))
        var results = batch.map(failed)
        for (position, number) in sound.enumerated() {
            let list = ranked[position]
            // Without a null distribution nobody knows; without any match there is no source.
            let noSource = ordered.pValues.map { ($0[position].first ?? .infinity) > options.level }
            results[number] = AttributedOutput(
                id: batch[number].id, result: .attributed(list, noSource: noSource, timing),
                text: batch[number].text, knownSources: batch[number].knownSources)
        }
        return (results, ordered.worstResidual)
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
    private func attributions(
        _ ordered: OrderedSources, output: Int, withTexts: Bool
    ) throws(StorageError) -> [Attribution] {
        var list: [Attribution] = []
        for (position, candidate) in ordered.candidates[output].enumerated() {
            let source = try corpus.source(row: candidate.row, withText: withTexts)
            list.append(
                Attribution(
                    rank: position + 1, sourceID: source.id, passage: source.passage,
                    score: ordered.scores[output][position], pValue: ordered.pValues?[output][position],
                    similarity: candidate.similarity, influence: candidate.influence,
                    relativeInfluence: candidate.relativeInfluence,
                    tokenInfluence: candidate.tokenInfluence.map { Float($0) }, text: source.text,
                    metadata: withTexts ? try corpus.metadata(row: candidate.row) : nil))
        }
        return list
    }
}
