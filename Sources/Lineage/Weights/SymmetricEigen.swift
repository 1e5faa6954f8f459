/// Eigenvalues and eigenvectors of a small symmetric matrix, by cyclic Jacobi rotations.
///
/// Source: Golub & Van Loan, Matrix Computations, 8.5.
package struct SymmetricEigen {
    package private(set) var values: [Double]
    /// Row-major `[n × n]`; column j belongs to `values[j]`.
    package private(set) var vectors: [Double]

    /// - Parameter matrix: row-major `[n × n]`, symmetric.
    /// - Complexity: O(n³) a sweep; about eight sweeps.
    package init(_ matrix: [Double], n: Int) {
        precondition(matrix.count == n * n)
        var a = matrix
        var v = [Double](repeating: 0, count: n * n)
        for i in 0..<n { v[i * n + i] = 1 }
        let scale = a.reduce(0) { $0 + $1 * $1 }
        for _ in 0..<40 {
            var off = 0.0
            for i in 0..<n { for j in 0..<i { off += a[i * n + j] * a[i * n + j] } }
            if off <= 1e-26 * scale { break }
            for p in 0..<n { for q in p + 1..<max(n, p + 1) { Self.rotate(&a, &v, p, q, n) } }
        }
        values = (0..<n).map { a[$0 * n + $0] }
        vectors = v
    }

    /// One rotation in the plane of `p` and `q` that makes the element between them 0.
    private static func rotate(_ a: inout [Double], _ v: inout [Double], _ p: Int, _ q: Int, _ n: Int) {
        let apq = a[p * n + q]
        guard apq != 0 else { return }
        let theta = (a[q * n + q] - a[p * n + p]) / (2 * apq)
        let t = (theta < 0 ? -1 : 1) / (theta.magnitude + (theta * theta + 1).squareRoot())
        let c = 1 / (t * t + 1).squareRoot()
        let s = t * c
        for i in 0..<n {
            let (x, y) = (a[i * n + p], a[i * n + q])
            a[i * n + p] = c * x - s * y
            a[i * n + q] = s * x + c * y
        }
        for i in 0..<n {
            let (x, y) = (a[p * n + i], a[q * n + i])
            a[p * n + i] = c * x - s * y
            a[q * n + i] = s * x + c * y
        }
        for i in 0..<n {
            let (x, y) = (v[i * n + p], v[i * n + q])
            v[i * n + p] = c * x - s * y
            v[i * n + q] = s * x + c * y
        }
    }
}
