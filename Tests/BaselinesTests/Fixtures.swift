import Baselines
import Foundation
import Kernels
import Probing

/// Clustered rows, some with a label drawn anew, so that a probe's loss has something to lower.
func labelledSample(
    _ count: Int, dimension: Int, classes: Int, noise: Float = 0.1, seed: UInt64
) -> LabelledRows {
    var generator = SeededGenerator(seed: seed)
    var rows = Matrix(rows: count, columns: dimension)
    var labels: [UInt32] = []
    for row in 0..<count {
        for column in 0..<dimension {
            rows[row, column] = 0.7 * generator.normal() + (column == row % classes ? 1.2 : 0)
        }
        let isNoise = generator.uniform() < noise
        labels.append(UInt32(isNoise ? generator.integer(below: classes) : row % classes))
    }
    return LabelledRows(embeddings: rows, labels: labels)
}

/// A corpus, outputs and a trained probe, small enough for explicit inverses.
struct Fixture {
    static let dimension = 5
    static let classes = 3
    let corpus = labelledSample(90, dimension: dimension, classes: classes, seed: 1)
    let outputs = labelledSample(7, dimension: dimension, classes: classes, seed: 2)
    let probe: LinearProbe

    /// Blocks of rows are multiplied by one BLAS thread, as in a build.
    private static let oneThread: Void = BLAS.setThreads(1)

    init() throws {
        _ = Self.oneThread
        var probe = LinearProbe(dimension: Self.dimension, classes: Self.classes)
        _ = try probe.train(sample: corpus.embeddings, labels: corpus.labels, ProbeTraining(l2: 1e-2))
        self.probe = probe
    }
}

/// A linear probe's formulas written out in double precision, one row and one entry at a time.
struct Reference {
    let probe: LinearProbe

    func input(_ rows: LabelledRows, _ row: Int) -> [Double] { rows.embeddings.row(row).map(Double.init) + [1] }

    func probabilities(_ rows: LabelledRows, _ row: Int) -> [Double] {
        let x = input(rows, row)
        let exponentials = (0..<probe.classes).map { label in
            exp(x.indices.reduce(0) { $0 + Double(probe.parameters[label * x.count + $1]) * x[$1] })
        }
        let sum = exponentials.reduce(0, +)
        return exponentials.map { $0 / sum }
    }

    /// ∇L of a row, `[p]`.
    func lossGradient(_ rows: LabelledRows, _ row: Int) -> [Double] {
        let p = probabilities(rows, row)
        return (0..<probe.classes).flatMap { label in
            let delta = p[label] - (Int(rows.labels[row]) == label ? 1 : 0)
            return input(rows, row).map { delta * $0 }
        }
    }

    /// ∇log(p/(1 − p)) = ∇p/(p(1 − p)) of a row's label, from ∂p_ℓ/∂z_j = p_ℓ([j = ℓ] − p_j).
    func marginGradient(_ rows: LabelledRows, _ row: Int) -> [Double] {
        let p = probabilities(rows, row)
        let label = Int(rows.labels[row])
        return (0..<probe.classes).flatMap { other in
            let derivative = p[label] * ((other == label ? 1 : 0) - p[other])
            return input(rows, row).map { derivative / (p[label] * (1 - p[label])) * $0 }
        }
    }

    /// `1/N Σ (diag p − ppᵀ) ⊗ x xᵀ + λI`.
    func dampedHessian(_ rows: LabelledRows, damping: Double) -> [[Double]] {
        let size = rows.dimension + 1
        let count = probe.classes * size
        var sum = [[Double]](repeating: [Double](repeating: 0, count: count), count: count)
        for row in 0..<rows.count {
            let (p, x) = (probabilities(rows, row), input(rows, row))
            for i in 0..<count {
                for j in 0..<count {
                    let weight = p[i / size] * ((i / size == j / size ? 1 : 0) - p[j / size])
                    sum[i][j] += weight * x[i % size] * x[j % size] / Double(rows.count)
                }
            }
        }
        for i in 0..<count { sum[i][i] += damping }
        return sum
    }
}

func multiply(_ a: [[Double]], _ b: [[Double]]) -> [[Double]] {
    a.map { row in b[0].indices.map { j in row.indices.reduce(0) { $0 + row[$1] * b[$1][j] } } }
}

func transposed(_ a: [[Double]]) -> [[Double]] { a[0].indices.map { j in a.map { $0[j] } } }

/// By Gauss–Jordan elimination with the greatest pivot.
func inverse(_ matrix: [[Double]]) -> [[Double]] {
    let count = matrix.count
    var rows = matrix.enumerated().map { index, row in row + (0..<count).map { $0 == index ? 1 : 0 } }
    for column in 0..<count {
        let pivot = (column..<count).max { abs(rows[$0][column]) < abs(rows[$1][column]) }!
        rows.swapAt(column, pivot)
        let scale = rows[column][column]
        rows[column] = rows[column].map { $0 / scale }
        for other in 0..<count where other != column {
            let factor = rows[other][column]
            for index in rows[other].indices { rows[other][index] -= factor * rows[column][index] }
        }
    }
    return rows.map { Array($0[count...]) }
}

func inner(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

/// All of a method's scores, `[outputs][rows]`.
func allScores(_ method: some AttributionMethod, _ outputs: LabelledRows) throws -> [[Double]] {
    let scores = method.scores(try method.prepare(outputs, workers: 1), rows: 0..<method.rowCount)
    return (0..<outputs.count).map { scores.row($0).map(Double.init) }
}

/// The greatest difference as a share of the greatest expected number.
func relativeError(_ found: [[Double]], _ expected: [[Double]]) -> Double {
    let scale = expected.joined().reduce(0) { max($0, abs($1)) }
    let error = zip(found.joined(), expected.joined()).reduce(0) { max($0, abs($1.0 - $1.1)) }
    return found.count == expected.count && scale > 0 ? error / scale : .infinity
}
