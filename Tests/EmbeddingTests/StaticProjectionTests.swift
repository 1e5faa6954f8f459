import Embedding
import Kernels
import Testing

@Suite struct StaticProjectionTests {
    private static let (tokens, hidden) = (200, 6)
    private let outputs: Matrix
    private let p: [Double]

    init() {
        BLAS.setThreads(1)
        var generator = SeededGenerator(seed: 11)
        var outputs = Matrix(rows: Self.tokens, columns: Self.hidden)
        for row in 0..<Self.tokens {
            let shared = generator.normal()
            for column in 0..<Self.hidden {
                outputs[row, column] = 3 + shared + generator.normal() * Float(1 + column)
            }
        }
        self.outputs = outputs
        let weights = (0..<Self.tokens).map { 1 / Double($0 + 1) }
        p = weights.map { $0 / weights.reduce(0, +) }
    }

    /// The formulas one after another, in double precision.
    @Test(arguments: [0, 1, 2]) func `rows are what the formulas say`(removed: Int) throws {
        let (dimension, a) = (3, 0.02)
        let w = p.map { a / (a + $0) }
        let share = zip(p, w).map { $0 * $1 }
        let mean = (0..<Self.hidden).map { column in
            (0..<Self.tokens).reduce(0) { $0 + share[$1] * Double(outputs[$1, column]) } / share.reduce(0, +)
        }
        let x = (0..<Self.tokens).map { row in (0..<Self.hidden).map { Double(outputs[row, $0]) - mean[$0] } }
        let square = zip(share, w).map { $0 * $1 }
        var covariance = [Double](repeating: 0, count: Self.hidden * Self.hidden)
        for i in 0..<Self.hidden {
            for j in 0..<Self.hidden {
                let sum = (0..<Self.tokens).reduce(0) { $0 + square[$1] * x[$1][i] * x[$1][j] }
                covariance[i * Self.hidden + j] = sum / square.reduce(0, +)
            }
        }
        let (values, vectors) = BLAS.symmetricEigen(covariance, n: Self.hidden)
        let found = try StaticProjection.rows(
            outputs, probabilities: p, dimension: dimension, removed: removed, smoothing: a)
        for row in 0..<Self.tokens {
            let expected = (removed..<removed + dimension).map { k in
                let product = (0..<Self.hidden).reduce(0) { $0 + x[row][$1] * vectors[k * Self.hidden + $1] }
                return product / values[k].squareRoot() * w[row]
            }
            for column in 0..<dimension {
                #expect(abs(Double(found[row, column]) - expected[column]) < 2e-5 * (1 + abs(expected[column])))
            }
        }
    }

    @Test func `more directions than the outputs span are refused`() throws {
        for (dimension, removed) in [(7, 0), (6, 1)] {
            #expect(throws: StaticProjection.TooFewDirections.self) {
                try StaticProjection.rows(
                    outputs, probabilities: p, dimension: dimension, removed: removed, smoothing: 1)
            }
        }
        // All outputs on one line.
        var flat = outputs
        for row in 0..<Self.tokens {
            for column in 0..<Self.hidden { flat[row, column] = Float(row) }
        }
        let error = #expect(throws: StaticProjection.TooFewDirections.self) {
            try StaticProjection.rows(flat, probabilities: p, dimension: 2, removed: 0, smoothing: 1)
        }
        #expect(error?.found == 1)
    }
}
