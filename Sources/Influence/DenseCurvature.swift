package import Kernels

/// A curvature that is there in full: one matrix product gives those of a batch.
package struct DenseCurvature: CurvatureOperator {
    private let matrix: Matrix

    /// - Parameter matrix: H, `[p × p]`, symmetric.
    package init(_ matrix: Matrix) {
        precondition(matrix.rows == matrix.columns)
        self.matrix = matrix
    }

    package var parameterCount: Int { matrix.rows }

    /// - Complexity: 2·count·p² operations.
    package func apply(_ vectors: Matrix, workers: Int) -> Matrix { vectors.product(matrix, workers: workers) }

    package func materialized(workers: Int) -> Matrix { matrix }
}
