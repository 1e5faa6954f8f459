internal import Influence
package import Kernels
package import Pipeline
package import Probing
package import Storage

/// The influence of candidates on a batch of outputs.
package struct InfluenceScores: Sendable {
    /// For each output one a candidate: `I(x, y) = −g_yᵀ K g_x`, with K for LiSSA's (H + λI)⁻¹.
    package fileprivate(set) var influence: [[Float]] = []
    /// Relative influence ℓ-RelatIF: `I / √(g_xᵀ K g_x)`, with the sign of I; 0 where the candidate has no self-influence.
    /// The sample's self-influence is a sketch's estimate, so its square root is within 9 % (one standard error).
    package fileprivate(set) var relative: [[Float]] = []
    /// Of each output, `g_yᵀ K g_y`, exact for K: relative influence divided by its square root is minus the cosine of the
    /// two gradients in the metric K, but for the sketch's error.
    package fileprivate(set) var selfInfluence: [Float] = []
    /// The largest of LiSSA's residuals; with a prepared polynomial of a sixteenth of the outputs.
    package fileprivate(set) var worstResidual = 0.0
}

/// The influence of candidates on a batch of outputs: LiSSA once for each output, then a small product for each candidate.
package struct InfluenceScorer: Sendable {
    private enum Solver: Sendable {
        case prepared(PreparedLiSSA)
        case iterative(LiSSA, any CurvatureOperator)
    }

    private let solver: Solver

    /// - Parameter artifact: the curvature stage's.
    package init(_ artifact: Artifact, probe: any Probe) throws(StorageError) {
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
    /// - Throws: `RunError` for a solution that is not finite, or a damaged file.
    /// - Complexity: with a prepared polynomial 2·p² operations an output; then 2·p a candidate.
    package func score(
        embeddings: Matrix, factors: GradientFactors, candidates: [[Int]], gradients: CandidateGradients, workers: Int
    ) throws(RunError) -> InfluenceScores {
        let vectors = factors.materialized(embeddings: embeddings)
        let solution = try solve(vectors, workers: workers)
        let parts = Parallel.map(count: candidates.count, blockSize: 16, workers: workers) { outputs in
            Result { () throws(StorageError) in
                var part = InfluenceScores()
                for output in outputs {
                    let range = solution.vectors.range(ofRow: output)
                    let own = solution.vectors.elements.span.extracting(range)
                    let read = try gradients.read(candidates[output])
                    let influence = Influence.of(solution: own, factors: read.factors, embeddings: read.embeddings)
                    part.influence.append(influence)
                    part.relative.append(Influence.relative(influence, selfInfluence: read.selfInfluence))
                    part.selfInfluence.append(max(0, dot(own, vectors.elements.span.extracting(range))))
                }
                return part
            }
        }
        var scores = InfluenceScores()
        scores.worstResidual = solution.residuals.max() ?? 0
        for part in parts {
            let part = try reporting(damaged: .corrupt) { () throws(StorageError) in try part.get() }
            scores.influence += part.influence
            scores.relative += part.relative
            scores.selfInfluence += part.selfInfluence
        }
        return scores
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
