internal import Evaluation

/// A kind of outputs without a source, and how confident each score is of their best match.
struct NoSourceSet: Sendable {
    /// Of `null.csv`.
    let name: String
    let title: String
    /// By score: the run's own first.
    let scores: [Score]

    /// Known queries together with the set's outputs, judged by one score.
    struct Score: Sendable {
        let name: String
        let evaluation: NoSourceEvaluation
    }

    /// The run's own ranking.
    var own: NoSourceEvaluation { scores[0].evaluation }
}

/// Best matches of a set of outputs by each score that there is.
struct ScoredOutputs: Sendable {
    static let own = "gif"

    /// By score; all of one length.
    let matches: [(name: String, best: [BestMatch?])]

    /// Judged as outputs without a source.
    func nulls(_ position: Int) -> [JudgedOutput] {
        matches[position].best.map { Self.judged($0, isRight: false, hasSource: false) }
    }

    static func judged(_ match: BestMatch?, isRight: Bool, hasSource: Bool) -> JudgedOutput {
        // Without any match nothing is attributed.
        guard let match else { return JudgedOutput(score: -.infinity, isRight: false, hasSource: hasSource) }
        return JudgedOutput(
            pValue: match.pValue ?? 1, score: match.score, isRight: isRight, hasSource: hasSource)
    }
}

/// Puts sets together from what was measured.
struct NoSourceMaker {
    /// Of the known queries.
    let known: EvaluationOutputs
    let scores: ScoredOutputs
    let sources: SourceTable

    /// - Parameter nulls: scores under some of the names of ``scores``.
    /// - Returns: nothing without outputs.
    func set(_ name: String, _ title: String, _ nulls: ScoredOutputs) -> NoSourceSet? {
        guard nulls.matches.first?.best.isEmpty == false else { return nil }
        var result: [NoSourceSet.Score] = []
        for (position, null) in nulls.matches.enumerated() {
            guard let own = scores.matches.first(where: { $0.name == null.name }) else { continue }
            let judged = zip(own.best, known.truths).map { match, truth in
                let isRight = match.flatMap { match in truth.map { sources.isSource(row: match.row, of: $0) } } ?? false
                return ScoredOutputs.judged(match, isRight: isRight, hasSource: true)
            }
            result.append(
                NoSourceSet.Score(name: null.name, evaluation: NoSourceEvaluation(judged + nulls.nulls(position))))
        }
        return NoSourceSet(name: name, title: title, scores: result)
    }
}
