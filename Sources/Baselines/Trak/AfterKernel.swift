internal import Influence
internal import Kernels
internal import Probing

/// `(ΦᵀΦ + λI)⁻¹` of features Φ `[rows × m]`.
struct AfterKernel: Sendable {
    /// `[m × m]`.
    let inverse: Matrix

    /// - Parameter ridge: λ as a share of the mean eigenvalue of ΦᵀΦ.
    /// - Throws: `influence(.notPositiveDefinite)` when λ is too small.
    init(_ features: Matrix, ridge: Double, workers: Int) throws(BaselineError) {
        let width = features.columns
        var gram = Self.gram(features, workers: workers)
        let mean = (0..<width).reduce(0) { $0 + gram[$1 * width + $1] } / Double(width)
        // Features that are all zero have no kernel; any number will do.
        let damping = mean > 0 ? ridge * mean : 1
        var unit = [Double](repeating: 0, count: width * width)
        for index in 0..<width {
            gram[index * width + index] += damping
            unit[index * width + index] = 1
        }
        do {
            try BLAS.solvePositiveDefinite(&gram, &unit, n: width, count: width)
        } catch {
            throw .influence(.notPositiveDefinite(order: error.order))
        }
        inverse = Matrix(rows: width, columns: width, elements: unit.map { Float($0) })
    }

    /// `Φ·(ΦᵀΦ + λI)⁻¹`, `[rows × m]`.
    func whiten(_ features: Matrix, workers: Int) -> Matrix {
        var result = Matrix(rows: features.rows, columns: features.columns)
        var span = result.elements.mutableSpan
        let width = features.columns
        Parallel.fill(&span, width: width, count: features.rows, blockSize: 256, workers: workers) { rows, part in
            let block = features.elements.span.extracting(rows.lowerBound * width..<rows.upperBound * width)
            blockDots(
                block, rows: rows.count, inverse.elements.span, count: width, dimension: width, into: &part)
        }
        return result
    }

    /// ΦᵀΦ: blocks of rows in single precision, their sum in double.
    private static func gram(_ features: Matrix, workers: Int) -> [Double] {
        let width = features.columns
        var sum = [Double](repeating: 0, count: width * width)
        let rowsInBlock = 1024
        // Few partial sums at once.
        let blocksAtOnce = 8
        for start in stride(from: 0, to: features.rows, by: rowsInBlock * blocksAtOnce) {
            let rows = start..<min(features.rows, start + rowsInBlock * blocksAtOnce)
            let parts = Parallel.map(count: rows.count, blockSize: rowsInBlock, workers: workers) { block in
                var part = [Float](repeating: 0, count: width * width)
                var span = part.mutableSpan
                let from = (start + block.lowerBound) * width
                let phi = features.elements.span.extracting(from..<from + block.count * width)
                addOuterProducts(phi, count: width, phi, rows: block.count, dimension: width, to: &span)
                return part
            }
            for part in parts {
                for index in sum.indices { sum[index] += Double(part[index]) }
            }
        }
        return sum
    }
}
