internal import Evaluation
internal import Pipeline
internal import Probing
internal import VectorIndex

/// How many dimensions of the gradient signature are worth while.
struct ProjectionSweep: Sendable {
    struct Point: Sendable {
        /// m.
        let dimension: Int
        /// The signature alone, on the known queries.
        let gradient: [RankingOutcome]
        /// `[e ; c]` as they are, by Euclidean distance, without any refinement.
        let reference: [RankingOutcome]
    }

    static let dimensions = [16, 32, 64, 128, 256]

    let points: [Point]

    /// - Throws: `incompatible` where the run's probe has a hidden layer.
    init(
        _ library: MethodLibrary, _ known: EvaluationOutputs, sources: SourceTable, workers: Int,
        _ progress: EvaluationProgress
    ) throws {
        let total = Self.dimensions.count * known.count
        points = try progress.step("projection dimension", of: total) { advance in
            try Self.dimensions.map { dimension in
                func outcomes(_ search: (MethodOutputs) throws -> [[Neighbor]]) throws -> [RankingOutcome] {
                    var found: [[Neighbor]] = []
                    for rows in ranges(known.count, of: EvaluationSettings.batch) {
                        found += try search(try library.outputs(known.embeddings.rows(rows), texts: nil))
                    }
                    return zip(found, known.truths).compactMap { list, truth in
                        truth.map { sources.outcome(sources.distinct(list.lazy.map(\.row), count: 10), $0) }
                    }
                }
                let depth = EvaluationSettings.depth
                let gradient = try library.gradient(dimension: dimension)
                let reference = try library.fingerprints(dimension: dimension)
                let point = Point(
                    dimension: dimension,
                    gradient: try outcomes { try gradient.rank($0, count: depth, workers: workers) },
                    reference: try outcomes { try reference.search($0.rows, count: depth, workers: workers) })
                advance(known.count)
                return point
            }
        }
    }
}
