import Foundation
import Kernels
import Probing

/// A probe's shape with its formulas written out in double precision, one row and one entry at a time.
struct Reference {
    let dimension: Int
    let classes: Int
    /// 0 for a linear probe.
    let hidden: Int

    init(_ probe: LinearProbe) { (dimension, classes, hidden) = (probe.dimension, probe.classes, 0) }

    init(_ probe: HiddenProbe) { (dimension, classes, hidden) = (probe.dimension, probe.classes, probe.hidden) }

    func logits(_ parameters: [Double], _ row: [Double]) -> [Double] {
        guard hidden > 0 else { return affine(parameters[...], outputs: classes, row) }
        let split = hidden * (dimension + 1)
        let activations = affine(parameters[..<split], outputs: hidden, row).map { tanh($0) }
        return affine(parameters[split...], outputs: classes, activations)
    }

    private func affine(_ weights: ArraySlice<Double>, outputs: Int, _ input: [Double]) -> [Double] {
        (0..<outputs).map { output in
            let start = weights.startIndex + output * (input.count + 1)
            return input.indices.reduce(weights[start + input.count]) { $0 + weights[start + $1] * input[$1] }
        }
    }

    func probabilities(_ parameters: [Double], _ row: [Double]) -> [Double] {
        let exponentials = logits(parameters, row).map { exp($0) }
        let sum = exponentials.reduce(0, +)
        return exponentials.map { $0 / sum }
    }

    /// The gradient of a linear probe's mean loss over some rows.
    func meanGradient(_ parameters: [Double], _ rows: Matrix, _ labels: [UInt32]) -> [Double] {
        precondition(hidden == 0)
        var sum = [Double](repeating: 0, count: parameters.count)
        for row in 0..<rows.rows {
            let input = rows.row(row).map(Double.init)
            let p = probabilities(parameters, input)
            for label in 0..<classes {
                let delta = p[label] - (Int(labels[row]) == label ? 1 : 0)
                let start = label * (dimension + 1)
                for (index, value) in (input + [1]).enumerated() { sum[start + index] += delta * value }
            }
        }
        return sum.map { $0 / Double(rows.rows) }
    }

    /// `1/N Σ Jᵀ (diag p − ppᵀ) J` with J by central differences of the logits; for a linear probe that is
    /// `1/N Σ (diag p − ppᵀ) ⊗ x xᵀ`.
    func gaussNewton(_ parameters: [Double], _ rows: Matrix) -> [[Double]] {
        let count = parameters.count
        var sum = [[Double]](repeating: [Double](repeating: 0, count: count), count: count)
        for row in 0..<rows.rows {
            let input = rows.row(row).map(Double.init)
            let p = probabilities(parameters, input)
            let jacobian = jacobian(parameters, input)
            // J's rows weighted by diag p − ppᵀ: p_a (J_a − Σ_b p_b J_b).
            let mean = (0..<count).map { column in (0..<classes).reduce(0) { $0 + p[$1] * jacobian[$1][column] } }
            for label in 0..<classes {
                for i in 0..<count where jacobian[label][i] != 0 {
                    let factor = p[label] * jacobian[label][i] / Double(rows.rows)
                    for j in 0..<count { sum[i][j] += factor * (jacobian[label][j] - mean[j]) }
                }
            }
        }
        return sum
    }

    /// `[classes][p]`.
    private func jacobian(_ parameters: [Double], _ input: [Double]) -> [[Double]] {
        var result = [[Double]](repeating: [Double](repeating: 0, count: parameters.count), count: classes)
        let step = 1e-5
        var moved = parameters
        for index in parameters.indices {
            moved[index] = parameters[index] + step
            let up = logits(moved, input)
            moved[index] = parameters[index] - step
            let down = logits(moved, input)
            moved[index] = parameters[index]
            for label in 0..<classes { result[label][index] = (up[label] - down[label]) / (2 * step) }
        }
        return result
    }

    /// `1/N Σ (diag p − ppᵀ) ⊗ x xᵀ` of a linear probe, entry by entry.
    func linearHessian(_ parameters: [Double], _ rows: Matrix) -> [[Double]] {
        precondition(hidden == 0)
        let size = dimension + 1
        var sum = [[Double]](repeating: [Double](repeating: 0, count: classes * size), count: classes * size)
        for row in 0..<rows.rows {
            let input = rows.row(row).map(Double.init)
            let p = probabilities(parameters, input)
            let x = input + [1]
            for a in 0..<classes {
                for b in 0..<classes {
                    let weight = p[a] * ((a == b ? 1 : 0) - p[b]) / Double(rows.rows)
                    for i in 0..<size {
                        for j in 0..<size { sum[a * size + i][b * size + j] += weight * x[i] * x[j] }
                    }
                }
            }
        }
        return sum
    }
}

func multiply(_ matrix: [[Double]], _ vector: [Double]) -> [Double] {
    matrix.map { row in zip(row, vector).reduce(0) { $0 + $1.0 * $1.1 } }
}

/// `‖a − b‖ / ‖b‖`.
func relativeError(_ a: [Double], _ b: [Double]) -> Double {
    precondition(a.count == b.count)
    let error = zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    let norm = b.reduce(0) { $0 + $1 * $1 }
    return (error / norm).squareRoot()
}

func relativeError(_ a: [Float], _ b: [Double]) -> Double { relativeError(a.map(Double.init), b) }
func relativeError(_ a: Matrix, _ b: Matrix) -> Double {
    relativeError(a.elements.map(Double.init), b.elements.map(Double.init))
}
