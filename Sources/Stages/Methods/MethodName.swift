/// A way to rank the corpus for an output: ours, and those a user could take instead.
package enum MethodName: String, CaseIterable, Sendable, Codable {
    /// The run's own ranking; with a null distribution, hence p-values.
    case gif
    /// Cosine of the embeddings.
    case `static`
    /// Cosine of the projected gradients of the cluster probe.
    case gradient
    /// The reference method: raw `[e ; c]`, Euclidean distance, the first ten ordered by influence.
    case gifPaper = "gif-paper"
    /// Influence with LiSSA over the whole corpus.
    case influence
    case trak
    case trace
    case dda
    /// Words, as search engines weigh them.
    case bm25
    /// Reciprocal rank fusion of bm25 and static.
    case rrf

    /// Whether it needs the outputs' and the samples' texts.
    package var needsTexts: Bool { self == .bm25 || self == .rrf }

    package var summary: String {
        switch self {
        case .gif: "the run's own ranking"
        case .static: "cosine of the embeddings"
        case .gradient: "cosine of the projected gradient signatures"
        case .gifPaper: "the reference method: raw [e ; c], L2, ten candidates ordered by influence"
        case .influence: "influence by LiSSA over the whole corpus (Koh & Liang 2017)"
        case .trak: "TRAK, five probes on halves of the corpus (Park et al. 2023)"
        case .trace: "contrastive projection head, supervised NT-Xent, nearest neighbours"
        case .dda: "DDA: influence, debiased and denoised (Wu et al. 2024)"
        case .bm25: "BM25 over lower-cased words, k1 1.2, b 0.75"
        case .rrf: "reciprocal rank fusion of bm25 and static, k 60"
        }
    }
}
