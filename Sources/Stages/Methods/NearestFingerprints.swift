internal import Baselines
internal import Kernels
internal import Probing
internal import VectorIndex

/// The reference method's index in memory: `[e ; c]` as they are, by Euclidean distance.
struct NearestFingerprints: Sendable {
    private let fingerprints: Matrix
    /// Squared lengths.
    private let lengths: [Float]
    private let fingerprinter: Fingerprinter
    private let probe: any Probe
    /// The rows that may be found; all where nil.
    private let rows: RowSet?

    /// - Parameter dimension: m.
    init(
        _ corpus: LabelledRows, probe: any Probe, dimension: Int, seed: UInt64, rows allowed: RowSet?, workers: Int
    ) throws {
        self.probe = probe
        rows = allowed
        fingerprinter = try Fingerprinter(
            settings: .reference(dimension: dimension), seed: seed, probe: probe, frequencies: nil)
        let factors = try probe.gradientFactors(
            corpus.embeddings.elements.span, labels: corpus.labels.span, workers: workers)
        fingerprints = try fingerprinter.fingerprints(corpus.embeddings, factors, words: nil, workers: workers)
        let rows = fingerprints
        lengths = (0..<rows.rows).map { row in
            let vector = rows.elements.span.extracting(rows.range(ofRow: row))
            return dot(vector, vector)
        }
    }

    /// The nearest rows of each output; scores are minus the squared distance, up to what is the same for all rows.
    func search(_ outputs: LabelledRows, count: Int, workers: Int) throws -> [[Neighbor]] {
        let factors = try probe.gradientFactors(
            outputs.embeddings.elements.span, labels: outputs.labels.span, workers: workers)
        let queries = try fingerprinter.fingerprints(outputs.embeddings, factors, words: nil, workers: workers)
        return Parallel.map(count: queries.rows, blockSize: 8, workers: workers) { outputs in
            outputs.map { output -> [Neighbor] in
                var best = TopCandidates(capacity: min(count, fingerprints.rows))
                let query = queries.elements.span.extracting(queries.range(ofRow: output))
                for row in 0..<fingerprints.rows where rows?.contains(row) ?? true {
                    let vector = fingerprints.elements.span.extracting(fingerprints.range(ofRow: row))
                    best.offer(key: lengths[row] - 2 * dot(query, vector), row: UInt32(row))
                }
                return best.sorted.map { Neighbor(row: Int($0.row), score: -$0.key) }
            }
        }.flatMap(\.self)
    }
}
