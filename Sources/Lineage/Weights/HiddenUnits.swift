internal import Kernels

/// Some of the residual stream's hidden units, and what tells them apart: their values in the embeddings of pinned
/// tokens, whitened over the tokens.
///
/// Embeddings of independent models agree about which tokens are alike, so their raw columns correlate. Whitening removes
/// that agreement, and what is left of a column is this model's own: columns of independent models correlate like noise,
/// and those of a derivative stay the same up to order and sign.
/// Source: the embedding alignment of AWM (arXiv 2510.06738, section 3), with whitening, and compact.
package struct HiddenUnits: Hashable, Sendable, Codable {
    /// The length of the residual stream.
    package let hidden: Int
    /// The embedding that tells the units apart; `nil` without a vocabulary.
    let source: String?
    /// The chosen units, in the order of the tables that are taken over them.
    let chosen: [Int]
    /// Row-major `[units × tokens]`, each row with mean 0; `nil` when no vocabulary was found, and then the units are
    /// taken at pinned places.
    let columns: QuantizedScores?

    /// Without a vocabulary: units at pinned places.
    init(hidden: Int) {
        self.hidden = hidden
        source = nil
        chosen = WeightFormat.positions(length: hidden)
        columns = nil
    }

    /// - Parameters:
    ///   - embeddings: of the pinned tokens, row-major `[tokens × hidden]`.
    ///   - source: the matrix they are taken from.
    /// - Complexity: O(tokens² · hidden + tokens³).
    init(embeddings: [Float], tokens: Int, hidden: Int, source: String) {
        self.hidden = hidden
        self.source = source
        precondition(embeddings.count == tokens * hidden)
        var centered = [Double](repeating: 0, count: tokens * hidden)
        var energies = [Double](repeating: 0, count: hidden)
        for unit in 0..<hidden {
            var mean = 0.0
            for token in 0..<tokens { mean += Double(embeddings[token * hidden + unit]) }
            mean /= Double(tokens)
            for token in 0..<tokens {
                let value = Double(embeddings[token * hidden + unit]) - mean
                centered[token * hidden + unit] = value
                energies[unit] += value * value
            }
        }
        // The strongest units: a choice that moves with the units when they are permuted.
        let ranked = (0..<hidden).sorted { (energies[$1], $0) < (energies[$0], $1) }
        let chosen = Array(ranked.prefix(WeightFormat.units))
        let root = Self.inverseRoot(of: centered, tokens: tokens, hidden: hidden)
        var columns: [Double] = []
        for unit in chosen {
            var column = [Double](repeating: 0, count: tokens)
            for i in 0..<tokens {
                for j in 0..<tokens { column[i] += root[i * tokens + j] * centered[j * hidden + unit] }
            }
            columns.append(contentsOf: normalized(column))
        }
        self.chosen = chosen
        self.columns = QuantizedScores(columns)
    }

    /// (XXᵀ + λI)^(−1/2) for the centred embeddings X.
    private static func inverseRoot(of x: [Double], tokens: Int, hidden: Int) -> [Double] {
        var gram = [Double](repeating: 0, count: tokens * tokens)
        do {
            let x = x.span
            for i in 0..<tokens {
                for j in 0...i {
                    var sum = 0.0
                    for unit in 0..<hidden { sum += x[i * hidden + unit] * x[j * hidden + unit] }
                    gram[i * tokens + j] = sum
                    gram[j * tokens + i] = sum
                }
            }
        }
        let eigen = SymmetricEigen(gram, n: tokens)
        let ridge = WeightFormat.ridge * eigen.values.reduce(0, +) / Double(tokens)
        var root = [Double](repeating: 0, count: tokens * tokens)
        for k in 0..<tokens where eigen.values[k] + ridge > 0 {
            let factor = 1 / (max(eigen.values[k], 0) + ridge).squareRoot()
            for i in 0..<tokens {
                let left = factor * eigen.vectors[i * tokens + k]
                for j in 0..<tokens { root[i * tokens + j] += left * eigen.vectors[j * tokens + k] }
            }
        }
        return root
    }

    /// Whether the parts fit together, as they do unless a file was edited.
    var isSound: Bool {
        guard hidden > 0, chosen.count == min(hidden, WeightFormat.units),
            chosen.allSatisfy({ (0..<hidden).contains($0) })
        else { return false }
        guard let columns else { return true }
        return columns.values.count % max(chosen.count, 1) == 0
    }
}

/// The vector with mean 0 and unit length; zeros stay zeros.
func normalized(_ vector: [Double]) -> [Double] {
    let mean = vector.reduce(0, +) / Double(max(vector.count, 1))
    let centered = vector.map { $0 - mean }
    let norm = centered.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return norm > 0 ? centered.map { $0 / norm } : centered
}
