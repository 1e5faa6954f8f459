internal import Calibration

/// A row of the corpus that may be an output's source, and what is known of the two.
struct Candidate: Sendable {
    let row: Int
    /// What the vector index ranks by: the inner product of the fingerprints, or minus their squared distance. Nothing
    /// for a row that only the words found.
    var searchScore: Float?
    /// Cosine of the fingerprints.
    var similarity: Float = 0
    /// Cosine of the output's embedding with that of the row's nearest sentence; nothing where sentences are not embedded.
    var sentenceSimilarity: Float?
    /// That sentence's number, of a row that has several.
    var nearestSentence: Int?
    /// Of the token probe, in nats; nothing without texts.
    var tokenInfluence: Double?
    /// The same in units of what the output itself would bring, or of a nat if that is more.
    var tokenShare: Double = 0
    /// Of the cluster probe.
    var influence: Float = 0
    /// Influence divided by the root of the sample's self-influence (ℓ-RelatIF).
    var relativeInfluence: Float = 0
    /// The same divided by the output's root too: a cosine under H⁻¹, between −1 and 1.
    var clusterShare: Float = 0

    /// What the ranker weighs, each larger for a likelier source, in the order of ``Feature``.
    var features: [Float] { [similarity, -clusterShare, Float(-tokenShare), sentenceSimilarity ?? 0] }

    /// Whether the two rows may have the same text: it has the same words and, but for rounding at another kernel level, the
    /// same fingerprint. Both are candidates of one output.
    func mayHaveTheText(of other: Candidate) -> Bool {
        tokenInfluence == other.tokenInfluence && abs(similarity - other.similarity) < 1e-3
    }
}

/// What the ranker weighs.
enum Feature: Int, CaseIterable, Codable, Sendable {
    case similarity
    case cluster
    case token
    case sentence

    /// As tables name it.
    var title: String {
        switch self {
        case .similarity: "similarity"
        case .cluster: "cluster influence"
        case .token: "token influence"
        case .sentence: "sentence similarity"
        }
    }
}

extension Ranker {
    /// A feature's weight; 0 for one that the ranker was fitted without knowing.
    func weight(of feature: Feature) -> Double {
        feature.rawValue < weights.count ? weights[feature.rawValue] : 0
    }
}

/// The candidates of one output, in their ranker's order, and what the best of them amounts to.
struct RankedCandidates: Sendable {
    var candidates: [Candidate]
    var scores: [Float]
}
