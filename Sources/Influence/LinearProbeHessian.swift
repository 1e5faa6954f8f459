package import Kernels
package import Probing

/// The Hessian of a linear probe's mean loss over some rows, `H = 1/N Σ (diag p − ppᵀ) ⊗ x xᵀ` with x = [e; 1], exact.
///
/// It is never formed: two matrix products and one pass over `[N × classes]` numbers give H·v. The probe's
/// regularisation is not part of it. Zero rows count as rows and add nothing.
package struct LinearProbeHessian: CurvatureOperator {
    package let parameterCount: Int
    private let rows: Matrix
    private let probabilities: [Float]
    private let classes: Int

    /// - Parameter rows: embeddings `[N × d]`, at least one.
    package init(_ probe: LinearProbe, rows: Matrix) {
        precondition(rows.columns == probe.dimension && rows.rows > 0)
        self.rows = rows
        classes = probe.classes
        parameterCount = probe.parameterCount
        var logits = probe.logits(rows.elements.span, count: rows.rows)
        var span = logits.elements.mutableSpan
        softmax(&span, count: classes)
        probabilities = withoutZeroRows(logits.elements, rows)
    }

    /// - Complexity: 4·count·N·p operations.
    package func apply(_ vectors: Matrix, workers: Int) -> Matrix {
        precondition(vectors.columns == parameterCount)
        let parts = Parallel.map(count: vectors.rows, blockSize: Self.vectorsAtOnce, workers: workers) { range in
            product(vectors.rows(range))
        }
        return parts.isEmpty ? vectors : Matrix.concatenating(parts)
    }

    private func product(_ vectors: Matrix) -> Matrix {
        let dimension = rows.columns
        let width = vectors.rows * classes
        // `vectors` is `[count × classes × (d + 1)]`, so its weights are rows of length d, d + 1 apart.
        var sum = [Float](repeating: 0, count: width * (dimension + 1))
        for start in stride(from: 0, to: rows.rows, by: Self.rowsAtOnce) {
            let block = start..<min(rows.rows, start + Self.rowsAtOnce)
            var logits = [Float](repeating: 0, count: block.count * width)
            multiplyStrided(
                rows.elements, from: block.lowerBound * dimension, strideA: dimension, vectors.elements,
                strideB: dimension + 1, transposeB: true, into: &logits, strideC: width, m: block.count, n: width,
                k: dimension)
            for row in 0..<block.count {
                for vector in 0..<vectors.rows {
                    let offset = row * width + vector * classes
                    for label in 0..<classes {
                        logits[offset + label] +=
                            vectors.elements[(vector * classes + label) * (dimension + 1) + dimension]
                    }
                    applySoftmaxCurvature(
                        &logits, at: offset, probabilities: probabilities, at: (block.lowerBound + row) * classes,
                        classes: classes)
                    for label in 0..<classes {
                        sum[(vector * classes + label) * (dimension + 1) + dimension] += logits[offset + label]
                    }
                }
            }
            multiplyStrided(
                logits, from: 0, strideA: width, transposeA: true, rows.elements, fromB: block.lowerBound * dimension,
                strideB: dimension, into: &sum, strideC: dimension + 1, m: width, n: dimension, k: block.count, beta: 1)
        }
        let scale = 1 / Float(rows.rows)
        for index in sum.indices { sum[index] *= scale }
        return Matrix(rows: vectors.rows, columns: parameterCount, elements: sum)
    }

    /// H in full, block by block: the block of classes a and b is `1/N Σ p_a (δ_ab − p_b) x xᵀ`.
    ///
    /// - Complexity: N·classes²·(d + 1)² operations.
    package func materialized(workers: Int) -> Matrix {
        let pairs = (0..<classes).flatMap { first in (first..<classes).map { (first, $0) } }
        let size = rows.columns + 1
        let blocks = Parallel.map(count: pairs.count, blockSize: 1, workers: workers) { range in
            block(pairs[range.lowerBound].0, pairs[range.lowerBound].1)
        }
        var result = Matrix(rows: parameterCount, columns: parameterCount)
        for ((first, second), block) in zip(pairs, blocks) {
            for row in 0..<size {
                for column in 0..<size {
                    let value = block[row * size + column]
                    result[first * size + row, second * size + column] = value
                    result[second * size + row, first * size + column] = value
                }
            }
        }
        return result
    }

    /// `[(d + 1) × (d + 1)]`.
    private func block(_ first: Int, _ second: Int) -> [Float] {
        let dimension = rows.columns
        let size = dimension + 1
        var sum = [Float](repeating: 0, count: size * size)
        for start in stride(from: 0, to: rows.rows, by: Self.rowsAtOnce) {
            let range = start..<min(rows.rows, start + Self.rowsAtOnce)
            var plain = [Float](repeating: 1, count: range.count * size)
            var weighted = [Float](repeating: 0, count: range.count * size)
            for row in 0..<range.count {
                let p = (range.lowerBound + row) * classes
                let weight =
                    probabilities[p + first] * ((first == second ? 1 : 0) - probabilities[p + second])
                    / Float(rows.rows)
                for column in 0..<dimension {
                    let value = rows.elements[(range.lowerBound + row) * dimension + column]
                    plain[row * size + column] = value
                    weighted[row * size + column] = weight * value
                }
                weighted[row * size + dimension] = weight
            }
            multiplyStrided(
                plain, from: 0, strideA: size, transposeA: true, weighted, strideB: size, into: &sum, strideC: size,
                m: size, n: size, k: range.count, beta: 1)
        }
        return sum
    }

    private static let vectorsAtOnce = 16
    private static let rowsAtOnce = 1024
}
