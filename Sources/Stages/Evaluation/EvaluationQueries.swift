internal import Corpus
internal import Kernels
internal import Pipeline
internal import Probing

/// Outputs as they are evaluated, with what is true of them.
struct EvaluationOutputs: Sendable {
    var ids: [String] = []
    /// Nothing where outputs come as vectors.
    var texts: [String]?
    var embeddings = Matrix(rows: 0, columns: 0)
    /// Nothing for an output without a source.
    var truths: [SourceTable.Truth?] = []

    var count: Int { ids.count }
    /// Positions of outputs with a source.
    var known: [Int] { truths.indices.filter { truths[$0] != nil } }

    static func + (a: EvaluationOutputs, b: EvaluationOutputs) -> EvaluationOutputs {
        if a.count == 0 { return b }
        if b.count == 0 { return a }
        return EvaluationOutputs(
            ids: a.ids + b.ids, texts: a.texts.flatMap { texts in b.texts.map { texts + $0 } },
            embeddings: Matrix.concatenating([a.embeddings, b.embeddings]), truths: a.truths + b.truths)
    }
}

/// How many queries there were, and why some were not measured.
struct QueryCounts: Sendable {
    var read = 0
    /// Lines that are no output, or a vector that cannot be used.
    var failed = 0
    /// Without a field `source_ids`.
    var unlabelled = 0
    /// Whose sources the corpus all lacks.
    var lost = 0
    /// `source_ids` that the corpus lacks.
    var unknownIDs = 0
    /// The first of these.
    var examples: [String] = []
    var known = 0
    var nulls = 0
    /// Of those that could be measured, how many were, when fewer.
    var sampled: Int?
}

/// Reads queries and says what is true of them.
struct EvaluationQueries {
    private struct Query {
        let id: String
        let text: String
        let vector: Int
        let truth: SourceTable.Truth?
    }

    let outputs: EvaluationOutputs
    let counts: QueryCounts

    /// - Throws: `badInput` when no query names a source that the corpus holds.
    init(
        _ settings: EvaluationSettings, sources: SourceTable, finder: CandidateFinder, _ progress: EvaluationProgress
    ) throws {
        var counts = QueryCounts()
        var queries: [Query] = []
        let log = try OutputLog(path: settings.queries)
        while let record = try log.next() {
            counts.read += 1
            guard case .success(let output) = record.result else {
                counts.failed += 1
                continue
            }
            guard let ids = output.sourceIDs else {
                counts.unlabelled += 1
                continue
            }
            let (truth, unknown) = sources.truth(of: ids)
            counts.unknownIDs += unknown.count
            counts.examples = Array((counts.examples + unknown).prefix(5))
            if truth == nil, !ids.isEmpty {
                counts.lost += 1
            } else {
                queries.append(Query(id: record.id, text: output.text, vector: counts.read - 1, truth: truth))
            }
        }
        guard queries.contains(where: { $0.truth != nil }) else {
            throw RunError(.badInput, Self.noSources(settings.queries, counts))
        }
        if let limit = settings.limit, limit < queries.count {
            var generator = SeededGenerator(seed: settings.seed, stream: 0x9e7)
            queries = generator.sample(limit, below: queries.count).map { queries[$0] }
            counts.sampled = queries.count
            guard queries.contains(where: { $0.truth != nil }) else {
                throw RunError(
                    .badInput, "none of the \(limit) sampled queries has a source in this corpus; raise --queries-limit"
                )
            }
        }
        var outputs = EvaluationOutputs(
            ids: queries.map(\.id), texts: settings.vectors == nil ? queries.map(\.text) : nil,
            truths: queries.map(\.truth))
        if let path = settings.vectors {
            outputs.embeddings = try Self.vectors(
                path, rows: counts.read, chosen: queries.map(\.vector), finder: finder)
        } else {
            outputs.embeddings = try Self.embed(queries.map(\.text), "queries", finder, settings.workers, progress)
        }
        counts.known = outputs.known.count
        counts.nulls = outputs.count - counts.known
        (self.outputs, self.counts) = (outputs, counts)
    }

    /// Outputs of another corpus; what they may say of their sources does not count.
    static func foreign(
        _ path: String, _ settings: EvaluationSettings, finder: CandidateFinder, _ progress: EvaluationProgress
    ) throws -> EvaluationOutputs {
        var (ids, texts): ([String], [String]) = ([], [])
        let log = try OutputLog(path: path)
        while let record = try log.next() {
            guard case .success(let output) = record.result else { continue }
            ids.append(record.id)
            texts.append(output.text)
        }
        guard !ids.isEmpty else { throw RunError(.badInput, "\(path): there is no output in it") }
        if let limit = settings.limit {
            var generator = SeededGenerator(seed: settings.seed, stream: 0xf0e)
            let chosen = generator.sample(limit, below: ids.count)
            (ids, texts) = (chosen.map { ids[$0] }, chosen.map { texts[$0] })
        }
        return EvaluationOutputs(
            ids: ids, texts: texts,
            embeddings: try embed(texts, "foreign queries", finder, settings.workers, progress),
            truths: ids.map { _ in nil })
    }

    private static func embed(
        _ texts: [String], _ step: String, _ finder: CandidateFinder, _ workers: Int, _ progress: EvaluationProgress
    ) throws -> Matrix {
        try progress.step("embed \(step)", of: texts.count) { advance in
            Matrix.concatenating(
                try ranges(texts.count, of: EvaluationSettings.batch).map { rows in
                    let part = try finder.embed(Array(texts[rows]), workers: workers)
                    advance(rows.count)
                    return part
                })
        }
    }

    private static func vectors(
        _ path: String, rows: Int, chosen: [Int], finder: CandidateFinder
    ) throws -> Matrix {
        let vectors = try VectorSet([path])
        guard vectors.rows == rows else {
            throw RunError(
                .badInput, "\(path): there are \(vectors.rows) vectors for \(rows) queries; give one for each line")
        }
        return try finder.vectors(try chosen.map { try vectors.read(rows: $0..<$0 + 1) })
    }

    private static func noSources(_ path: String, _ counts: QueryCounts) -> String {
        var message = "\(path): no query has a source in this corpus; of \(counts.read) lines"
        message += " \(counts.failed) could not be read, \(counts.unlabelled) have no field source_ids,"
        message += " \(counts.lost) name only sources that the corpus lacks"
        if !counts.examples.isEmpty { message += " (such as \(counts.examples.joined(separator: ", ")))" }
        return message + "; a line is {\"id\", \"text\", \"source_ids\": [id, …]}"
    }
}
