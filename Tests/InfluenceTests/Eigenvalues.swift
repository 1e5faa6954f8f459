/// The eigenvalues and eigenvectors of a symmetric matrix in double precision, by Jacobi's rotations.
struct Eigenvalues {
    private(set) var values: [Double]
    /// One eigenvector a column.
    private var vectors: [[Double]]

    init(_ matrix: [[Double]]) {
        let count = matrix.count
        var a = matrix
        vectors = (0..<count).map { row in (0..<count).map { $0 == row ? 1 : 0 } }
        for _ in 0..<50 {
            for p in 0..<count {
                for q in p + 1..<max(p + 1, count) where abs(a[p][q]) > 1e-300 {
                    let theta = (a[q][q] - a[p][p]) / (2 * a[p][q])
                    let t = (theta < 0 ? -1 : 1) / (abs(theta) + (theta * theta + 1).squareRoot())
                    let c = 1 / (t * t + 1).squareRoot()
                    let s = t * c
                    for k in 0..<count { (a[k][p], a[k][q]) = (c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]) }
                    for k in 0..<count { (a[p][k], a[q][k]) = (c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]) }
                    for k in 0..<count {
                        let row = vectors[k]
                        (vectors[k][p], vectors[k][q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q])
                    }
                }
            }
        }
        values = (0..<count).map { a[$0][$0] }
    }

    /// The matrix of the same eigenvectors whose eigenvalues are those of `function`.
    func mapped(_ function: (Double) -> Double) -> [[Double]] {
        let mapped = values.map(function)
        return vectors.map { left in
            vectors.map { right in
                mapped.indices.reduce(0) { $0 + left[$1] * mapped[$1] * right[$1] }
            }
        }
    }
}
