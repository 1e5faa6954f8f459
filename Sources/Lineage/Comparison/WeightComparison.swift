/// What two `weights` fingerprints say about each other.
///
/// Each matrix of the smaller model is compared with every matrix of the other that has its shape, by its weights and by
/// its neurons, and takes the best; each matrix is used once. A correlation is measured against what it is when the labels
/// of one side are shuffled (``doublyCentered(_:rows:columns:)``, ``uCentered(_:n:)``), and corrected for being the best of
/// several. The matrices' scores are added by Stouffer's method, each cut at −2 and 8, so that no single matrix decides.
package struct WeightComparison: Sendable {
    /// One entry for each matrix of the smaller model.
    package let matches: [TensorMatch]
    /// Matrices without a counterpart.
    package let onlyInA: [String]
    package let onlyInB: [String]
    /// The mean of the matches' similarities, those below 0 as 0; 0 when nothing is comparable. Symmetric.
    package let similarity: Double
    /// The chance that unrelated models agree as well; at least ``smallestPValue``.
    package let pValue: Double
    package let verdict: Verdict
    /// How many chosen hidden units of A were found in B, of how many; `nil` without hidden units on both sides.
    package let matchedUnits: Units?

    package struct Units: Hashable, Sendable, Codable {
        package let matched: Int
        package let chosen: Int
    }

    package enum Verdict: String, Sendable, Codable, CaseIterable {
        /// The models share an origin: one was made from the other, or both from a third.
        case related
        /// A few matrices are shared, and the rest is not.
        case sharesParts
        case unrelated
        /// No matrix of one has the shape of one of the other.
        case incomparable
    }

    /// Beyond this the normal tail is no longer supported by anything that could be measured.
    package static let smallestPValue = 1e-15
    /// A pair is related when its p-value is at most this …
    package static let largestRelatedPValue = 1e-6
    /// … and its similarity at least this. Unrelated pairs of the bench reach less than half of it.
    package static let leastRelatedSimilarity = 0.15
    private static let largestScore = 8.0
    private static let smallestScore = -2.0

    package init(_ a: WeightFingerprint, _ b: WeightFingerprint) {
        let swapped = a.tensors.count > b.tensors.count
        let (small, large) = swapped ? (b, a) : (a, b)
        let alignment = small.units.flatMap { units in large.units.flatMap { HiddenAlignment(units, $0) } }
        let left = small.tensors.map { PreparedTensor($0, of: small.units, order: alignment?.first, signs: nil) }
        let right = large.tensors.map {
            PreparedTensor($0, of: large.units, order: alignment?.second, signs: alignment?.signs)
        }
        let matcher = TensorMatcher(left, right, alignment: alignment)
        let found = Self.best(
            weights: matcher.matches(by: .weights), neurons: matcher.matches(by: .neurons), left: small.tensors,
            right: large.tensors)
        matches = swapped ? found.map(\.exchanged) : found
        let matchedSmall = Set(found.filter { $0.match != nil }.map(\.name))
        let matchedLarge = Set(found.compactMap(\.match))
        let onlyInSmall = small.tensors.map(\.name).filter { !matchedSmall.contains($0) }
        let onlyInLarge = large.tensors.map(\.name).filter { !matchedLarge.contains($0) }
        (onlyInA, onlyInB) = swapped ? (onlyInLarge, onlyInSmall) : (onlyInSmall, onlyInLarge)
        if let left = small.units, let right = large.units {
            matchedUnits = Units(matched: alignment?.count ?? 0, chosen: min(left.chosen.count, right.chosen.count))
        } else {
            matchedUnits = nil
        }

        let comparable = found.filter { $0.comparisons > 0 }
        guard !comparable.isEmpty else {
            (similarity, pValue, verdict) = (0, 1, .incomparable)
            return
        }
        let similarity = comparable.reduce(0) { $0 + max(0, $1.similarity) } / Double(comparable.count)
        let sum = comparable.reduce(0) {
            $0 + min(Self.largestScore, max(Self.smallestScore, upperQuantile($1.pValue)))
        }
        let score = sum / Double(comparable.count).squareRoot()
        let pValue = max(Self.smallestPValue, upperTail(score))
        self.similarity = similarity
        self.pValue = pValue
        if pValue <= Self.largestRelatedPValue && similarity >= Self.leastRelatedSimilarity {
            verdict = .related
        } else if comparable.contains(where: { $0.isMatch(among: comparable.count) }) {
            verdict = .sharesParts
        } else {
            verdict = .unrelated
        }
    }

    /// Takes for each matrix the evidence that chance explains least, counting both kinds' comparisons.
    private static func best(
        weights: [(index: Int, pair: TensorMatcher.Pair, comparisons: Int)?],
        neurons: [(index: Int, pair: TensorMatcher.Pair, comparisons: Int)?],
        left: [TensorFingerprint], right: [TensorFingerprint]
    ) -> [TensorMatch] {
        left.indices.map { i in
            let comparisons = (weights[i]?.comparisons ?? 0) + (neurons[i]?.comparisons ?? 0)
            let byWeights = (neurons[i].map { (weights[i]?.pair.z ?? -.infinity) >= $0.pair.z } ?? true)
            let chosen = byWeights ? weights[i] : neurons[i]
            return TensorMatch(
                name: left[i].name, match: chosen.map { right[$0.index].name },
                evidence: chosen.map { _ in byWeights ? .weights : .neurons },
                similarity: chosen?.pair.correlation ?? 0, weights: weights[i]?.pair.correlation,
                neurons: neurons[i]?.pair.correlation, z: chosen?.pair.z ?? 0, comparisons: comparisons,
                isTransposed: chosen?.pair.isTransposed ?? false)
        }
    }
}

extension TensorMatch {
    /// The same match, told from the other model's side; for matrices that have one.
    var exchanged: TensorMatch {
        guard let match else { return self }
        return TensorMatch(
            name: match, match: name, evidence: evidence, similarity: similarity, weights: weights, neurons: neurons,
            z: z, comparisons: comparisons, isTransposed: isTransposed)
    }

    /// Whether the matrices agree far beyond chance: a p-value of 10⁻⁹, counting every matrix that was looked at.
    package func isMatch(among count: Int) -> Bool {
        match != nil && similarity >= WeightComparison.leastRelatedSimilarity && pValue * Double(count) <= 1e-9
    }
}
