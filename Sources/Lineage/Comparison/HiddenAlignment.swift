/// Which hidden unit of one model is which of the other's.
struct HiddenAlignment: Sendable {
    /// Positions in the chosen units of each model, pairwise.
    let first: [Int]
    let second: [Int]
    /// 1, or −1 where the unit's sign is turned.
    let signs: [Double]
    /// How well the embeddings agree: the mean correlation of the matched columns, times the share of units that matched.
    let similarity: Double
    /// The z of as many matches, from the Poisson tail of columns of independent models; `nil` without columns.
    let z: Double?

    var count: Int { first.count }

    /// Matches the units by their columns, the best correlated first; `nil` when fewer than 12 correlate well enough.
    /// Without columns on both sides, units of the same number are the same.
    init?(_ a: HiddenUnits, _ b: HiddenUnits) {
        guard let left = a.columns?.values, let right = b.columns?.values else {
            guard a.columns == nil, b.columns == nil, a.hidden == b.hidden else { return nil }
            self.init(
                first: Array(a.chosen.indices), second: Array(b.chosen.indices), signs: a.chosen.map { _ in 1 },
                similarity: 0, z: nil)
            return
        }
        let tokens = left.count / a.chosen.count
        guard tokens == right.count / b.chosen.count else { return nil }
        let x = a.chosen.indices.map { unit in normalized(left[unit * tokens..<(unit + 1) * tokens].map(Double.init)) }
        let y = b.chosen.indices.map { unit in normalized(right[unit * tokens..<(unit + 1) * tokens].map(Double.init)) }
        var pairs: [(correlation: Double, i: Int, j: Int)] = []
        for i in x.indices {
            for j in y.indices {
                let correlation = zip(x[i], y[j]).reduce(0) { $0 + $1.0 * $1.1 }
                if correlation.magnitude >= WeightFormat.leastUnitCorrelation { pairs.append((correlation, i, j)) }
            }
        }
        pairs.sort { ($1.correlation.magnitude, $0.i, $0.j) < ($0.correlation.magnitude, $1.i, $1.j) }
        var (first, second, signs): ([Int], [Int], [Double]) = ([], [], [])
        var sum = 0.0
        for pair in pairs where !first.contains(pair.i) && !second.contains(pair.j) {
            first.append(pair.i)
            second.append(pair.j)
            signs.append(pair.correlation < 0 ? -1 : 1)
            sum += pair.correlation.magnitude
        }
        guard first.count >= WeightFormat.leastUnits else { return nil }
        // Of independent models, a pair of columns passes with the chance of a normal's two tails.
        let tail = 2 * upperTail(WeightFormat.leastUnitCorrelation * Double(tokens - 1).squareRoot())
        let z = Self.poissonScore(first.count, mean: tail * Double(x.count * y.count))
        self.init(
            first: first, second: second, signs: signs, similarity: sum / Double(min(x.count, y.count)), z: z)
    }

    private init(first: [Int], second: [Int], signs: [Double], similarity: Double, z: Double?) {
        self.first = first
        self.second = second
        self.signs = signs
        self.similarity = similarity
        self.z = z
    }

    /// The normal z whose tail is a bound of P(X ≥ count) for a Poisson X of a mean below 1: meanⁿ/n!.
    private static func poissonScore(_ count: Int, mean: Double) -> Double {
        var bound = 1.0
        for k in 1...count { bound = max(1e-300, bound * mean / Double(k)) }
        return upperQuantile(bound)
    }

    /// The independent numbers of a table over the matched units.
    var degreesOfFreedom: Int { count * (count - 3) / 2 }
}

/// Grids and tables of one model, brought into the form in which the correlation of two is their inner product.
struct PreparedTensor: Sendable {
    let tensor: TensorFingerprint
    /// Whether the hidden units are told apart by this matrix.
    let tellsUnits: Bool
    /// Row-major, unit length; `nil` without a grid.
    let grid: [Float]?
    let transposedGrid: [Float]?
    let gridFreedom: Int
    /// Over the matched units, unit length: neurons that are rows, neurons that are columns.
    let tables: [(isRows: Bool, values: [Float])]

    init(_ tensor: TensorFingerprint, of units: HiddenUnits?, order: [Int]?, signs: [Double]?) {
        self.tensor = tensor
        tellsUnits = units?.source == tensor.name
        let units = units?.chosen.count ?? 0
        let sides = tensor.gridSides
        gridFreedom = (sides.rows - 1) * (sides.columns - 1)
        if let scores = tensor.grid?.values, scores.count == sides.rows * sides.columns {
            let centered = doublyCentered(scores.map(Double.init), rows: sides.rows, columns: sides.columns)
            let grid = Self.unit(centered)
            self.grid = grid
            var transposed = grid
            for row in 0..<sides.rows {
                for column in 0..<sides.columns {
                    transposed[column * sides.rows + row] = grid[row * sides.columns + column]
                }
            }
            transposedGrid = transposed
        } else {
            grid = nil
            transposedGrid = nil
        }
        var tables: [(isRows: Bool, values: [Float])] = []
        if let order {
            for (isRows, scores) in [(true, tensor.rowTable), (false, tensor.columnTable)] {
                guard let values = scores?.values, values.count == units * (units - 1) / 2 else { continue }
                tables.append((isRows, Self.table(values, order: order, signs: signs, units: units)))
            }
        }
        self.tables = tables
    }

    /// The part of a table over the matched units, U-centred again.
    private static func table(_ triangle: [Int8], order: [Int], signs: [Double]?, units: Int) -> [Float] {
        let n = order.count
        var matrix = [Double](repeating: 0, count: n * n)
        for i in 0..<n {
            for j in 0..<n where i != j {
                let (low, high) = (min(order[i], order[j]), max(order[i], order[j]))
                let index = low * (2 * units - low - 1) / 2 + high - low - 1
                matrix[i * n + j] = Double(triangle[index]) * (signs.map { $0[i] * $0[j] } ?? 1)
            }
        }
        return unit(uCentered(matrix, n: n))
    }

    private static func unit(_ values: [Double]) -> [Float] {
        let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return values.map { norm > 0 ? Float($0 / norm) : 0 }
    }
}
