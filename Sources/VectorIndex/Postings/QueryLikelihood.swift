internal import Kernels

/// Query likelihood with Dirichlet priors: minus the token probe's influence of the row on the query, in nats.
///
/// With gains g(t) = 1 / (μ·p(t)), score = Σ_t c_y(t)·log(1 + c_x(t)·g(t)) − L_y·log(1 + L_x / μ).
///
/// Source: Zhai & Lafferty, "A study of smoothing methods for language models applied to information retrieval", ACM TOIS
/// 22(2), 2004, section 3.1.
package struct QueryLikelihood: PostingsScorer {
    package struct Query: Sendable {
        let ids: [UInt32]
        let counts: [UInt16]
        let gains: [Double]
        let length: Int

        /// - Parameters:
        ///   - ids: the distinct words.
        ///   - counts: how often each comes in the query.
        ///   - gains: 1 / (μ·p(t)) of each, positive.
        ///   - length: all words of the query.
        package init(ids: [UInt32], counts: [UInt16], gains: [Double], length: Int) {
            precondition(ids.count == counts.count && ids.count == gains.count)
            self.ids = ids
            self.counts = counts
            self.gains = gains
            self.length = length
        }
    }

    package struct Term: Sendable {
        let count: Double
        let gain: Double
        /// Contributions of the counts that nearly all postings have.
        let one: Float
        let two: Float
    }

    private let prior: Double
    /// log(1 + L / μ) of short rows.
    private let lengthTerms: [Float]

    /// - Parameter prior: μ, in words.
    package init(prior: Double) {
        self.prior = prior
        lengthTerms = (0..<4096).map { Float(logarithm1p(Double($0) / prior)) }
    }

    package static var readsLengths: Bool { false }

    package func ids(of query: Query) -> [UInt32] { query.ids }

    package func term(_ position: Int, of query: Query, documents: Int) -> Term {
        let (count, gain) = (Double(query.counts[position]), query.gains[position])
        return Term(
            count: count, gain: gain, one: Float(count * logarithm1p(gain)), two: Float(count * logarithm1p(2 * gain)))
    }

    @inline(__always)
    package func contribution(of term: Term, count: UInt8, length: UInt32) -> Float {
        if count == 1 { return term.one }
        return count == 2 ? term.two : Float(term.count * logarithm1p(Double(count) * term.gain))
    }

    @inline(__always)
    package func rowScore(of query: Query, length: UInt32) -> Float {
        let term =
            length < 4096 ? lengthTerms[Int(length)] : Float(logarithm1p(Double(length) / prior))
        return -Float(query.length) * term
    }

    /// log(1 + L / μ) is concave: up to L = μ it lies above its chord, log(2)·L / μ.
    package func lengthCost(of query: Query) -> LengthCost {
        // A little less, for the scores are rounded.
        let cost = Double(query.length) * logarithm1p(1) * (1 - 0x1p-16)
        return LengthCost(eachWord: Float(cost / prior), beyond: Float(cost))
    }
}
