internal import Kernels

/// How one matrix of a model compares with the matrix of another that it fits best.
package struct TensorMatch: Hashable, Sendable, Codable {
    package let name: String
    /// The other model's matrix; `nil` when none has a fitting shape.
    package let match: String?
    /// Which evidence the match rests on.
    package let evidence: Evidence?
    /// The correlation of that evidence, −1 to 1.
    package let similarity: Double
    /// The correlation of the weights themselves; `nil` when it cannot be taken.
    package let weights: Double?
    /// The correlation of the neurons' tables; `nil` when it cannot be taken.
    package let neurons: Double?
    /// Standard deviations above what shuffled labels give, and how many comparisons it is the best of.
    package let z: Double
    package let comparisons: Int
    /// Whether the match was found with rows and columns exchanged.
    package let isTransposed: Bool

    package enum Evidence: String, Hashable, Sendable, Codable, CaseIterable {
        /// Weights in the same places.
        case weights
        /// Neurons that do the same, in whatever order and scale.
        case neurons
    }

    /// Whether the weights themselves lie elsewhere and only the neurons agree. A matrix too small for a grid does not tell.
    package var isReordered: Bool { evidence == .neurons && weights.map { $0 < similarity / 2 } ?? false }

    /// The chance that the best of as many comparisons with an unrelated model reaches this z.
    package var pValue: Double {
        guard comparisons > 0 else { return 1 }
        let tail = upperTail(z)
        return tail < 1e-9 ? min(1, tail * Double(comparisons)) : 1 - power(1 - tail, comparisons)
    }

    private func power(_ base: Double, _ exponent: Int) -> Double {
        (0..<exponent).reduce(1) { value, _ in value * base }
    }
}

/// Finds, for each matrix of one model, the matrix of another that it fits best; each is used once.
struct TensorMatcher {
    private let a: [PreparedTensor]
    private let b: [PreparedTensor]
    private let alignment: HiddenAlignment?

    init(_ a: [PreparedTensor], _ b: [PreparedTensor], alignment: HiddenAlignment?) {
        self.a = a
        self.b = b
        self.alignment = alignment
    }

    struct Pair {
        let z: Double
        let correlation: Double
        let isTransposed: Bool
    }

    /// The matches by one kind of evidence, in the order of `a`.
    /// - Complexity: O(matrices of one shape, squared).
    func matches(by evidence: TensorMatch.Evidence) -> [(index: Int, pair: Pair, comparisons: Int)?] {
        var candidates: [(z: Double, i: Int, j: Int, pair: Pair)] = []
        var comparisons = [Int](repeating: 0, count: a.count)
        for i in a.indices {
            for j in b.indices {
                let pairs = pairs(i, j, evidence)
                comparisons[i] += pairs.count
                guard let best = pairs.max(by: { $0.z < $1.z }) else { continue }
                candidates.append((best.z, i, j, best))
            }
        }
        // Equal models have equal z in many places: then the same name goes first, and then the order.
        candidates.sort {
            if $0.z != $1.z { return $0.z > $1.z }
            let (x, y) = (a[$0.i].tensor.name == b[$0.j].tensor.name, a[$1.i].tensor.name == b[$1.j].tensor.name)
            return x != y ? x : ($0.i, $0.j) < ($1.i, $1.j)
        }
        var result = [(index: Int, pair: Pair, comparisons: Int)?](repeating: nil, count: a.count)
        var used = [Bool](repeating: false, count: b.count)
        for candidate in candidates where result[candidate.i] == nil && !used[candidate.j] {
            result[candidate.i] = (candidate.j, candidate.pair, comparisons[candidate.i])
            used[candidate.j] = true
        }
        return result
    }

    /// Every way in which two matrices can be compared.
    func pairs(_ i: Int, _ j: Int, _ evidence: TensorMatch.Evidence) -> [Pair] {
        let (x, y) = (a[i], b[j])
        guard x.tensor.isVocabulary == y.tensor.isVocabulary else { return [] }
        switch evidence {
        case .weights: return gridPairs(x, y)
        case .neurons: return tablePairs(x, y)
        }
    }

    private func gridPairs(_ x: PreparedTensor, _ y: PreparedTensor) -> [Pair] {
        guard let grid = x.grid, let other = y.grid, let transposed = y.transposedGrid else { return [] }
        let (s, t) = (x.tensor, y.tensor)
        var pairs: [Pair] = []
        func fits(_ rows: Int, _ columns: Int) -> Bool {
            if !s.isVocabulary { return s.rows == rows && s.columns == columns }
            // A vocabulary's own axis may be of another length; it is sampled at the same tokens.
            return s.rows == rows && s.rows < s.columns && rows < columns
                || s.columns == columns && s.columns < s.rows && columns < rows
        }
        let root = Double(x.gridFreedom).squareRoot()
        func add(_ values: [Float], isTransposed: Bool) {
            guard values.count == grid.count else { return }
            let correlation = Double(dot(grid.span, values.span))
            pairs.append(Pair(z: correlation * root, correlation: correlation, isTransposed: isTransposed))
        }
        if fits(t.rows, t.columns) { add(other, isTransposed: false) }
        if fits(t.columns, t.rows) { add(transposed, isTransposed: true) }
        return pairs
    }

    private func tablePairs(_ x: PreparedTensor, _ y: PreparedTensor) -> [Pair] {
        guard let alignment else { return [] }
        if x.tellsUnits, y.tellsUnits, let z = alignment.z {
            let isTransposed = (x.tensor.rows < x.tensor.columns) != (y.tensor.rows < y.tensor.columns)
            return [Pair(z: z, correlation: alignment.similarity, isTransposed: isTransposed)]
        }
        let root = Double(alignment.degreesOfFreedom).squareRoot()
        var pairs: [Pair] = []
        for first in x.tables {
            for second in y.tables {
                let neurons = first.isRows ? x.tensor.rows : x.tensor.columns
                let others = second.isRows ? y.tensor.rows : y.tensor.columns
                // Neurons may have been cut or added, but not most of them.
                guard neurons <= 2 * others, others <= 2 * neurons else { continue }
                let correlation = Double(dot(first.values.span, second.values.span))
                pairs.append(
                    Pair(z: correlation * root, correlation: correlation, isTransposed: first.isRows != second.isRows))
            }
        }
        return pairs
    }
}
