internal import Calibration
internal import Foundation
internal import Kernels
internal import Pipeline
internal import Probing
internal import Storage

/// Fits the ranking and the null distribution of a finished index, on simulated outputs.
///
/// On outputs far from their samples the ranker's weights and the confidence model are fitted, and others like them say
/// whether the cluster's influence brings anything and how good the ranking is. Outputs near to their samples, each with its own source taken
/// out, say what the best match of an output without a source looks like.
struct Calibrator {
    let finder: CandidateFinder
    let ranking: RefineSettings.Ranking
    let candidates: Int
    let workers: Int

    /// One simulated output with its candidates.
    struct Trial {
        let candidates: [Candidate]
        /// Positions in `candidates` of its source: the row, other passages of its document, other rows of its text.
        let sources: Set<Int>
        /// Distinct words of the output; nothing for a vector.
        let size: Int?
        /// The output's words; nothing where they do not take part.
        let query: TokenQuery?
    }

    /// Weights where nothing could be fitted: similarity and token influence count the same.
    static let untrained = [0.5, 0, 0.5, 0]

    /// The candidates of simulated outputs.
    ///
    /// - Parameter advance: called with numbers of outputs that are done.
    func trials(_ outputs: SimulatedOutputs, advance: (Int) -> Void) throws -> [Trial] {
        var trials: [Trial] = []
        for rows in ranges(outputs.rows.count, of: 256) {
            let texts = outputs.texts.map { Array($0[rows]) }
            var batch = try finder.find(
                outputs.embeddings.rows(rows), texts: texts, count: candidates, workers: workers)
            _ = try finder.addInfluence(to: &batch, workers: workers)
            let (found, sizes, queries, first) = (batch.candidates, batch.sizes, batch.texts, rows.lowerBound)
            let parts = Parallel.map(count: rows.count, blockSize: 8, workers: workers) { positions in
                Result {
                    try positions.map { position in
                        let source = outputs.rows[first + position]
                        // A sample that it was joined with is a source too, and neither right nor wrong here.
                        let other = outputs.others[first + position]
                        var (kept, same): ([Candidate], Set<Int>) = ([], [])
                        for candidate in found[position] {
                            let isSource = try finder.areOneSource(candidate.row, source)
                            if !isSource, let other, try finder.areOneSource(candidate.row, other) { continue }
                            if isSource { same.insert(kept.count) }
                            kept.append(candidate)
                        }
                        return Trial(
                            candidates: kept, sources: same, size: sizes?[position], query: queries?[position])
                    }
                }
            }
            for part in parts { trials += try part.get() }
            advance(rows.count)
        }
        return trials
    }

    /// - Returns: the record.
    func calibrate(training: [Trial], heldOut: [Trial], nulls: [Trial]) throws -> CalibrationRecord {
        let (ranker, dropped, ablations) = fitRanker(training, heldOut)
        let order = CandidateRanking(ranking: ranking, ranker: ranker)
        let confidence = ConfidenceModel.fit(
            found: try training.compactMap { try evidence($0, order, withSource: true) },
            missing: try training.compactMap { try evidence($0, order, withSource: false) })
        let null = NullDistribution(
            // An excerpt may be a mark alone, and find nothing.
            try nulls.filter { $0.size != 0 }.compactMap { trial in
                try evidence(trial, order, withSource: false).map {
                    NullDistribution.Match(size: trial.size, confidence: confidence.confidence($0))
                }
            })
        let unrefined = CandidateRanking(ranking: .similarity, ranker: ranker)
        let count = Double(max(1, heldOut.count))
        return CalibrationRecord(
            ranker: ranker, confidence: confidence, null: null, ablations: ablations, dropped: dropped,
            fitted: training.count,
            heldOut: heldOut.count, recall: Double(heldOut.filter { !$0.sources.isEmpty }.count) / count,
            precisionAt1: Double(heldOut.filter { rank($0, order) == 1 }.count) / count,
            precisionAt1Unrefined: Double(heldOut.filter { rank($0, unrefined) == 1 }.count) / count)
    }

    // MARK: The ranker

    private func fitRanker(
        _ training: [Trial], _ heldOut: [Trial]
    ) -> (Ranker, dropped: [Feature], [CalibrationRecord.Ablation]) {
        let examples = training.compactMap { example($0) }
        let untrained = Ranker(weights: Self.untrained)
        guard ranking == .fitted, examples.count >= 20 else { return (untrained, [], []) }
        let tests = heldOut.compactMap { example($0) }
        typealias Fit = (ranker: Ranker, scale: Double, losses: [Double])
        var fits: [Set<Feature>: Fit] = [:]
        func fit(_ features: Set<Feature>) -> Fit {
            if let known = fits[features] { return known }
            let (ranker, scale) = Ranker.fit(
                examples, features: Set(features.map(\.rawValue)), count: Feature.allCases.count)
            let found = (ranker, scale, ranker.losses(tests, scale: scale))
            fits[features] = found
            return found
        }
        // Cluster influence stays if the source is clearly likelier with it, on outputs that the fit has not seen: where it says
        // nothing, a little weight would be noise. What the texts themselves say always takes part, with the weight it gets.
        func isKnown(_ evidence: (Candidate) -> Bool) -> Bool {
            training.contains { $0.candidates.contains(where: evidence) }
        }
        var all: Set<Feature> = [.similarity, .cluster]
        if isKnown({ $0.tokenInfluence != nil }) { all.insert(.token) }
        if isKnown({ $0.sentenceSimilarity != nil }) { all.insert(.sentence) }
        var best = fit(all)
        var dropped: [Feature] = []
        let without = fit(all.subtracting([.cluster]))
        if Self.meanOverError(zip(without.losses, best.losses).map { $0 - $1 }) < 2 {
            dropped.append(.cluster)
            best = without
        }
        // Each alone, all but one, and all.
        let ordered = Feature.allCases.filter(all.contains)
        let subsets =
            ordered.map { [$0] } + (all.count > 2 ? ordered.reversed().map { all.subtracting([$0]) } : []) + [all]
        let ablations = subsets.map { features in
            let fitted = fit(features)
            return ablation(features, fitted.ranker, fitted.losses, heldOut)
        }
        return (best.ranker, dropped, ablations)
    }

    private func ablation(
        _ features: Set<Feature>, _ ranker: Ranker, _ losses: [Double], _ heldOut: [Trial]
    ) -> CalibrationRecord.Ablation {
        let order = CandidateRanking(ranking: .fitted, ranker: ranker)
        let ranks = heldOut.map { rank($0, order) }
        let count = Double(max(1, ranks.count))
        return CalibrationRecord.Ablation(
            features: features.sorted { $0.rawValue < $1.rawValue },
            precisionAt1: Double(ranks.filter { $0 == 1 }.count) / count,
            reciprocalRank: ranks.reduce(0) { $0 + ($1.map { $0 <= 10 ? 1 / Double($0) : 0 } ?? 0) } / count,
            logLoss: losses.reduce(0, +) / Double(max(1, losses.count)))
    }

    /// The candidates as the ranker's example: of several rows that are the source the best stays.
    private func example(_ trial: Trial) -> Ranker.Example? {
        guard
            let source = trial.sources.max(by: {
                (trial.candidates[$0].similarity, $1) < (trial.candidates[$1].similarity, $0)
            })
        else { return nil }
        let kept = trial.candidates.indices.filter { $0 == source || !trial.sources.contains($0) }
        return Ranker.Example(
            features: kept.map { trial.candidates[$0].features }, source: kept.firstIndex(of: source)!)
    }

    /// The rank of the source, from 1; nothing when it is not among the candidates.
    private func rank(_ trial: Trial, _ order: CandidateRanking) -> Int? {
        let rows = Set(trial.sources.map { trial.candidates[$0].row })
        return order.order(trial.candidates).firstIndex { rows.contains($0.candidate.row) }.map { $0 + 1 }
    }

    /// The best match of an output: with its source in the corpus, where that is the best match, or with it taken out.
    private func evidence(
        _ trial: Trial, _ order: CandidateRanking, withSource: Bool
    ) throws(StorageError) -> Evidence? {
        if withSource, rank(trial, order) != 1 { return nil }
        let kept =
            withSource
            ? trial.candidates
            : trial.candidates.indices.filter { !trial.sources.contains($0) }.map { trial.candidates[$0] }
        return try order.evidence(order.order(kept), count: 1, finder: finder, query: trial.query).first
    }

    /// A mean in units of its standard error; 0 for fewer than two values.
    private static func meanOverError(_ values: [Double]) -> Double {
        guard values.count > 1 else { return 0 }
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
        return variance > 0 ? mean / (variance / Double(values.count)).squareRoot() : 0
    }
}
