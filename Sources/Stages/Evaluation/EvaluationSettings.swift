internal import Pipeline

/// What `gradprint evaluate` measures, and on what.
package struct EvaluationSettings: Sendable {
    /// JSON Lines with `source_ids`.
    package var queries: String
    /// The queries' embeddings, one a line of ``queries``, for a run that was built from vectors.
    package var vectors: String?
    /// JSON Lines of outputs that have no source in this corpus.
    package var foreign: String?
    /// At most so many queries, a seeded sample.
    package var limit: Int?
    /// Beside `gif`, which is always measured.
    package var methods: [MethodName] = MethodName.allCases
    package var seed: UInt64 = 42
    /// Sources that `rankings.csv` lists for each query and method.
    package var count = 10
    /// The metadata field by which rows are of one document.
    package var documentField: String?
    /// Without it the report is the same, byte for byte, whenever it is made.
    package var measuresTime = true
    /// Also retrains the probe on parts of the corpus.
    package var contributive: ContributiveSettings?
    /// Fresh simulated outputs whose source is taken out.
    package var simulatedNulls = 2000
    package var workers = 1

    package init(queries: String) { self.queries = queries }

    /// The share of outputs without a source that may be given one.
    static let level = 0.05
    /// Ranked rows that are read before identical ones are left out.
    static let depth = 100
    /// Outputs in a batch.
    static let batch = 256
    /// Outputs that are measured one by one.
    static let timed = 100
}

/// How the truth of `--lds` is made.
package struct ContributiveSettings: Sendable {
    /// Rows of the corpus that take part, a seeded sample.
    package var rows = 2000
    /// Random halves of them that the probe is trained on.
    package var subsets = 100
    /// Outputs whose losses are foretold.
    package var outputs = 50
    /// Outputs of the removal curve, each retrained for each method and count.
    package var removalOutputs = 20
    package var removed = [10, 50, 200]

    package init() {}
}

/// Steps on standard error, as a build shows them.
struct EvaluationProgress {
    let progress: BuildProgress
    let note: (String) -> Void

    /// - Parameter body: calls its argument with numbers of outputs that are done.
    func step<Result>(
        _ name: String, of total: Int, _ body: (_ advance: @Sendable (Int) -> Void) throws -> Result
    ) rethrows -> Result {
        progress.expect(stage: name, tasks: 1, rows: total)
        progress.start(stage: name)
        let progress = progress
        let result = try body { progress.advance(stage: name, rows: $0) }
        progress.finishTask(stage: name)
        return result
    }
}
