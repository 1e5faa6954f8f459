internal import Corpus
internal import Foundation
internal import Kernels
internal import Pipeline
internal import Probing
internal import Storage
internal import TensorFiles

/// Turns outputs into ranked sources over one generation.
///
/// Outputs are embedded as the corpus was. The indexes give candidates, and the calibrated ranking orders them and says how
/// likely the best is to be there by chance; or another method orders the corpus.
struct AttributionEngine: Sendable {
    let opened: OpenGeneration
    let method: MethodName
    private let ordering: any SourceOrdering

    var corpus: CorpusRows { opened.finder.corpus }

    /// - Parameter log: takes a sentence when a method has to be prepared.
    init(
        _ opened: OpenGeneration, method: MethodName = .gif, workers: Int, log: @escaping (String) -> Void = { _ in }
    ) throws(RunError) {
        self.opened = opened
        self.method = method
        guard method != .gif else {
            ordering = CalibratedOrdering(
                finder: opened.finder, ranking: opened.ranking, calibration: opened.calibration,
                candidates: opened.configuration.refine.candidates)
            return
        }
        log(
            "method \(method.rawValue): opening; what a method learns is made on its first use with an index and kept in \(opened.directory.file("methods"))"
        )
        do {
            let library = try MethodLibrary(opened, workers: workers, note: log)
            ordering = MethodOrdering(
                finder: opened.finder, labels: library.centroids, ranker: try library.open(method))
        } catch {
            throw RunError(describing: error)
        }
    }

    /// Words that more than a share of the corpus' rows have, lower-cased; none for a corpus of vectors.
    func frequentWords(share: Double) throws(RunError) -> Set<String> {
        guard let probe = try opened.parts.artifacts(of: TokenProbeStage.name).first else { return [] }
        return try reporting(damaged: .corrupt) { () throws(StorageError) in
            try FrequentWords.find(
                try TokenFrequencies(path: probe.path(ArtifactFile.frequencies)), corpus: corpus,
                rows: opened.generation.catalog.rows, share: share)
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
    /// - Returns: one result for each, in order, and the largest LiSSA residual that was formed.
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
            let noSource = ordered.pValues[position].map { ($0.first ?? .infinity) > options.level }
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
            return (try opened.finder.vectors(rows), nil)
        }
        let texts = outputs.map(\.text)
        return (try opened.finder.embed(texts, workers: workers), texts)
    }

    private func failed(_ output: LoggedOutput) -> AttributedOutput {
        var message = "not attributed"
        if case .failed(let reason) = output.content { message = reason }
        return AttributedOutput(id: output.id, result: .failed(message), text: "", knownSources: output.knownSources)
    }

    /// A sentence of a text by its number; nothing where another version of the stage has numbered them.
    private func sentence(_ number: Int, of text: String) -> String? {
        guard opened.numbersSentences else { return nil }
        let sentences = SentenceSplitter().sentences(of: text)
        return number < sentences.count ? sentences[number] : nil
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
                    score: ordered.scores[output][position], pValue: ordered.pValues[output]?[position],
                    similarity: candidate.similarity, sentenceSimilarity: candidate.sentenceSimilarity,
                    influence: candidate.influence,
                    relativeInfluence: candidate.relativeInfluence,
                    tokenInfluence: candidate.tokenInfluence.map { Float($0) }, text: source.text,
                    nearestSentence: candidate.nearestSentence.flatMap { sentence($0, of: source.text) },
                    metadata: withTexts ? try corpus.metadata(row: candidate.row) : nil))
        }
        return list
    }
}
