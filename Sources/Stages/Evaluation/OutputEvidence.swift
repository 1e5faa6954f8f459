internal import Calibration
internal import Kernels
internal import Probing
internal import Storage

/// What candidates are ordered by, for the ablation.
enum AblatedRanking: String, CaseIterable, Sendable {
    /// The order of the vector index, before any refinement.
    case index = "index order"
    case similarity = "static: similarity"
    case cluster = "gradient: cluster influence"
    case token = "token: token influence"
    case sentence = "sentence: sentence similarity"
    case combined = "combined: as the build fitted it"

    func ranking(_ own: CandidateRanking) -> CandidateRanking {
        switch self {
        case .index: CandidateRanking(ranking: .similarity, ranker: own.ranker)
        case .similarity: Self.alone(.similarity)
        case .cluster: Self.alone(.cluster)
        case .token: Self.alone(.token)
        case .sentence: Self.alone(.sentence)
        case .combined: own
        }
    }

    private static func alone(_ feature: Feature) -> CandidateRanking {
        let weights = Feature.allCases.map { $0 == feature ? 1.0 : 0.0 }
        return CandidateRanking(ranking: .fitted, ranker: Ranker(weights: weights))
    }
}

/// The best match of an output.
struct BestMatch: Sendable {
    let row: Int
    /// Nothing without a null distribution.
    let pValue: Double?
    /// Higher is more confident.
    let score: Double
}

/// What the run's own ranking says of one output.
struct OutputEvidence: Sendable {
    /// The first rows by each order.
    let rankings: [AblatedRanking: [Int]]
    let best: BestMatch?
    /// With the output's sources taken out of the candidates; nothing for an output that has none.
    let bestWithoutSource: BestMatch?
    /// The same by token influence alone.
    let tokenBest: BestMatch?
    let tokenBestWithoutSource: BestMatch?
    /// Whether a source is among the candidates.
    let isFound: Bool
}

/// Makes evidence of batches of outputs.
struct EvidenceMaker: Sendable {
    let finder: CandidateFinder
    let ranking: CandidateRanking
    let calibration: CalibrationRecord
    let candidates: Int
    let sources: SourceTable
    let workers: Int

    init(_ engine: AttributionEngine, sources: SourceTable, workers: Int) {
        (finder, ranking, calibration) = (engine.opened.finder, engine.opened.ranking, engine.opened.calibration)
        candidates = engine.opened.configuration.refine.candidates
        (self.sources, self.workers) = (sources, workers)
    }

    /// - Parameter advance: called with numbers of outputs that are done.
    func evidence(_ outputs: EvaluationOutputs, advance: (Int) -> Void) throws -> [OutputEvidence] {
        var result: [OutputEvidence] = []
        for rows in ranges(outputs.count, of: EvaluationSettings.batch) {
            var batch = try finder.find(
                outputs.embeddings.rows(rows), texts: outputs.texts.map { Array($0[rows]) }, count: candidates,
                workers: workers)
            _ = try finder.addInfluence(to: &batch, workers: workers)
            let (measured, first) = (batch, rows.lowerBound)
            let parts = Parallel.map(count: rows.count, blockSize: 8, workers: workers) { positions in
                Result { try positions.map { try evidence(measured, $0, outputs.truths[first + $0]) } }
            }
            for part in parts { result += try part.get() }
            advance(rows.count)
        }
        return result
    }

    private func evidence(
        _ batch: CandidateFinder.Batch, _ output: Int, _ truth: SourceTable.Truth?
    ) throws -> OutputEvidence {
        let found = batch.candidates[output]
        var rankings: [AblatedRanking: [Int]] = [:]
        for kind in AblatedRanking.allCases {
            let order = kind.ranking(ranking).order(found).map(\.candidate.row)
            rankings[kind] = Array(order.prefix(EvaluationSettings.depth))
        }
        let others = truth.map { truth in found.filter { !sources.isTakenOut(row: $0.row, for: truth) } }
        func best(_ candidates: [Candidate]) throws -> BestMatch? {
            try self.best(candidates, size: batch.sizes?[output], query: batch.texts?[output])
        }
        return OutputEvidence(
            rankings: rankings, best: try best(found), bestWithoutSource: try others.flatMap(best),
            tokenBest: tokenBest(found), tokenBestWithoutSource: others.flatMap(tokenBest),
            isFound: truth.map { truth in found.contains { sources.isSource(row: $0.row, of: truth) } } ?? false)
    }

    private func best(_ candidates: [Candidate], size: Int?, query: TokenQuery?) throws -> BestMatch? {
        let order = ranking.order(candidates)
        guard let first = order.first,
            let evidence = try ranking.evidence(order, count: 1, finder: finder, query: query).first
        else { return nil }
        let confidence = calibration.confidence.confidence(evidence)
        let null = calibration.null
        return BestMatch(
            row: first.candidate.row, pValue: null.count > 0 ? null.pValue(confidence, size: size) : nil,
            score: Double(confidence))
    }

    private func tokenBest(_ candidates: [Candidate]) -> BestMatch? {
        guard candidates.contains(where: { $0.tokenInfluence != nil }),
            let first = AblatedRanking.token.ranking(ranking).order(candidates).first
        else { return nil }
        return BestMatch(row: first.candidate.row, pValue: nil, score: Double(first.score))
    }
}
