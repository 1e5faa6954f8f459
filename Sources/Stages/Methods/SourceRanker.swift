internal import Baselines
internal import Kernels
internal import Pipeline
internal import Probing
internal import VectorIndex

/// Ranks rows of the corpus for outputs; what each method is behind ``MethodLibrary``.
protocol SourceRanker: Sendable {
    /// The best rows of each output, best first.
    func rank(_ outputs: MethodOutputs, count: Int, workers: Int) throws -> [[Neighbor]]
}

/// A batch of outputs as methods see them.
struct MethodOutputs: Sendable {
    let rows: LabelledRows
    let texts: [String]?
}

/// A method of Baselines.
struct BaselineRanker: SourceRanker {
    let method: any AttributionMethod
    /// The rows that may be found; all where nil. A method learns from all.
    let rows: RowSet?

    func rank(_ outputs: MethodOutputs, count: Int, workers: Int) throws -> [[Neighbor]] {
        // Among so many of the best there are enough that may be found.
        let hidden = rows.map { $0.count - $0.population } ?? 0
        do {
            let ranked = try method.rank(outputs.rows, count: count + hidden, workers: workers)
            guard let rows else { return ranked }
            return ranked.map { Array($0.lazy.filter { rows.contains($0.row) }.prefix(count)) }
        } catch {
            throw RunError(.badInput, "\(method.name): \(error)")
        }
    }
}

/// BM25 over the run's postings.
struct BM25Ranker: SourceRanker {
    let postings: SegmentedPostings
    let rows: RowSet?

    func rank(_ outputs: MethodOutputs, count: Int, workers: Int) throws -> [[Neighbor]] {
        let tokenizer = WordTokenizer()
        let queries = (outputs.texts ?? []).map { text in
            Set(tokenizer.words(of: text).map(\.id)).sorted()
        }
        return try postings.search(queries, scorer: BM25(postings), count: count, filter: rows, workers: workers)
    }
}

/// Reciprocal rank fusion of several methods' first rows.
struct FusedRanker: SourceRanker {
    let members: [any SourceRanker]
    /// Rows that each gives.
    let depth: Int

    func rank(_ outputs: MethodOutputs, count: Int, workers: Int) throws -> [[Neighbor]] {
        let lists = try members.map { try $0.rank(outputs, count: max(depth, count), workers: workers) }
        return outputs.rows.labels.indices.map { output in
            ReciprocalRankFusion.fuse(lists.map { $0[output].map(\.row) }, count: count)
        }
    }
}

/// The reference method to the letter: the nearest fingerprints, ordered by influence.
struct ReferenceRanker: SourceRanker {
    let index: NearestFingerprints
    /// Higher for proponents.
    let influence: InfluenceMethod
    /// That are ordered by influence.
    let candidates: Int

    func rank(_ outputs: MethodOutputs, count: Int, workers: Int) throws -> [[Neighbor]] {
        let found = try index.search(outputs.rows, count: max(candidates, count), workers: workers)
        let solutions: Matrix
        do {
            solutions = try influence.prepare(outputs.rows, workers: workers)
        } catch {
            throw RunError(.badInput, "\(influence.name): \(error)")
        }
        return Parallel.map(count: found.count, blockSize: 8, workers: workers) { outputs in
            outputs.map { ordered(found[$0], by: solutions.rows($0..<$0 + 1), count: count) }
        }.flatMap(\.self)
    }

    /// The candidates by influence; those beyond follow in the order of the index, each scored below the one before.
    private func ordered(_ found: [Neighbor], by solution: Matrix, count: Int) -> [Neighbor] {
        let first = found.prefix(candidates)
            .map { Neighbor(row: $0.row, score: influence.scores(solution, rows: $0.row..<$0.row + 1)[0, 0]) }
            .sorted { a, b in a.score != b.score ? a.score > b.score : a.row < b.row }
        var floor = first.last?.score ?? 0
        let rest = found.dropFirst(candidates).map { neighbor in
            floor = floor.nextDown
            return Neighbor(row: neighbor.row, score: floor)
        }
        return Array((first + rest).prefix(count))
    }
}
