internal import Calibration
internal import Corpus
internal import Evaluation
internal import Pipeline

extension EvaluationJob {
    /// Outputs without a source, of several kinds.
    func noSourceSets(
        _ pool: EvaluationOutputs, queries: Int, methods: [MethodMeasurement], evidence: [OutputEvidence],
        sources: SourceTable
    ) throws -> [NoSourceSet] {
        guard engine.opened.calibration.null.count > 0 else { return [] }
        let known = pool.known
        let nulls = (0..<queries).filter { pool.truths[$0] == nil }
        let foreign = Array(queries..<pool.count)
        let singles = methods.filter { [.static, .bm25].contains($0.name) }
        func scores(_ positions: [Int], takenOut: Bool) -> ScoredOutputs {
            var matches: [(name: String, best: [BestMatch?])] = [
                (
                    ScoredOutputs.own,
                    positions.map { takenOut ? evidence[$0].bestWithoutSource : evidence[$0].best }
                )
            ]
            for method in singles {
                let best = takenOut ? method.bestWithoutSource : method.best
                matches.append((method.name.rawValue, positions.map { best[$0] }))
            }
            if evidence.contains(where: { $0.tokenBest != nil }) {
                let best = evidence.map { takenOut ? $0.tokenBestWithoutSource : $0.tokenBest }
                matches.append(("token influence", positions.map { best[$0] }))
            }
            return ScoredOutputs(matches: matches)
        }
        let maker = NoSourceMaker(
            known: pool.chosen(known), scores: scores(known, takenOut: false), sources: sources)
        let field = settings.documentField.map { " (whole \($0))" } ?? ""
        let simulated = try simulatedNulls(sources).map { nulls in
            maker.set(nulls.name, nulls.title, ScoredOutputs(matches: [(ScoredOutputs.own, nulls.best)]))
        }
        let others = [
            maker.set("unsourced", "queries that have no source", scores(nulls, takenOut: false)),
            maker.set("taken-out", "queries whose sources are taken out\(field)", scores(known, takenOut: true)),
            maker.set("foreign", "outputs of another corpus", scores(foreign, takenOut: false)),
        ]
        return (simulated + others).compactMap(\.self)
    }
}
