internal import Calibration
internal import Corpus
internal import Evaluation
internal import Pipeline

/// Simulated outputs whose own source is taken out, with what the run's ranking finds in its place.
struct SimulatedNulls: Sendable {
    let name: String
    let title: String
    let best: [BestMatch?]
}

extension EvaluationJob {
    /// Simulated outputs of another stream than the calibration's, drawn like its null distribution, and what they are like
    /// when a model fails, which none of that distribution is.
    func simulatedNulls(_ sources: SourceTable) throws -> [SimulatedNulls] {
        guard let drawn = try simulatedOutputs(sources) else { return [] }
        var kinds = [
            ("simulated", "fresh simulated outputs, their own source taken out", "simulated outputs", drawn)
        ]
        let few = drawn.chosen(Array(drawn.truths.indices.prefix(settings.simulatedNulls / 4)))
        func add(_ name: String, _ title: String, _ step: String, _ change: (Int, String) -> String) throws {
            if let outputs = try changed(few, change) { kinds.append((name, title, step, outputs)) }
        }
        try add("loops", "the same, each said a hundred times over", "outputs said over and over") { _, text in
            Array(repeating: text, count: 100).joined(separator: " ")
        }
        try add("stuck", "the same, a word of each said two hundred times more", "outputs that end in a loop") {
            let words = OutputSimulator.words(of: $1)
            guard !words.isEmpty else { return $1 }
            return ([$1] + Array(repeating: words[$0 % words.count], count: 200)).joined(separator: " ")
        }
        try add("scraps", "the same, of each the first one to three words", "scraps of outputs") {
            OutputSimulator.beginning(of: $1, words: 1 + $0 % 3)
        }
        let maker = EvidenceMaker(engine, sources: sources, workers: settings.workers)
        return try kinds.map { name, title, step, outputs in
            let evidence = try progress.step("gif on \(step)", of: outputs.count) { advance in
                try maker.evidence(outputs, advance: advance)
            }
            return SimulatedNulls(name: name, title: title, best: evidence.map(\.bestWithoutSource))
        }
    }

    /// - Returns: nothing where neither a model nor the corpus' own vectors are at hand.
    private func simulatedOutputs(_ sources: SourceTable) throws -> EvaluationOutputs? {
        guard let embeddings = try embeddingSource() else { return nil }
        let made = try progress.step("simulated outputs", of: settings.simulatedNulls) { advance in
            let made = try SimulatedOutputs.make(
                settings.simulatedNulls, .near, from: engine.opened.finder,
                embeddings: try ShardedColumn.embeddings(try engine.opened.parts.all(EmbedStage.name)),
                among: engine.opened.live.set, source: embeddings, seed: settings.seed, stream: 0xe7a1,
                workers: settings.workers)
            advance(made.rows.count)
            return made
        }
        return EvaluationOutputs(
            ids: made.rows.map { "simulated-\($0)" }, texts: made.texts, embeddings: made.embeddings,
            truths: zip(made.rows, made.others).map { sources.truth(ofRows: [$0, $1].compactMap(\.self)) })
    }

    /// Outputs with other texts.
    ///
    /// - Returns: nothing for outputs without texts.
    private func changed(
        _ outputs: EvaluationOutputs, _ change: (_ position: Int, _ text: String) -> String
    ) throws -> EvaluationOutputs? {
        guard let texts = outputs.texts?.enumerated().map({ change($0.offset, $0.element) }) else { return nil }
        return EvaluationOutputs(
            ids: outputs.ids, texts: texts,
            embeddings: try engine.opened.finder.embed(texts, workers: settings.workers), truths: outputs.truths)
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
