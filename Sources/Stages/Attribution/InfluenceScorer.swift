internal import Kernels
internal import Pipeline
internal import Probing
internal import Storage

struct InfluenceScorer: Sendable {
    init(_ artifact: Artifact, probe: any Probe) throws(StorageError) {}
    func score(
        embeddings: Matrix, factors: GradientFactors, candidates: [[Int]], gradients: CandidateGradients, workers: Int
    ) throws -> (influence: [[Float]], worstResidual: Double) { (candidates.map { $0.map { _ in 0 } }, 0) }
}
