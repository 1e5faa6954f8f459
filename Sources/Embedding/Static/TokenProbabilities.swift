/// How probable each token of a vocabulary is in text.
///
/// The vocabulary itself says something: WordPiece lists single characters, then the other pieces by falling frequency in
/// the text that it was trained on. By Zipf's law the piece of rank r is as probable as 1/r. Counts of a corpus, where
/// there are some, know its subject but not what outputs about it are worded like; so both are taken together, as the
/// geometric mean `p ∝ √((count + ½) · zipf)`.
package struct TokenProbabilities: Sendable {
    /// One for each token; they add up to 1.
    package let values: [Double]

    /// The rank that single characters, punctuation and digits among them, are given together.
    private static let characterRank = 50.0

    /// - Parameters:
    ///   - pieces: the tokens in the vocabulary's order.
    ///   - counts: how often each occurs in a corpus.
    package init(pieces: [[UInt8]], counts: [Int]?) {
        precondition(counts == nil || counts!.count == pieces.count)
        // The characters' list ends where the first word of several letters stands.
        let first = pieces.firstIndex { $0.count > 1 && $0.allSatisfy { (0x61...0x7a).contains($0) } } ?? 0
        var values = pieces.indices.map { 1 / ($0 < first ? Self.characterRank : Double($0 - first + 1)) }
        Self.normalise(&values)
        if let counts {
            for (index, count) in counts.enumerated() {
                values[index] = ((Double(count) + 0.5) * values[index]).squareRoot()
            }
            Self.normalise(&values)
        }
        self.values = values
    }

    private static func normalise(_ values: inout [Double]) {
        let total = values.reduce(0, +)
        for index in values.indices { values[index] /= total }
    }
}
