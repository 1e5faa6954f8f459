internal import Baselines
internal import Calibration
internal import Clustering
internal import Foundation
internal import Influence
internal import Kernels
internal import Pipeline
internal import Probing
internal import Storage
internal import VectorIndex

/// Opens a method over one generation, making what it needs on first use.
///
/// All but `gif` and `bm25` hold the corpus' embeddings in memory: they are there to be compared with.
final class MethodLibrary {
    private let directory: RunDirectory
    private let generation: Generation
    private let erasure: ErasureMark
    private let parts: GenerationParts
    private let configuration: PipelineConfiguration
    /// What simulated outputs for TRACE's views are made with.
    private let finder: CandidateFinder
    private let embeddings: EmbeddingSource?
    private let workers: Int
    /// Takes what the user should know, such as that a damaged state is made again.
    private let note: (String) -> Void
    /// Gives outputs the labels of the corpus' clusters.
    let centroids: CentroidAssigner
    private var loaded: LabelledRows?
    /// The rows that a method may rank; all where nil.
    private let rows: RowSet?

    /// A state of an older version is made again.
    private static let version = 2
    /// Rows that TRACE sees a simulated output of; the others are perturbed.
    private static let views = 5000
    /// m of the reference method.
    private static let referenceDimension = 32
    /// Candidates that the reference method orders by influence.
    private static let referenceCandidates = 10
    /// The reference method's curvature, whatever the run's own is: T = 10, λ = 0.01, over the whole corpus.
    private static func referenceCurvature(seed: UInt64) -> CurvatureSettings {
        CurvatureSettings(.lissa(iterations: 10, damping: 0.01), rows: .max, seed: seed)
    }

    init(_ opened: OpenGeneration, workers: Int, note: @escaping (String) -> Void) throws {
        self.workers = workers
        self.note = note
        (directory, erasure) = (opened.directory, opened.erasure)
        (generation, parts, configuration) = (opened.generation, opened.parts, opened.configuration)
        (finder, embeddings, rows) = (opened.finder, opened.embeddings, opened.rows)
        centroids = try Centroids.read(try parts.only(ClusterStage.name))
    }

    /// - Throws: `incompatible` where the run has no texts or another probe than the method needs.
    func open(_ method: MethodName) throws -> any SourceRanker {
        switch method {
        case .gif: preconditionFailure("the run's own ranking is the engine's")
        case .bm25: return BM25Ranker(postings: try postings(for: method), rows: rows)
        case .rrf:
            return FusedRanker(
                members: [BM25Ranker(postings: try postings(for: method), rows: rows), try open(.static)], depth: 100)
        case .static: return BaselineRanker(method: try SimilarityMethod(corpus: try corpus()), rows: rows)
        case .gradient:
            let (corpus, probe) = (try corpus(), try linearProbe(for: method))
            let settings = GradientMethod.Settings(
                outputs: configuration.project.dimension, seed: configuration.seed)
            return try cached(method, settings: settings) { state throws(BaselineError) in
                try GradientMethod(restoring: state, rows: corpus.count, probe: probe, settings: settings)
            } make: {
                let made = try GradientMethod(corpus: corpus, probe: probe, settings: settings, workers: workers)
                return (made, made.state)
            }
        case .influence:
            let (corpus, probe) = (try corpus(), try linearProbe(for: method))
            let settings = InfluenceMethod.Settings(curvature: curvature)
            return try cached(method, settings: settings) { state throws(BaselineError) in
                try InfluenceMethod(
                    restoring: state, corpus: corpus, probe: probe, settings: settings, workers: workers)
            } make: {
                let made = try InfluenceMethod(corpus: corpus, probe: probe, settings: settings, workers: workers)
                return (made, made.state)
            }
        case .trak:
            let (corpus, probe) = (try corpus(), try linearProbe(for: method))
            let settings = TrakMethod.Settings(seed: configuration.seed)
            return try cached(method, settings: settings) { state throws(BaselineError) in
                try TrakMethod(
                    restoring: state, rows: corpus.count, dimension: corpus.dimension, classes: probe.classes,
                    settings: settings)
            } make: {
                let made = try TrakMethod(
                    corpus: corpus, classes: probe.classes, settings: settings, workers: workers)
                return (made, made.state)
            }
        case .dda:
            let (corpus, probe) = (try corpus(), try linearProbe(for: method))
            let settings = DebiasDenoiseMethod.Settings(curvature: curvature, l2: configuration.probe.l2)
            return try cached(method, settings: settings) { state throws(BaselineError) in
                try DebiasDenoiseMethod(
                    restoring: state, corpus: corpus, classes: probe.classes, settings: settings, workers: workers)
            } make: {
                let made = try DebiasDenoiseMethod(
                    corpus: corpus, classes: probe.classes, settings: settings, workers: workers)
                return (made, made.state)
            }
        case .trace:
            let corpus = try corpus()
            let settings = TraceMethod.Settings(seed: configuration.seed)
            return try cached(method, settings: settings) { state throws(BaselineError) in
                try TraceMethod(restoring: state, corpus: corpus, settings: settings, workers: workers)
            } make: {
                let made = try TraceMethod(
                    corpus: corpus, views: try views(of: corpus), settings: settings, workers: workers)
                return (made, made.state)
            }
        case .gifPaper: return try reference()
        }
    }

    private func cached<Method: AttributionMethod>(
        _ method: MethodName, settings: some Encodable, restore: (MethodState) throws(BaselineError) -> Method,
        make: () throws -> (Method, MethodState)
    ) throws -> BaselineRanker {
        BaselineRanker(method: try remembered(method, settings: settings, restore: restore, make: make), rows: rows)
    }

    /// A method from its state on the disk, or made and kept there.
    private func remembered<Method: AttributionMethod>(
        _ method: MethodName, settings: some Encodable, restore: (MethodState) throws(BaselineError) -> Method,
        make: () throws -> (Method, MethodState)
    ) throws -> Method {
        let cache = MethodCache(
            directory, generation, method: method, version: Self.version,
            settings: String(decoding: JSONFile.encode(settings), as: UTF8.self))
        do {
            if let state = try cache.load() { return try restore(state) }
        } catch let error as StorageError where [.corrupt, .mismatch, .notFound].contains(error.kind) {
            note("\(error); the state of \(method.rawValue) is made again")
        } catch let error as BaselineError {
            note("\(cache.folder): \(error); the state of \(method.rawValue) is made again")
        }
        let (made, state) = try make()
        do {
            try cache.store(state, learnedAt: erasure)
        } catch let error as RunError where [.permission, .locked].contains(error.kind) {
            note("the state of \(method.rawValue) is not kept: \(error)")
        }
        return made
    }

    private var curvature: CurvatureSettings {
        let settings = configuration.curvature
        return CurvatureSettings(
            settings.iterations.map { .lissa(iterations: $0, damping: settings.damping) }
                ?? .exact(damping: settings.damping),
            rows: settings.hessianRows ?? .max, seed: configuration.seed)
    }

    /// The whole corpus' embeddings with their pseudo-labels, read once.
    func corpus() throws -> LabelledRows {
        if let loaded { return loaded }
        let column = try ShardedColumn.embeddings(try parts.all(EmbedStage.name))
        let matrix = Matrix(
            rows: column.rows, columns: column.width, elements: try column.floats(Array(0..<column.rows)))
        let corpus = LabelledRows(embeddings: matrix, labels: try centroids.assign(matrix, workers: workers).labels)
        loaded = corpus
        return corpus
    }

    /// The embeddings of some rows with their pseudo-labels; of all where nil.
    func corpus(among rows: RowSet?) throws -> LabelledRows {
        let all = try corpus()
        return rows.map { rows in all.rows((0..<all.count).filter(rows.contains)) } ?? all
    }

    /// Outputs of a batch with the labels of the corpus' clusters.
    func outputs(_ embeddings: Matrix, texts: [String]?) throws -> MethodOutputs {
        let labels = try centroids.assign(embeddings, workers: workers).labels
        return MethodOutputs(rows: LabelledRows(embeddings: embeddings, labels: labels), texts: texts)
    }

    func linearProbe(for method: MethodName) throws -> LinearProbe {
        guard let probe = try ProbeFile.read(try parts.only(ProbeTrainStage.name)) as? LinearProbe else {
            throw RunError(
                .incompatible, "method \(method.rawValue) is for a linear probe, and the run's has a hidden layer")
        }
        return probe
    }

    private func postings(for method: MethodName) throws -> SegmentedPostings {
        guard try !parts.artifacts(of: TokenIndexStage.name).isEmpty else {
            throw RunError(
                .incompatible, "method \(method.rawValue) needs postings of words, and this run has none")
        }
        return try SegmentedPostings(parts: parts)
    }

    /// Augmented views of a sample of the corpus: simulated outputs; nothing where there are no texts.
    private func views(of corpus: LabelledRows) throws -> TraceViews? {
        guard let embeddings, !embeddings.isVectors else { return nil }
        let made = try SimulatedOutputs.make(
            min(corpus.count, Self.views), .far, from: finder,
            embeddings: try ShardedColumn.embeddings(try parts.all(EmbedStage.name)), source: embeddings,
            seed: configuration.seed, stream: 23, workers: workers)
        return TraceViews(embeddings: made.embeddings, rowOf: made.rows)
    }

    private func reference() throws -> ReferenceRanker {
        let (corpus, probe) = (try corpus(), try linearProbe(for: .gifPaper))
        let settings = InfluenceMethod.Settings(curvature: Self.referenceCurvature(seed: configuration.seed))
        let influence = try remembered(.gifPaper, settings: settings) { state throws(BaselineError) in
            try InfluenceMethod(
                restoring: state, corpus: corpus, probe: probe, settings: settings, workers: workers)
        } make: {
            let made = try InfluenceMethod(corpus: corpus, probe: probe, settings: settings, workers: workers)
            return (made, made.state)
        }
        return ReferenceRanker(
            index: try fingerprints(dimension: Self.referenceDimension), influence: influence,
            candidates: Self.referenceCandidates)
    }

    /// The reference method's index with another m.
    func fingerprints(dimension: Int) throws -> NearestFingerprints {
        try NearestFingerprints(
            try corpus(), probe: try linearProbe(for: .gifPaper), dimension: dimension, seed: configuration.seed,
            rows: rows, workers: workers)
    }

    /// The gradient signature alone, with another m.
    func gradient(dimension: Int) throws -> BaselineRanker {
        BaselineRanker(
            method: try GradientMethod(
                corpus: try corpus(), probe: try linearProbe(for: .gradient),
                settings: GradientMethod.Settings(outputs: dimension, seed: configuration.seed), workers: workers),
            rows: rows)
    }
}
