internal import Kernels

/// `(AᵀA + λI) X = Aᵀ Y + λ X₀` for sums A of tokens' rows, column by column.
struct NormalEquations: Sendable {
    /// Columns that one thread solves at once, in one pass over A.
    private typealias Columns = SIMD16<Float>
    private static let width = Columns.scalarCount
    /// A column is solved when its residual, in the preconditioner's norm, is this share of the first.
    private static let tolerance = 1e-4
    private static let largestStepCount = 200

    private let sums: TokenSums
    private let ridge: Float
    /// `1 / (AᵀA + λI)_ii`.
    private let preconditioner: [Float]

    /// - Parameters:
    ///   - ridge: λ, above 0.
    ///   - rows: how many tokens there are.
    init(sums: TokenSums, ridge: Float, rows: Int) {
        precondition(ridge > 0)
        self.sums = sums
        self.ridge = ridge
        var diagonal = [Double](repeating: Double(ridge), count: rows)
        for (token, weight) in zip(sums.tokens, sums.weights) {
            diagonal[Int(token)] += Double(weight) * Double(weight)
        }
        preconditioner = diagonal.map { Float(1 / $0) }
    }

    /// - Parameters:
    ///   - rows: X₀ is these `[rows × columns]`, times `scale`.
    ///   - targets: Y, `[texts × columns]`.
    func solved(from rows: Matrix, scaledBy scale: Float, targets: Matrix, workers: Int) -> Matrix {
        let columns = rows.columns
        let blocks = Parallel.map(count: columns, blockSize: Self.width, workers: workers) { block in
            solve(Self.columns(block, of: rows, scaledBy: scale), targets: Self.columns(block, of: targets))
        }
        var result = Matrix(rows: rows.rows, columns: columns)
        for (index, block) in blocks.enumerated() {
            let first = index * Self.width
            for column in first..<min(columns, first + Self.width) {
                for row in 0..<rows.rows { result[row, column] = block[row][column - first] }
            }
        }
        return result
    }

    private static func columns(_ block: Range<Int>, of matrix: Matrix, scaledBy scale: Float = 1) -> [Columns] {
        (0..<matrix.rows).map { row in
            var result = Columns.zero
            for column in block { result[column - block.lowerBound] = matrix[row, column] * scale }
            return result
        }
    }

    /// Conjugate gradients from X₀, each column with steps of its own.
    private func solve(_ start: [Columns], targets: [Columns]) -> [Columns] {
        var solution = start
        var residual = pulledBack(start, from: targets)
        var direction = zip(preconditioner, residual).map { $0 * $1 }
        var square = Self.products(residual, direction)
        let goal = square * (Self.tolerance * Self.tolerance)
        for _ in 0..<Self.largestStepCount where any(square .> goal) {
            // AᵀA is what is pulled back from no targets, but for the sign.
            var image = pulledBack(direction, from: nil)
            for row in image.indices { image[row] = ridge * direction[row] - image[row] }
            let step = Columns(Self.ratio(square, Self.products(direction, image)))
            for row in solution.indices {
                solution[row] += step * direction[row]
                residual[row] -= step * image[row]
            }
            for row in image.indices { image[row] = preconditioner[row] * residual[row] }
            let next = Self.products(residual, image)
            let share = Columns(Self.ratio(next, square))
            for row in direction.indices { direction[row] = image[row] + share * direction[row] }
            square = next
        }
        return solution
    }

    /// `Aᵀ (targets − A rows)`; nil stands for targets of zero.
    private func pulledBack(_ rows: [Columns], from targets: [Columns]?) -> [Columns] {
        var result = [Columns](repeating: .zero, count: rows.count)
        for text in 0..<sums.count {
            let entries = sums.starts[text]..<sums.starts[text + 1]
            var rest = targets?[text] ?? .zero
            for index in entries { rest -= sums.weights[index] * rows[Int(sums.tokens[index])] }
            for index in entries { result[Int(sums.tokens[index])] += sums.weights[index] * rest }
        }
        return result
    }

    /// Each column's dot product, in double precision.
    private static func products(_ left: [Columns], _ right: [Columns]) -> SIMD16<Double> {
        var result = SIMD16<Double>.zero
        for row in left.indices { result += SIMD16<Double>(left[row]) * SIMD16<Double>(right[row]) }
        return result
    }

    /// Zero where there is nothing left to divide by.
    private static func ratio(_ numerator: SIMD16<Double>, _ denominator: SIMD16<Double>) -> SIMD16<Double> {
        (numerator / denominator).replacing(with: 0, where: denominator .<= 0)
    }
}
