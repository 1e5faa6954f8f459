internal import Baselines
internal import Calibration
internal import Clustering
internal import Kernels
internal import VectorIndex

/// Finds the sources of outputs and puts them in their order.
protocol SourceOrdering: Sendable {
    /// - Parameters:
    ///   - vectors: of the outputs, `[outputs × d]`.
    ///   - texts: theirs; nothing for vectors made elsewhere.
    func order(
        _ vectors: Matrix, texts: [String]?, _ options: AttributionEngine.Options
    ) throws -> OrderedSources
}

/// The listed sources of a batch of outputs, best first.
struct OrderedSources: Sendable {
    /// For each output, with all that is told of them.
    var candidates: [[Candidate]]
    /// What each was ranked by.
    var scores: [[Float]]
    /// For each output; never falling with the rank, for a lower one can be no more certain. Nothing where the null
    /// distribution, if there is one, cannot tell.
    var pValues: [[Double]?]
    /// The largest of the LiSSA residuals that were formed, a sixteenth of the outputs' at least.
    var worstResidual: Double
    /// When the search was over and the candidates' refinement began.
    var searched: ContinuousClock.Instant
}

/// The run's own ranking: candidates of its indexes by all evidence, with p-values where there is a null distribution.
struct CalibratedOrdering: SourceOrdering {
    let finder: CandidateFinder
    let ranking: CandidateRanking
    let calibration: CalibrationRecord
    /// From each index, at least.
    let candidates: Int

    func order(
        _ vectors: Matrix, texts: [String]?, _ options: AttributionEngine.Options
    ) throws -> OrderedSources {
        let workers = options.workers
        var found = try finder.find(vectors, texts: texts, count: max(candidates, options.count), workers: workers)
        let searched = ContinuousClock.now
        var worst = 0.0
        if ranking.needsInfluence { worst = try finder.addInfluence(to: &found, workers: workers) }
        let orders = order(found.candidates, workers: workers)
        // What ranks is known; the rest is told of the listed ones only.
        found.candidates = orders.map { $0.prefix(options.count).map(\.candidate) }
        if !ranking.needsInfluence { worst = try finder.addInfluence(to: &found, workers: workers) }
        return OrderedSources(
            candidates: found.candidates, scores: orders.map { $0.prefix(options.count).map(\.score) },
            pValues: ranking.ranking == .fitted && finder.usesWords && texts == nil
                ? orders.map { _ in nil } : try pValues(orders, found, options), worstResidual: worst,
            searched: searched)
    }

    /// The candidates of each output by falling score.
    private func order(_ candidates: [[Candidate]], workers: Int) -> [[(candidate: Candidate, score: Float)]] {
        Parallel.map(count: candidates.count, blockSize: 64, workers: workers) { outputs in
            outputs.map { ranking.order(candidates[$0]) }
        }.flatMap(\.self)
    }

    /// Nothing for an output of which the nulls are too few to show anything at this level.
    private func pValues(
        _ orders: [[(candidate: Candidate, score: Float)]], _ batch: CandidateFinder.Batch,
        _ options: AttributionEngine.Options
    ) throws -> [[Double]?] {
        let (sizes, queries, null) = (batch.sizes, batch.texts, calibration.null)
        let parts = Parallel.map(count: orders.count, blockSize: 8, workers: options.workers) { outputs in
            Result {
                try outputs.map { output -> [Double]? in
                    let size = sizes?[output]
                    guard null.pValue(.infinity, size: size) <= options.level else { return nil }
                    let evidence = try ranking.evidence(
                        orders[output], count: options.count, finder: finder, query: queries?[output])
                    var least = 0.0
                    return evidence.map { one in
                        least = max(least, null.pValue(calibration.confidence.confidence(one), size: size))
                        return least
                    }
                }
            }
        }
        return try parts.flatMap { try $0.get() }
    }
}

/// Another method's order of the whole corpus. It has no null distribution, hence no p-values.
struct MethodOrdering: SourceOrdering {
    let finder: CandidateFinder
    /// Gives outputs the labels of the corpus' clusters.
    let labels: CentroidAssigner
    let ranker: any SourceRanker

    func order(
        _ vectors: Matrix, texts: [String]?, _ options: AttributionEngine.Options
    ) throws -> OrderedSources {
        let workers = options.workers
        let outputs = MethodOutputs(
            rows: LabelledRows(embeddings: vectors, labels: try labels.assign(vectors, workers: workers).labels),
            texts: texts)
        let ranked = try ranker.rank(outputs, count: options.count, workers: workers)
        let searched = ContinuousClock.now
        var found = try finder.batch(
            vectors, texts: texts, rows: ranked.map { $0.map(\.row) }, workers: workers)
        let worst = try finder.addInfluence(to: &found, workers: workers)
        return OrderedSources(
            candidates: found.candidates, scores: ranked.map { $0.map(\.score) }, pValues: ranked.map { _ in nil },
            worstResidual: worst, searched: searched)
    }
}
