/// The best matches of outputs that have no source in the corpus: what chance looks like, by the size of the output.
///
/// Of few words, all may stand in some sample by chance; of many, they hardly do. So an output is compared with others of
/// about as many distinct words (a Mondrian conformal p-value: Vovk, Gammerman & Shafer, "Algorithmic Learning in a Random
/// World", 2005, section 4.5).
package struct NullDistribution: Codable, Hashable, Sendable {
    /// Confidences of the best matches of outputs with 2^b to 2^(b+1) − 1 distinct words, rising; for each b from 0 on.
    private let bySize: [[Float]]

    /// With fewer outputs of a size, other sizes say what is chance.
    private static let fewest = 50

    /// A best match of an output without a source.
    package struct Match: Sendable {
        /// Distinct words of the output; nothing for a vector.
        package let size: Int?
        package let confidence: Float

        package init(size: Int?, confidence: Float) { (self.size, self.confidence) = (size, confidence) }
    }

    package init(_ matches: [Match]) {
        var bySize: [[Float]] = []
        for match in matches {
            let band = Self.band(of: match.size ?? 1)
            while bySize.count <= band { bySize.append([]) }
            bySize[band].append(match.confidence)
        }
        self.bySize = bySize.map { $0.sorted() }
    }

    package var count: Int { bySize.reduce(0) { $0 + $1.count } }

    private static func band(of size: Int) -> Int { Int.bitWidth - 1 - max(1, size).leadingZeroBitCount }

    /// `(1 + nulls ≥ confidence) / (1 + nulls)`: the share of outputs without a source, of about the same size, whose best
    /// match looks at least as good. Exchangeable with the nulls of its size, an output without a source gets p ≤ α with
    /// probability at most α (Phipson & Smyth 2010).
    ///
    /// Where there are not 50 nulls of that size, the larger one of the p-values by the next smaller and the next larger size
    /// that have as many; where no size has, the one by all nulls.
    ///
    /// - Parameter size: distinct words of the output; where nothing, the largest p-value by any size is taken.
    /// - Complexity: O(sizes + log nulls)
    package func pValue(_ confidence: Float, size: Int?) -> Double {
        let known = bySize.indices.filter { bySize[$0].count >= Self.fewest }
        guard !known.isEmpty else { return Self.pValue(confidence, bySize) }
        var compared = known
        if let band = size.map(Self.band) {
            let (below, above) = (known.last { $0 <= band }, known.first { $0 >= band })
            compared = below == band ? [band] : [below, above].compactMap(\.self)
        }
        return compared.map { Self.pValue(confidence, [bySize[$0]]) }.max()!
    }

    private static func pValue(_ confidence: Float, _ nulls: [[Float]]) -> Double {
        let better = nulls.reduce(0) { $0 + $1.count - position(of: confidence, in: $1) }
        return Double(1 + better) / Double(1 + nulls.reduce(0) { $0 + $1.count })
    }

    /// The first that is not smaller.
    private static func position(of confidence: Float, in rising: [Float]) -> Int {
        var (low, high) = (0, rising.count)
        while low < high {
            let middle = (low + high) / 2
            if rising[middle] < confidence { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
