internal import COpenBLAS

extension BLAS {
    /// Eigenvalues and eigenvectors of a symmetric matrix, by LAPACK's divide and conquer in double precision.
    ///
    /// - Parameter matrix: row-major `[n × n]`; one triangle is read.
    /// - Returns: the eigenvalues from the largest down, and `[n × n]` with the eigenvector of each as a row, of length 1,
    ///   its largest element (the first of equals) positive.
    /// - Complexity: about 9·n³ operations.
    package static func symmetricEigen(_ matrix: [Double], n: Int) -> (values: [Double], vectors: [Double]) {
        precondition(matrix.count == n * n && n > 0)
        var a = matrix
        var values = [Double](repeating: 0, count: n)
        var (vectorsToo, triangle) = (CChar(UInt8(ascii: "V")), CChar(UInt8(ascii: "L")))
        var (order, info) = (Int32(n), Int32(0))
        var workCount = Int32(1 + 6 * n + 2 * n * n)
        var integerCount = Int32(3 + 5 * n)
        var work = [Double](repeating: 0, count: Int(workCount))
        var integers = [Int32](repeating: 0, count: Int(integerCount))
        unsafe dsyevd_(
            &vectorsToo, &triangle, &order, &a, &order, &values, &work, &workCount, &integers, &integerCount, &info)
        precondition(info == 0, "dsyevd found no eigenvalues (\(info)); is every element finite?")
        // LAPACK's columns are rows here, and its order is rising.
        var vectors: [Double] = []
        vectors.reserveCapacity(n * n)
        for row in (0..<n).reversed() {
            let vector = a[row * n..<(row + 1) * n]
            let largest = vector.max { $0.magnitude < $1.magnitude }!
            vectors += largest < 0 ? vector.map { -$0 } : Array(vector)
        }
        return (values.reversed(), vectors)
    }
}
