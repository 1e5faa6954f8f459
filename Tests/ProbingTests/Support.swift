import Kernels
import Probing

/// Labelled rows of a few overlapping classes: a small training set whose probe is not perfect.
struct Labelled {
    let rows: Matrix
    let labels: [UInt32]

    init(count: Int, dimension: Int, classes: Int, seed: UInt64, spread: Float = 0.8) {
        var generator = SeededGenerator(seed: seed)
        var rows = Matrix(rows: count, columns: dimension)
        for row in 0..<count {
            for column in 0..<dimension {
                rows[row, column] = spread * generator.normal() + (column % classes == row % classes ? 1 : 0)
            }
        }
        self.rows = rows
        labels = (0..<count).map { UInt32($0 % classes) }
    }
}

/// Σ_i a_i·b_i in double precision.
func inner(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
