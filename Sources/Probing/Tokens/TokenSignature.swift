package import Kernels
package import Storage

/// Turns the token probe's gradients into vectors for an index, by hashing (the "count sketch").
///
/// Word t weighs u_t = log(1 + 1/(μ·p(t))), which is what one occurrence in both texts contributes to their influence, and a
/// text's feature is φ(t) = log(1 + c(t)/(μ·p(t))) / √u_t, or c(t)·√u_t without saturation. So ⟨φ_y, φ_x⟩ is the first sum of
/// the influence where c_y or c_x is 1, and symmetric. Each word goes to four seeded entries of m with seeded signs and ±½,
/// so that the expected product of two signatures over the seeds is ⟨φ_y, φ_x⟩, or with the exponent γ that divided by
/// ‖φ_y‖^γ·‖φ_x‖^γ: the cosine at γ = 1.
///
/// Source: Charikar, Chen & Farach-Colton, "Finding frequent items in data streams", 2002; Weinberger et al., "Feature
/// hashing for large scale multitask learning", arXiv 0902.2206.
package struct TokenSignature: Sendable {
    package struct Settings: Codable, Hashable, Sendable {
        /// m.
        package let dimension: Int
        /// γ: a signature is divided by ‖φ‖^γ.
        package let exponent: Double
        /// Whether repeated words count by their logarithm.
        package let saturates: Bool

        package init(dimension: Int, exponent: Double = 1, saturates: Bool = true) {
            precondition(dimension > 0)
            self.dimension = dimension
            self.exponent = exponent
            self.saturates = saturates
        }
    }

    package let probe: TokenProbe
    package let settings: Settings
    package let seed: UInt64

    /// Entries that each word goes to.
    private static let copies = 4

    package init(_ probe: TokenProbe, settings: Settings, seed: UInt64) {
        self.probe = probe
        self.settings = settings
        self.seed = seed
    }

    /// φ of each distinct word of a text.
    ///
    /// - Throws: `corrupt`, from a damaged file of frequencies.
    package func features(_ text: TokenBag) throws(StorageError) -> [Double] {
        let gains = try probe.gains(text.ids)
        return zip(gains, text.counts).map { gain, count in
            let root = logarithm1p(gain).squareRoot()
            return settings.saturates ? logarithm1p(Double(count) * gain) / root : Double(count) * root
        }
    }

    /// The signature of a text, `[dimension]`; zeros for a text without words.
    ///
    /// - Throws: `corrupt`, from a damaged file of frequencies.
    package func signature(_ text: TokenBag) throws(StorageError) -> [Float] {
        let features = try features(text)
        let norm = features.reduce(0) { $0 + $1 * $1 }.squareRoot()
        var sums = [Double](repeating: 0, count: settings.dimension)
        guard norm > 0 else { return [Float](repeating: 0, count: settings.dimension) }
        let scale = Double(Self.copies).squareRoot() * power(norm, settings.exponent)
        for (id, feature) in zip(text.ids, features) {
            var words = SplitMix64(state: seed ^ (UInt64(id) &+ 1) &* 0x9e6c_63d0_a7c1_5bb5)
            for _ in 0..<Self.copies {
                let word = words.next()
                let entry = Int((word >> 1).multipliedFullWidth(by: UInt64(2 * settings.dimension)).high)
                sums[entry] += (word & 1 == 0 ? feature : -feature) / scale
            }
        }
        return sums.map(Float.init)
    }

    /// The signatures of a block of texts, `[rows × dimension]`.
    ///
    /// - Parameter workers: threads; the result does not depend on it.
    /// - Throws: `corrupt`, from a damaged file of frequencies.
    package func signatures(_ texts: TokenCounts, workers: Int = 1) throws(StorageError) -> Matrix {
        let parts = Parallel.map(count: texts.rows, blockSize: 64, workers: workers) { rows in
            Result { () throws(StorageError) in
                var elements: [Float] = []
                elements.reserveCapacity(rows.count * settings.dimension)
                for row in rows { elements += try signature(texts.bag(row)) }
                return elements
            }
        }
        var elements: [Float] = []
        elements.reserveCapacity(texts.rows * settings.dimension)
        for part in parts { elements += try part.get() }
        return Matrix(rows: texts.rows, columns: settings.dimension, elements: elements)
    }
}
