internal import Influence
internal import Kernels
internal import Pipeline
internal import Probing
internal import Storage

/// The influence of candidates on a batch of outputs: LiSSA once for each output, then a small product for each candidate.
struct InfluenceScorer: Sendable {
    private enum Solver: Sendable {
        case prepared(PreparedLiSSA)
        case iterative(LiSSA, any CurvatureOperator)
    }

    private let solver: Solver

    /// - Parameter artifact: the curvature stage's.
    init(_ artifact: Artifact, probe: any Probe) throws(StorageError) {
        switch try CurvatureFile.read(artifact) {
        case .prepared(let prepared): solver = .prepared(prepared)
        case .rows(let lissa, let rows): solver = .iterative(lissa, probe.curvature(over: rows))
        }
    }

    /// - Parameters:
    ///   - embeddings: of the outputs, `[outputs × d]`.
    ///   - factors: their gradients.
    ///   - candidates: for each output the rows of its candidates.
    ///   - gradients: where the candidates' gradients are read.
    /// - Returns: for each output one influence a candidate, and the largest residual.
    /// - Throws: `RunError` for a solution that is not finite, or a damaged file.
    func score(
        embeddings: Matrix, factors: GradientFactors, candidates: [[Int]], gradients: CandidateGradients, workers: Int
    ) throws(RunError) -> (influence: [[Float]], worstResidual: Double) {
        let solution = try solve(factors.materialized(embeddings: embeddings), workers: workers)
        let parts = Parallel.map(count: candidates.count, blockSize: 16, workers: workers) { outputs in
            Result { () throws(StorageError) in
                var part: [[Float]] = []
                for output in outputs {
                    let range = solution.vectors.range(ofRow: output)
                    let read = try gradients.read(candidates[output])
                    part.append(
                        Influence.of(
                            solution: solution.vectors.elements.span.extracting(range), factors: read.factors,
                            embeddings: read.embeddings))
                }
                return part
            }
        }
        var influence: [[Float]] = []
        for part in parts {
            influence += try reporting(damaged: .corrupt) { () throws(StorageError) in try part.get() }
        }
        return (influence, solution.residuals.max() ?? 0)
    }

    private func solve(_ vectors: Matrix, workers: Int) throws(RunError) -> LiSSASolution {
        do {
            switch solver {
            case .prepared(let prepared): return try prepared.solve(vectors, workers: workers)
            case .iterative(let lissa, let curvature):
                return try lissa.solve(vectors, curvature, workers: workers)
            }
        } catch {
            throw RunError(.badInput, "\(error)")
        }
    }
}
