internal import Kernels

/// The constants of the `weights` fingerprint. A change to any of them makes another format version.
enum WeightFormat {
    /// Rows and columns of a grid sample.
    static let gridSide = 48
    /// Hidden units that a neuron table is taken over.
    static let units = 48
    /// Tokens whose embeddings tell the hidden units of two models apart.
    static let tokens = 96
    /// Rows of a vocabulary are sampled below this number, so that a vocabulary can grow or be cut above it.
    static let vocabularyLimit = 2048
    /// The first numbers of a large vocabulary are control tokens and bytes, whose rows are often alike.
    static let firstToken = 256
    /// A grid with fewer independent numbers than this says nothing.
    static let leastGrid = 200
    /// Whitening adds this share of the mean eigenvalue, so that alike tokens do not blow up.
    static let ridge = 0.01
    /// Hidden units of two models are the same when their whitened columns correlate this well. The best of 48 × 48
    /// unrelated ones reach about 0.37 with 96 tokens.
    static let leastUnitCorrelation = 0.5
    /// Fewer matched hidden units than this are no alignment.
    static let leastUnits = 12
    static let seed: UInt64 = 0x6c69_6e65_6167_6501

    /// Where an axis is sampled: a function of its length alone, so that a transposed tensor is sampled at the same
    /// elements. All of a short axis.
    static func positions(length: Int) -> [Int] {
        var generator = SeededGenerator(seed: seed, stream: UInt64(length))
        return generator.sample(gridSide, below: length)
    }

    /// Where the token axis of a vocabulary is sampled: the same tokens for every vocabulary of `vocabularyLimit` or more.
    static func vocabularyPositions(length: Int) -> [Int] {
        positions(length: limit(length))
    }

    /// The tokens that hidden units are told apart by.
    static func alignmentTokens(vocabulary: Int) -> [Int] {
        let limit = limit(vocabulary)
        let first = limit == vocabularyLimit ? firstToken : 0
        var generator = SeededGenerator(seed: seed, stream: UInt64(limit) << 32)
        return generator.sample(tokens, below: limit - first).map { $0 + first }
    }

    /// The greatest power of two within the vocabulary, but at most `vocabularyLimit`.
    private static func limit(_ length: Int) -> Int {
        var limit = 1
        while limit * 2 <= min(length, vocabularyLimit) { limit *= 2 }
        return limit
    }
}
