package import Kernels
package import VectorIndex

/// TRACE: embeddings are mapped to a space in which those of one source are near one another, learned with supervised
/// NT-Xent; outputs are attributed to their nearest neighbours there.
///
/// Source: Wang, Lu, Ng & Low, "TRACE: transformer-based attribution using contrastive embeddings in LLMs", 2024, arXiv
/// 2407.04981, with hard and soft kNN. There sources are a few data providers, the sentence encoder itself is trained, and
/// principal sentences of a source are chosen by TF-IDF. Here a linear head over frozen embeddings is trained, every
/// sample is a source of its own unless groups are given, and the positives are views of samples (see ``TraceViews``).
package struct TraceMethod: VectorMethod {
    package struct Settings: Sendable, Hashable, Codable {
        /// The head's width; as wide as the embeddings, and the identity to start with, unless given.
        package var outputs: Int?
        /// τ.
        package var temperature: Float
        /// Passes over the corpus.
        package var epochs: Int
        /// Rows in a batch; each comes with a view.
        package var batch: Int
        package var rate: Float
        /// For rows without given views: the share of coordinates left out …
        package var dropout: Float
        /// … and the length of the noise added, as a share of the embedding's.
        package var noise: Float
        /// How many nearest rows vote for their sources; hard kNN, one row one source, when 0.
        package var voters: Int
        package var seed: UInt64

        package init(
            outputs: Int? = nil, temperature: Float = 0.1, epochs: Int = 5, batch: Int = 128, rate: Float = 1e-3,
            dropout: Float = 0.2, noise: Float = 0.2, voters: Int = 0, seed: UInt64 = 0
        ) {
            precondition(temperature > 0 && epochs >= 0 && batch > 0 && voters >= 0 && dropout >= 0 && dropout < 1)
            self.outputs = outputs
            self.temperature = temperature
            self.epochs = epochs
            self.batch = batch
            self.rate = rate
            self.dropout = dropout
            self.noise = noise
            self.voters = voters
            self.seed = seed
        }
    }

    private let settings: Settings
    private let head: ContrastiveHead
    private let sources: [Int]
    let vectors: Matrix
    /// The mean loss of each epoch's batches, in nats.
    package let losses: [Double]

    /// - Parameters:
    ///   - sources: the source of each row; every row is its own unless given.
    ///   - views: other embeddings of rows; rows without one are perturbed anew for each batch.
    /// - Throws: `noRows`, `wrongDimension`, `notFinite`, `viewOutOfRange`.
    /// - Complexity: epochs · rows · outputs · (8·d + 8·batch) operations.
    package init(
        corpus: LabelledRows, sources: [Int]? = nil, views: TraceViews? = nil, settings: Settings = Settings(),
        workers: Int
    ) throws(BaselineError) {
        guard corpus.count > 0 else { throw .noRows }
        try corpus.validate(dimension: corpus.dimension)
        precondition(sources == nil || sources!.count == corpus.count, "one source a row")
        let sampler = try ViewSampler(
            corpus: corpus.embeddings, views: views, dropout: settings.dropout, noise: settings.noise)
        self.settings = settings
        self.sources = sources ?? Array(0..<corpus.count)
        (head, losses) = Self.trainedHead(
            corpus.embeddings, sources: self.sources, sampler, settings, workers: workers)
        vectors = head.project(corpus.embeddings, workers: workers)
    }

    /// - Throws: `missingArray`, `wrongShape`.
    package init(
        restoring state: MethodState, corpus: LabelledRows, sources: [Int]? = nil, settings: Settings = Settings(),
        workers: Int
    ) throws(BaselineError) {
        self.settings = settings
        self.sources = sources ?? Array(0..<corpus.count)
        let width = settings.outputs ?? corpus.dimension
        head = ContrastiveHead(weights: try state.array("head", rows: width, columns: corpus.dimension))
        losses = try state.array("losses", rows: 1, columns: settings.epochs).elements.map(Double.init)
        vectors = head.project(corpus.embeddings, workers: workers)
    }

    package var state: MethodState {
        MethodState([
            .init(name: "head", values: head.weights),
            .init(name: "losses", values: Matrix(row: losses.map { Float($0) })),
        ])
    }

    package var name: String { settings.voters == 0 ? "trace" : "trace_soft" }

    package func prepare(_ outputs: LabelledRows, workers: Int) throws(BaselineError) -> Matrix {
        try outputs.validate(dimension: head.weights.columns)
        return head.project(outputs.embeddings, workers: workers)
    }

    private static func trainedHead(
        _ corpus: Matrix, sources: [Int], _ sampler: ViewSampler, _ settings: Settings, workers: Int
    ) -> (ContrastiveHead, [Double]) {
        var head = ContrastiveHead(
            dimension: corpus.columns, outputs: settings.outputs ?? corpus.columns, seed: settings.seed)
        var optimizer = Adam(rate: settings.rate, parameters: head.weights.elements.count)
        var generator = SeededGenerator(seed: settings.seed, stream: 0x7ace)
        var losses: [Double] = []
        for _ in 0..<settings.epochs {
            let order = (0..<corpus.rows).shuffled(using: &generator)
            var sum = 0.0
            for start in stride(from: 0, to: order.count, by: settings.batch) {
                let rows = order[start..<min(order.count, start + settings.batch)]
                var elements: [Float] = []
                for row in rows { elements.append(contentsOf: corpus.elements[corpus.range(ofRow: row)]) }
                for row in rows { elements.append(contentsOf: sampler.draw(row: row, &generator)) }
                let batch = Matrix(rows: 2 * rows.count, columns: corpus.columns, elements: elements)
                let batchSources = rows.map { sources[$0] }
                let (loss, gradient) = head.loss(
                    batch, sources: batchSources + batchSources, temperature: settings.temperature, workers: workers)
                head.step(&optimizer, gradient)
                sum += loss * Double(rows.count)
            }
            losses.append(sum / Double(corpus.rows))
        }
        return (head, losses)
    }
}

extension TraceMethod {
    /// The nearest rows; with ``Settings/voters``, the sources that the nearest rows vote for, each as its nearest row:
    /// a row's vote is its softmax of cosine/τ among the voters, and a source's score the sum of its rows' votes.
    package func rank(_ outputs: LabelledRows, count: Int, workers: Int) throws(BaselineError) -> [[Neighbor]] {
        guard settings.voters > 0 else { return try nearest(outputs, count: count, workers: workers) }
        return try nearest(outputs, count: settings.voters, workers: workers).map { Array(vote($0).prefix(count)) }
    }

    private func nearest(_ outputs: LabelledRows, count: Int, workers: Int) throws(BaselineError) -> [[Neighbor]] {
        try HardNeighbors(method: self).rank(outputs, count: count, workers: workers)
    }

    private func vote(_ nearest: [Neighbor]) -> [Neighbor] {
        guard let best = nearest.first?.score else { return [] }
        let weights = nearest.map { exponential(Double($0.score - best) / Double(settings.temperature)) }
        let total = weights.reduce(0, +)
        var votes: [Int: Double] = [:]
        for (neighbor, weight) in zip(nearest, weights) { votes[sources[neighbor.row], default: 0] += weight / total }
        var isListed: Set<Int> = []
        return nearest.filter { isListed.insert(sources[$0.row]).inserted }
            .map { Neighbor(row: $0.row, score: Float(votes[sources[$0.row]]!)) }
            .sorted { ($1.score, $0.row) < ($0.score, $1.row) }
    }
}

/// The same vectors without votes.
private struct HardNeighbors: VectorMethod {
    let method: TraceMethod
    var name: String { method.name }
    var vectors: Matrix { method.vectors }

    func prepare(_ outputs: LabelledRows, workers: Int) throws(BaselineError) -> Matrix {
        try method.prepare(outputs, workers: workers)
    }
}
