internal import Clustering
internal import Corpus
internal import Embedding
internal import Foundation
internal import Influence
internal import Kernels
internal import Pipeline
internal import Probing
internal import Storage
internal import VectorIndex

/// Where the outputs of finished stages are found: a generation, or the inputs of a stage that is being run.
protocol ArtifactSource {
    /// A stage's artifacts, in their order; none where the plan has no such stage.
    func artifacts(of stage: String) throws(RunError) -> [Artifact]
}

extension ArtifactSource {
    func all(_ stage: String) throws(RunError) -> [Artifact] {
        let found = try artifacts(of: stage)
        guard !found.isEmpty else {
            throw RunError(.incompatible, "the generation has no stage '\(stage)'; build the run again")
        }
        return found
    }

    /// The first of a stage's artifacts; the only one of a whole stage.
    func only(_ stage: String) throws(RunError) -> Artifact { try all(stage)[0] }
}

/// Fingerprints outputs as the corpus was, and finds the rows that may be their sources.
///
/// Candidates come from two indexes: the vector index over fingerprints, and the postings of words, which the token probe
/// scores exactly. Each finds sources that the other misses.
struct CandidateFinder: Sendable {
    let corpus: CorpusRows
    private let normalise: Bool
    private let settings: RefineSettings
    /// Nothing for a corpus of vectors, whose outputs are vectors too.
    private let embeddings: EmbeddingSource?
    private let centroids: CentroidAssigner
    private let probe: any Probe
    private let fingerprinter: Fingerprinter
    private let index: any VectorIndex
    private let influence: InfluenceScorer
    private let gradients: CandidateGradients
    private let words: WordCandidates?
    /// Where fingerprints have a block of words.
    private let tokens: TokenRows?
    /// Where each sentence is embedded too.
    private let sentences: SentenceRows?
    /// The rows that may be found; all where nil.
    private let rows: RowSet?

    /// - Parameter rows: the rows that may be found; all where nil.
    init(
        _ configuration: CandidateSettings, catalog: Catalog, parts: some ArtifactSource, embeddings: EmbeddingSource?,
        rows: RowSet? = nil
    ) throws(RunError) {
        self.rows = rows
        normalise = configuration.normalise
        settings = configuration.refine
        self.embeddings = embeddings
        do {
            corpus = try CorpusRows(catalog, ingest: try parts.all(IngestStage.name))
            centroids = try Centroids.read(try parts.only(ClusterStage.name))
            let probeArtifact = try parts.only(ProbeTrainStage.name)
            probe = try ProbeFile.read(probeArtifact)
            let frequencies =
                configuration.project.layout.tokens != nil ? try parts.only(TokenProbeStage.name) : nil
            fingerprinter = try Fingerprinter(
                settings: configuration.project, seed: configuration.seed, probe: probe, frequencies: frequencies)
            index = try OpenIndex.open(parts, search: configuration.search)
            guard index.identity == fingerprinter.identity(probe: probeArtifact, frequencies: frequencies)
            else {
                throw RunError(
                    .incompatible, "the index was made with another probe or projection; build the run again")
            }
            influence = try InfluenceScorer(try parts.only(CurvatureStage.name), probe: probe)
            gradients = try CandidateGradients(
                embeddings: try parts.all(EmbedStage.name), gradients: try parts.all(GradientSignStage.name))
            words =
                settings.usesWords
                ? try WordCandidates(
                    parts, settings: configuration.tokens, budget: settings.postings > 0 ? settings.postings : nil,
                    nearTo: configuration.stages.contains(NearWordsStage.name) ? embeddings : nil)
                : nil
            tokens = fingerprinter.needsWords ? try TokenRows(try parts.all(TokenizeStage.name)) : nil
            sentences =
                configuration.stages.contains(SentenceStage.name)
                ? try SentenceRows(try parts.all(SentenceStage.name), dimension: probe.dimension) : nil
        } catch let error as RunError {
            throw error
        } catch let error as StorageError {
            throw RunError(error, damaged: .corrupt)
        } catch let error as IndexError {
            throw RunError(error)
        } catch {
            throw RunError(.defect, "\(error)")
        }
    }

    var dimension: Int { probe.dimension }

    /// Whether outputs' words take part.
    var usesWords: Bool { words != nil }

    /// Whether words near to outputs' count too.
    var usesNearWords: Bool { words?.usesNearWords ?? false }

    /// The embeddings of texts, as the corpus' were made.
    func embed(_ texts: [String], workers: Int) throws(RunError) -> Matrix {
        guard let embeddings else {
            throw RunError(
                .incompatible, "this run was built from vectors, so it cannot embed texts; give --vectors and --ids")
        }
        var vectors = try embeddings.embed(texts, workers: workers)
        if normalise { vectors.scaleRows(to: 1) }
        return vectors
    }

    /// Vectors made elsewhere, scaled as the corpus' were.
    func vectors(_ rows: [[Float]]) throws(RunError) -> Matrix {
        for row in rows where row.count != dimension {
            throw RunError(.incompatible, "the vectors have \(row.count) dimensions and the corpus' \(dimension)")
        }
        var vectors = Matrix(rows: rows.count, columns: dimension, elements: rows.flatMap(\.self))
        if normalise { vectors.scaleRows(to: 1) }
        return vectors
    }

    /// A batch of outputs with everything that scoring their candidates needs.
    struct Batch {
        let embeddings: Matrix
        let fingerprints: Matrix
        let gradients: GradientFactors
        let texts: [TokenQuery]?
        /// Distinct words of each output; nothing for vectors.
        let sizes: [Int]?
        /// For each output; by falling search score, then those that only words found.
        var candidates: [[Candidate]]
    }

    /// Finds candidates, with their similarities and token influence.
    ///
    /// - Parameters:
    ///   - texts: the outputs' texts; nothing for vectors.
    ///   - count: candidates from each index.
    func find(_ vectors: Matrix, texts: [String]?, count: Int, workers: Int) throws -> Batch {
        var batch = try prepare(vectors, texts: texts, workers: workers)
        let found: [[Neighbor]]
        do {
            found = try index.search(batch.fingerprints, count: count, filter: rows, workers: workers)
        } catch {
            throw RunError(error)
        }
        batch.candidates = found.map { $0.map { Candidate(row: $0.row, searchScore: $0.score) } }
        if let words, let queries = batch.texts {
            let others = try words.search(queries, count: count, filter: rows, workers: workers)
            for output in batch.candidates.indices {
                let known = Set(batch.candidates[output].map(\.row))
                batch.candidates[output] += others[output].filter { !known.contains($0) }.map { Candidate(row: $0) }
            }
        }
        try addSimilarity(to: &batch, workers: workers)
        return batch
    }

    /// Candidates that something else than the indexes found, in the order given, with similarities and token influence.
    ///
    /// - Parameters:
    ///   - texts: the outputs' texts; nothing for vectors.
    ///   - rows: for each output.
    func batch(_ vectors: Matrix, texts: [String]?, rows: [[Int]], workers: Int) throws -> Batch {
        precondition(rows.count == vectors.rows)
        var batch = try prepare(vectors, texts: texts, workers: workers)
        batch.candidates = rows.map { $0.map { Candidate(row: $0) } }
        try addSimilarity(to: &batch, workers: workers)
        return batch
    }

    /// A batch without candidates.
    private func prepare(_ vectors: Matrix, texts: [String]?, workers: Int) throws -> Batch {
        let labels = try centroids.assign(vectors, workers: workers).labels
        let factors = try probe.gradientFactors(vectors.elements.span, labels: labels.span, workers: workers)
        if fingerprinter.needsWords, texts == nil {
            throw RunError(
                .incompatible,
                "this run's fingerprints have a block of words (fingerprint.token_weight), so outputs have to be texts")
        }
        let fingerprints = try fingerprinter.fingerprints(
            vectors, factors, words: fingerprinter.needsWords ? texts.map { TokenCounts(texts: $0) } : nil,
            workers: workers)
        var queries: [TokenQuery]?
        if let words, let texts { queries = try words.queries(texts, workers: workers) }
        let sizes = queries?.map(\.output.ids.count) ?? texts.map { TokenCounts(texts: $0).distinctWords }
        return Batch(
            embeddings: vectors, fingerprints: fingerprints, gradients: factors, texts: queries, sizes: sizes,
            candidates: [])
    }

    private func addSimilarity(to batch: inout Batch, workers: Int) throws {
        let (all, fingerprints, queries) = (batch.candidates, batch.fingerprints, batch.texts)
        var embeddings = batch.embeddings
        embeddings.scaleRows(to: 1)
        let directions = embeddings
        let scored = Parallel.map(count: all.count, blockSize: 8, workers: workers) { outputs in
            Result {
                try outputs.map { output in
                    let scored = try score(
                        all[output], fingerprint: fingerprints.row(output), words: queries?[output])
                    return try addSentences(to: scored, direction: directions.row(output))
                }
            }
        }
        batch.candidates = try scored.flatMap { try $0.get() }
    }

    /// Similarity and token influence of one output's candidates.
    private func score(_ candidates: [Candidate], fingerprint: [Float], words query: TokenQuery?) throws -> [Candidate]
    {
        let own = dot(fingerprint.span, fingerprint.span)
        let rows = candidates.map(\.row)
        let vectors = try fingerprints(of: rows)
        var influences: [Double] = []
        if let words, let query { influences = try words.influences(of: rows, on: query) }
        return candidates.enumerated().map { position, candidate in
            var candidate = candidate
            let vector = vectors.elements.span.extracting(vectors.range(ofRow: position))
            let norms = (own * dot(vector, vector)).squareRoot()
            candidate.similarity = norms > 0 ? dot(fingerprint.span, vector) / norms : 0
            if let query, !influences.isEmpty {
                candidate.tokenInfluence = influences[position]
                candidate.tokenShare = query.relative(influences[position])
            }
            return candidate
        }
    }

    /// The same candidates with the similarity of their nearest sentence: of a row's only one that of the row.
    ///
    /// - Parameter direction: the output's embedding, of length 1 or 0.
    private func addSentences(to candidates: [Candidate], direction: [Float]) throws -> [Candidate] {
        guard let sentences else { return candidates }
        var result = candidates
        for position in result.indices {
            LookAhead.ask(at: position, of: result.count) { position, placeOnly in
                sentences.prefetch(row: result[position].row, placeOnly: placeOnly)
            }
            let row = result[position].row
            if let nearest = try sentences.nearest(row: row, to: direction.span) {
                result[position].sentenceSimilarity = nearest.cosine
                result[position].nearestSentence = nearest.sentence
            } else if fingerprinter.isEmbedding {
                result[position].sentenceSimilarity = result[position].similarity
            } else {
                var embedding = try gradients.embeddings([row])
                embedding.scaleRows(to: 1)
                result[position].sentenceSimilarity = dot(embedding.elements.span, direction.span)
            }
        }
        return result
    }

    /// Nats by which rows explain an output's words, each of these once; 0 without words.
    func explained(by rows: [Int], _ query: TokenQuery?) throws(StorageError) -> [Double] {
        guard let words, let query else { return rows.map { _ in 0 } }
        return try words.influences(of: rows, on: query.once).map { -$0 }
    }

    /// Whether two rows are one source: passages of one document, or the same text under another id. Texts are costly to
    /// read, and compared only where the words are the same.
    func areOneSource(_ a: Int, _ b: Int) throws(StorageError) -> Bool {
        if a == b { return true }
        if try corpus.source(row: a, withText: false).id == corpus.source(row: b, withText: false).id { return true }
        if let words, try !words.haveSameWords(a, b) { return false }
        let text = try corpus.source(row: a, withText: true).text
        if text.isEmpty { return false }
        return try corpus.source(row: b, withText: true).text == text
    }

    /// The exact fingerprints of rows, `[rows × dimension]`: a flat index has them, else they are made again.
    private func fingerprints(of rows: [Int]) throws -> Matrix {
        if let flat = index as? FlatIndex {
            var elements: [Float] = []
            for row in rows { elements += try flat.vector(row: row) }
            return Matrix(rows: rows.count, columns: flat.dimension, elements: elements)
        }
        var words: TokenCounts?
        if let tokens {
            var counts = TokenCounts()
            for row in rows { counts.append(try tokens.bag(row: row)) }
            words = counts
        }
        guard fingerprinter.needsGradients else {
            return try fingerprinter.fingerprints(
                try gradients.embeddings(rows), nil, words: words, workers: 1)
        }
        let read = try gradients.read(rows)
        return try fingerprinter.fingerprints(read.embeddings, read.factors, words: words, workers: 1)
    }

    /// Fills in the cluster probe's influences.
    ///
    /// - Returns: the largest LiSSA residual that was formed.
    func addInfluence(to batch: inout Batch, workers: Int) throws(RunError) -> Double {
        let scores = try influence.score(
            embeddings: batch.embeddings, factors: batch.gradients, candidates: batch.candidates.map { $0.map(\.row) },
            gradients: gradients, workers: workers)
        for output in batch.candidates.indices {
            let own = scores.selfInfluence[output].squareRoot()
            for index in batch.candidates[output].indices {
                batch.candidates[output][index].influence = scores.influence[output][index]
                let relative = scores.relative[output][index]
                batch.candidates[output][index].relativeInfluence = relative
                batch.candidates[output][index].clusterShare = own > 0 ? relative / Float(own) : 0
            }
        }
        return scores.worstResidual
    }
}
