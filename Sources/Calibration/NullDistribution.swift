/// The best matches of outputs that have no source in the corpus: what chance looks like, by the size of the output.
///
/// Of few words, all may stand in some sample by chance; of many, they hardly do. So an output is compared with others of
/// about as many distinct words (a Mondrian conformal p-value: Vovk, Gammerman & Shafer, "Algorithmic Learning in a Random
/// World", 2005, section 4.5).
package struct NullDistribution: Codable, Hashable, Sendable {
    /// Confidences of the best matches of outputs with 2^b to 2^(b+1) − 1 distinct words, rising; for each b from 0 on.
    private let bySize: [[Float]]

    /// With fewer outputs of a size, those of other sizes count too.
    private static let fewest = 200

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
    /// Where few nulls are of that size, the next smaller ones count with them, whose matches look better as a rule, and
    /// then larger ones.
    ///
    /// - Parameter size: distinct words of the output; where nothing, the largest p-value of any size is taken.
    /// - Complexity: O(sizes · log nulls)
    package func pValue(_ confidence: Float, size: Int?) -> Double {
        guard let size else { return bySize.indices.map { pValue(confidence, size: 1 << $0) }.max() ?? 1 }
        let above = min(Self.band(of: size) + 1, bySize.count)
        var (nulls, better) = (0, 0)
        for band in Array((0..<above).reversed()) + Array(above..<bySize.count) where nulls < Self.fewest {
            nulls += bySize[band].count
            better += bySize[band].count - Self.position(of: confidence, in: bySize[band])
        }
        return Double(1 + better) / Double(1 + nulls)
    }

    /// The smallest p-value that an output of any size can get.
    package var smallestPValue: Double {
        bySize.indices.map { pValue(.infinity, size: 1 << $0) }.min() ?? 1
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
