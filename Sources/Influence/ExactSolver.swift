package import Kernels

/// (H + λI)⁻¹ by Cholesky in double precision: the reference that LiSSA approaches, where p allows.
package struct ExactSolver: Sendable {
    private let matrix: [Double]
    private let parameterCount: Int

    /// - Complexity: p products with the curvature.
    package init(_ curvature: some CurvatureOperator, damping: Double, workers: Int) {
        parameterCount = curvature.parameterCount
        let hessian = curvature.materialized(workers: workers)
        var matrix = hessian.elements.map(Double.init)
        for index in 0..<parameterCount { matrix[index * parameterCount + index] += damping }
        self.matrix = matrix
    }

    /// Solves for each row of `vectors`, `[count × p]`.
    ///
    /// - Throws: `notPositiveDefinite`.
    /// - Complexity: p³/3 + 2·count·p² operations.
    package func solve(_ vectors: Matrix) throws(InfluenceError) -> Matrix {
        precondition(vectors.columns == parameterCount)
        var factor = matrix
        var sides = vectors.elements.map(Double.init)
        do {
            try BLAS.solvePositiveDefinite(&factor, &sides, n: parameterCount, count: vectors.rows)
        } catch {
            throw .notPositiveDefinite(order: error.order)
        }
        return Matrix(rows: vectors.rows, columns: parameterCount, elements: sides.map { Float($0) })
    }
}
