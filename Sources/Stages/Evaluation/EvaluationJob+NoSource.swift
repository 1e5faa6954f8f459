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
        guard !engine.opened.calibration.null.confidences.isEmpty else { return [] }
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
        return [
            maker.set(
                "simulated", "fresh simulated outputs, their own source taken out", try simulated(sources)),
            maker.set("unsourced", "queries that have no source", scores(nulls, takenOut: false)),
            maker.set("taken-out", "queries whose sources are taken out\(field)", scores(known, takenOut: true)),
            maker.set("foreign", "outputs of another corpus", scores(foreign, takenOut: false)),
        ].compactMap(\.self)
    }

    /// Simulated outputs of another stream than the calibration's, by the run's own ranking.
    private func simulated(_ sources: SourceTable) throws -> ScoredOutputs {
        guard let embeddings = try embeddingSource() else { return ScoredOutputs(matches: []) }
        let made = try progress.step("simulated outputs", of: settings.simulatedNulls) { advance in
            let made = try SimulatedOutputs.make(
                settings.simulatedNulls, .near, from: engine.opened.finder,
                embeddings: try ShardedColumn.embeddings(try engine.opened.parts.all(EmbedStage.name)),
                among: engine.opened.live.set, source: embeddings, seed: settings.seed, stream: 0xe7a1,
                workers: settings.workers)
            advance(made.rows.count)
            return made
        }
        let outputs = EvaluationOutputs(
            ids: made.rows.map { "simulated-\($0)" }, texts: made.texts, embeddings: made.embeddings,
            truths: zip(made.rows, made.others).map { sources.truth(ofRows: [$0, $1].compactMap(\.self)) })
        let maker = EvidenceMaker(engine, sources: sources, workers: settings.workers)
        let evidence = try progress.step("gif on simulated outputs", of: outputs.count) { advance in
            try maker.evidence(outputs, advance: advance)
        }
        return ScoredOutputs(matches: [(ScoredOutputs.own, evidence.map(\.bestWithoutSource))])
    }

    /// The model, or the corpus' own vectors.
    private func embeddingSource() throws -> EmbeddingSource? {
        if let embeddings = engine.opened.embeddings { return embeddings }
        let corpus = engine.opened.configuration.corpus
        let path = engine.opened.configuration.embed.path
        guard let files = corpus.isVectors ? corpus.files : path.map({ [$0] }) else { return nil }
        return .vectors(CorpusVectors(try VectorSet(files, ids: corpus.ids)))
    }
}
