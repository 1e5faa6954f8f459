internal import Baselines
internal import Calibration
internal import Clustering
internal import Foundation
internal import Kernels
internal import Pipeline
internal import Probing
internal import Storage
internal import VectorIndex

/// Opens a method over one generation, making what it needs on first use.
///
/// All but `gif`, `bm25` and `rrf`'s half hold the corpus' embeddings in memory: they are there to be compared with.
struct MethodLibrary {
    let directory: RunDirectory
    let generation: Generation
    let parts: GenerationParts
    let configuration: PipelineConfiguration
    /// What simulated outputs for TRACE's views are made with.
    let finder: CandidateFinder
    let embeddings: EmbeddingSource?
    let workers: Int

    /// A state of an older version is made again.
    private static let version = 1

    /// - Throws: `incompatible` where the run has no texts or another probe than the method needs.
    func open(_ method: MethodName) throws -> any SourceRanker {
        switch method {
        case .gif: preconditionFailure("the run's own ranking is the engine's")
        case .bm25: return BM25Ranker(postings: try postings(for: method))
        case .rrf:
            return FusedRanker(
                members: [BM25Ranker(postings: try postings(for: method)), try open(.static)], depth: 100)
        case .static: return BaselineRanker(method: try SimilarityMethod(corpus: try corpus()))
        case .gradient:
            let (corpus, probe) = (try corpus(), try linearProbe(for: method))
            let settings = GradientMethod.Settings(
                outputs: configuration.project.dimension, seed: configuration.seed)
            return try cached(method, settings: settings) {
                try GradientMethod(restoring: $0, rows: corpus.count, probe: probe, settings: settings)
            } make: {
                let made = try GradientMethod(corpus: corpus, probe: probe, settings: settings, workers: workers)
                return (made, made.state)
            }
        case .influence:
            let (corpus, probe) = (try corpus(), try linearProbe(for: method))
            let settings = InfluenceMethod.Settings(curvature: curvature)
            return try cached(method, settings: settings) {
                try InfluenceMethod(
                    restoring: $0, corpus: corpus, probe: probe, settings: settings, workers: workers)
            } make: {
                let made = try InfluenceMethod(corpus: corpus, probe: probe, settings: settings, workers: workers)
                return (made, made.state)
            }
        case .trak:
            let (corpus, probe) = (try corpus(), try linearProbe(for: method))
            let settings = TrakMethod.Settings(seed: configuration.seed)
            return try cached(method, settings: settings) {
                try TrakMethod(
                    restoring: $0, rows: corpus.count, dimension: corpus.dimension, classes: probe.classes,
                    settings: settings)
            } make: {
                let made = try TrakMethod(
                    corpus: corpus, classes: probe.classes, settings: settings, workers: workers)
                return (made, made.state)
            }
        case .dda:
            let (corpus, probe) = (try corpus(), try linearProbe(for: method))
            let settings = DebiasDenoiseMethod.Settings(curvature: curvature, l2: configuration.probe.l2)
            return try cached(method, settings: settings) {
                try DebiasDenoiseMethod(
                    restoring: $0, corpus: corpus, classes: probe.classes, settings: settings, workers: workers)
            } make: {
                let made = try DebiasDenoiseMethod(
                    corpus: corpus, classes: probe.classes, settings: settings, workers: workers)
                return (made, made.state)
            }
        case .trace:
            let corpus = try corpus()
            let settings = TraceMethod.Settings(seed: configuration.seed)
            return try cached(method, settings: settings) {
                try TraceMethod(restoring: $0, corpus: corpus, settings: settings, workers: workers)
            } make: {
                let made = try TraceMethod(
                    corpus: corpus, views: try views(of: corpus), settings: settings, workers: workers)
                return (made, made.state)
            }
        case .gifPaper: return try reference()
        }
    }

    private func cached<Method: AttributionMethod>(
        _ method: MethodName, settings: some Encodable, restore: (MethodState) throws -> Method,
        make: () throws -> (Method, MethodState)
    ) throws -> BaselineRanker {
        let cache = MethodCache(
            directory, generation, method: method, version: Self.version,
            settings: String(decoding: JSONFile.encode(settings), as: UTF8.self))
        if let state = try cache.load() { return BaselineRanker(method: try restore(state)) }
        let (made, state) = try make()
        try cache.store(state)
        return BaselineRanker(method: made)
    }

    private var curvature: CurvatureSettings {
        let settings = configuration.curvature
        return CurvatureSettings(
            .lissa(iterations: settings.iterations, damping: settings.damping),
            rows: settings.hessianRows ?? .max, seed: configuration.seed)
    }

    /// The whole corpus' embeddings with their pseudo-labels.
    func corpus() throws -> LabelledRows {
        let column = try ShardedColumn.embeddings(try parts.all(EmbedStage.name))
        let matrix = Matrix(
            rows: column.rows, columns: column.width, elements: try column.floats(Array(0..<column.rows)))
        let centroids = try Centroids.read(try parts.only(ClusterStage.name))
        return LabelledRows(embeddings: matrix, labels: try centroids.assign(matrix, workers: workers).labels)
    }

    /// Outputs of a batch with the labels of the corpus' clusters.
    func outputs(_ embeddings: Matrix, texts: [String]?) throws -> MethodOutputs {
        let centroids = try Centroids.read(try parts.only(ClusterStage.name))
        let labels = try centroids.assign(embeddings, workers: workers).labels
        return MethodOutputs(rows: LabelledRows(embeddings: embeddings, labels: labels), texts: texts)
    }

    private func linearProbe(for method: MethodName) throws -> LinearProbe {
        guard let probe = try ProbeFile.read(try parts.only(ProbeTrainStage.name)) as? LinearProbe else {
            throw RunError(
                .incompatible, "method \(method.rawValue) is for a linear probe, and the run has a hidden layer")
        }
        return probe
    }

    private func postings(for method: MethodName) throws -> PostingsIndex {
        guard let built = try parts.artifacts(of: TokenIndexStage.name).first else {
            throw RunError(
                .incompatible, "method \(method.rawValue) needs postings of words, and this run has none")
        }
        return try PostingsIndex(folder: built.folder)
    }

    /// Augmented views of a sample of the corpus: simulated outputs; nothing where there are no texts.
    private func views(of corpus: LabelledRows) throws -> TraceViews? {
        guard let embeddings, !embeddings.isVectors else { return nil }
        let made = try SimulatedOutputs.make(
            min(corpus.count, configuration.calibration.outputs), from: finder,
            embeddings: try ShardedColumn.embeddings(try parts.all(EmbedStage.name)), source: embeddings,
            seed: configuration.seed, stream: 23, workers: workers)
        return TraceViews(embeddings: made.embeddings, rowOf: made.rows)
    }

    private func reference() throws -> ReferenceRanker {
        let probe = try ProbeFile.read(try parts.only(ProbeTrainStage.name))
        let corpus = try corpus()
        let fingerprinter = try Fingerprinter(
            settings: .reference(dimension: configuration.project.dimension), seed: configuration.seed, probe: probe,
            frequencies: nil)
        let factors = try probe.gradientFactors(
            corpus.embeddings.elements.span, labels: corpus.labels.span, workers: workers)
        return ReferenceRanker(
            fingerprints: try fingerprinter.fingerprints(corpus.embeddings, factors, words: nil, workers: workers),
            fingerprinter: fingerprinter, probe: probe,
            influence: try InfluenceScorer(try parts.only(CurvatureStage.name), probe: probe),
            gradients: try CandidateGradients(
                embeddings: try parts.all(EmbedStage.name), gradients: try parts.all(GradientSignStage.name)),
            candidates: 10)
    }
}
