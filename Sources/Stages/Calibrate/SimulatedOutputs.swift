internal import Calibration
internal import Embedding
internal import Kernels
internal import Pipeline
internal import VectorIndex

/// Outputs made from rows of the corpus, whose source is therefore known.
struct SimulatedOutputs: Sendable {
    let embeddings: Matrix
    /// Nothing for a corpus of vectors.
    let texts: [String]?
    /// The row that each was made from.
    let rows: [Int]
    /// A second row that is in it.
    let others: [Int?]

    /// Words that may stand for a word.
    private static let substitutes = 6
    /// Chosen on sets with known sources (`docs/ranking.md`). Where near words count, similar ones favour no score.
    private static let (strangeShare, strangeShareWithNearWords): (Float, Float) = (0.5, 0.25)

    /// - Parameters:
    ///   - count: how many, fewer where rows have no text to make one from.
    ///   - distance: how far they are from their samples; vectors know one distance only.
    ///   - among: the rows that outputs are made from; all where nil.
    ///   - stream: tells independent sets of one seed apart.
    /// - Throws: what embedding throws.
    static func make(
        _ count: Int, _ distance: OutputSimulator.Distance, from finder: CandidateFinder, embeddings: ShardedColumn,
        among live: RowSet? = nil, source: EmbeddingSource, seed: UInt64, stream: UInt64, workers: Int
    ) throws -> SimulatedOutputs {
        let pool = live.map { live in (0..<embeddings.rows).filter(live.contains) }
        let poolCount = pool?.count ?? embeddings.rows
        var generator = SeededGenerator(seed: seed, stream: stream)
        let rows = chosen(count, of: poolCount, using: &generator).map { pool?[$0] ?? $0 }
        switch source {
        case .model(let embedder):
            let samples = try rows.map { try finder.corpus.source(row: $0, withText: true).text }
            let words = samples.flatMap { OutputSimulator.words(of: $0) }
            let simulator = OutputSimulator(
                substitutes: embedder.similarWords(to: Set(words).sorted(), count: substitutes), vocabulary: words,
                distance: distance,
                strangeShare: finder.usesNearWords ? strangeShareWithNearWords : strangeShare)
            var (texts, sources, others): ([String], [Int], [Int?]) = ([], [], [])
            for (row, sample) in zip(rows, samples) {
                let other = generator.integer(below: samples.count)
                guard let made = simulator.simulate(sample, other: samples[other], using: &generator) else { continue }
                texts.append(made.text)
                sources.append(row)
                others.append(made.isJoined ? rows[other] : nil)
            }
            return SimulatedOutputs(
                embeddings: try finder.embed(texts, workers: workers), texts: texts, rows: sources, others: others)
        case .vectors:
            var (vectors, others): ([[Float]], [Int?]) = ([], [])
            for row in rows {
                let place = generator.integer(below: poolCount)
                let other = pool?[place] ?? place
                vectors.append(
                    VectorSimulator.simulate(
                        try embeddings.floats([row]), other: try embeddings.floats([other]), using: &generator))
                others.append(other)
            }
            return SimulatedOutputs(
                embeddings: try finder.vectors(vectors), texts: nil, rows: rows, others: others)
        }
    }

    /// Excerpts of the same outputs, for what is shorter than samples are.
    ///
    /// - Returns: nothing for vectors.
    /// - Throws: what embedding throws.
    func excerpts(
        from finder: CandidateFinder, seed: UInt64, stream: UInt64, workers: Int
    ) throws -> SimulatedOutputs? {
        guard let texts else { return nil }
        var generator = SeededGenerator(seed: seed, stream: stream)
        let cut = texts.map { OutputSimulator.excerpt(of: $0, using: &generator) }
        let kept = cut.indices.filter { cut[$0] != nil }
        let excerpts = cut.compactMap(\.self)
        return SimulatedOutputs(
            embeddings: try finder.embed(excerpts, workers: workers), texts: excerpts, rows: kept.map { rows[$0] },
            others: kept.map { others[$0] })
    }

    /// Rows without repetition while there are enough, in random order.
    private static func chosen(_ count: Int, of rows: Int, using generator: inout SeededGenerator) -> [Int] {
        var result: [Int] = []
        while rows > 0, result.count < count {
            var some = generator.sample(min(rows, count - result.count), below: rows)
            some.shuffle(using: &generator)
            result += some
        }
        return result
    }
}
