internal import Kernels

/// Okapi BM25 over a query's distinct words, each once.
///
/// score = Σ_t idf(t)·c(t)·(k₁ + 1) / (c(t) + k₁·(1 − b + b·L / L̄)) with idf = log(1 + (N − n + ½) / (n + ½)) for a word
/// that n of N rows have.
///
/// Source: Robertson & Zaragoza, "The probabilistic relevance framework: BM25 and beyond", 2009, section 3.3; the idf that is
/// never negative is Lucene's.
package struct BM25: PostingsScorer {
    /// Words in any order; repetitions do not count.
    package typealias Query = [UInt32]

    package struct Term: Sendable {
        /// idf·(k₁ + 1)
        let factor: Float
    }

    private let rows: Int
    private let saturation: Double
    /// k₁·(1 − b + b·L / L̄) = base + slope·L
    private let base: Float
    private let slope: Float

    /// - Parameters:
    ///   - index: whose numbers of rows and words are used.
    ///   - saturation: k₁.
    ///   - lengthShare: b.
    package init(_ index: SegmentedPostings, saturation: Double = 1.2, lengthShare: Double = 0.75) {
        rows = index.rows
        self.saturation = saturation
        base = Float(saturation * (1 - lengthShare))
        slope = index.tokens == 0 ? 0 : Float(saturation * lengthShare / index.meanLength)
    }

    package init(_ index: PostingsIndex) { self.init(SegmentedPostings([index])) }

    package static var readsLengths: Bool { true }

    package func ids(of query: Query) -> [UInt32] { Set(query).sorted() }

    package func term(_ position: Int, of query: Query, documents: Int) -> Term {
        let found = Double(documents)
        let weight = logarithm1p((Double(rows) - found + 0.5) / (found + 0.5))
        return Term(factor: Float(weight * (saturation + 1)))
    }

    @inline(__always)
    package func contribution(of term: Term, count: UInt8, length: UInt32) -> Float {
        let count = Float(count)
        return term.factor * count / (count + base + slope * Float(length))
    }

    package func rowScore(of query: Query, length: UInt32) -> Float { 0 }

    package func lengthCost(of query: Query) -> LengthCost { .none }
}
