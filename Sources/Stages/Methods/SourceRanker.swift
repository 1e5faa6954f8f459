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

    func rank(_ outputs: MethodOutputs, count: Int, workers: Int) throws -> [[Neighbor]] {
        do {
            return try method.rank(outputs.rows, count: count, workers: workers)
        } catch {
            throw RunError(.badInput, "\(method.name): \(error)")
        }
    }
}

/// BM25 over the run's postings.
struct BM25Ranker: SourceRanker {
    let postings: PostingsIndex

    func rank(_ outputs: MethodOutputs, count: Int, workers: Int) throws -> [[Neighbor]] {
        let tokenizer = WordTokenizer()
        let queries = (outputs.texts ?? []).map { text in
            Set(tokenizer.words(of: text).map(\.id)).sorted()
        }
        return try postings.search(queries, scorer: BM25(postings), count: count, workers: workers)
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

/// The reference method to the letter: `[e ; c]` as they are, Euclidean distance, the nearest ordered by influence.
struct ReferenceRanker: SourceRanker {
    let fingerprints: Matrix
    let fingerprinter: Fingerprinter
    let probe: any Probe
    let influence: InfluenceScorer
    let gradients: CandidateGradients
    /// That are ordered by influence.
    let candidates: Int

    func rank(_ outputs: MethodOutputs, count: Int, workers: Int) throws -> [[Neighbor]] {
        let (embeddings, labels) = (outputs.rows.embeddings, outputs.rows.labels)
        let factors = try probe.gradientFactors(embeddings.elements.span, labels: labels.span, workers: workers)
        let queries = try fingerprinter.fingerprints(embeddings, factors, words: nil, workers: workers)
        let norms = (0..<fingerprints.rows).map { row in
            let vector = fingerprints.elements.span.extracting(fingerprints.range(ofRow: row))
            return dot(vector, vector)
        }
        let wanted = max(candidates, count)
        let parts = Parallel.map(count: queries.rows, blockSize: 8, workers: workers) { outputs in
            outputs.map { output -> [Neighbor] in
                var best = TopCandidates(capacity: min(wanted, fingerprints.rows))
                let query = queries.elements.span.extracting(queries.range(ofRow: output))
                for row in 0..<fingerprints.rows {
                    let vector = fingerprints.elements.span.extracting(fingerprints.range(ofRow: row))
                    best.offer(key: norms[row] - 2 * dot(query, vector), row: UInt32(row))
                }
                return best.sorted.map { Neighbor(row: Int($0.row), score: -$0.key) }
            }
        }
        let found = parts.flatMap(\.self)
        let scores = try influence.score(
            embeddings: embeddings, factors: factors, candidates: found.map { $0.prefix(candidates).map(\.row) },
            gradients: gradients, workers: workers)
        return found.indices.map { output in
            let influences = scores.influence[output]
            let first = found[output].prefix(candidates).enumerated()
                .map { Neighbor(row: $0.element.row, score: -influences[$0.offset]) }
                .sorted { a, b in a.score != b.score ? a.score > b.score : a.row < b.row }
            // Those beyond the candidates follow in the order of the index, below the last.
            let floor = (first.last?.score ?? 0)
            let rest = found[output].dropFirst(candidates).enumerated().map { position, neighbor in
                Neighbor(row: neighbor.row, score: floor - Float(position + 1))
            }
            return Array((first + rest).prefix(count))
        }
    }
}
