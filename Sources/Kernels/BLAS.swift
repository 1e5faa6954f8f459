internal import COpenBLAS

/// Matrix products through OpenBLAS. All matrices are row-major and dense.
package enum BLAS {
    /// How many threads one product may use. Shard workers run with one; a training stage or a query batch uses all.
    package static func setThreads(_ count: Int) { openblas_set_num_threads(Int32(count)) }

    /// The build and the processor core it chose, as recorded in manifests: results differ in their last bits between them.
    ///
    /// Asked for once: OpenBLAS writes it into one static buffer.
    package static let configuration =
        unsafe "\(String(cString: openblas_get_config())) \(String(cString: openblas_get_corename()))"

    /// `c = alpha · op(a) · op(b) + beta · c`, with `op(a)` `[m × k]`, `op(b)` `[k × n]` and `c` `[m × n]`.
    ///
    /// - Parameters:
    ///   - a: row-major `[m × k]`, or `[k × m]` when `transposeA`.
    ///   - b: row-major `[k × n]`, or `[n × k]` when `transposeB`.
    ///   - c: row-major `[m × n]`; read only when `beta` is not 0.
    /// - Complexity: 2·m·n·k floating-point operations.
    package static func multiply(
        _ a: Span<Float>, transposeA: Bool = false, _ b: Span<Float>, transposeB: Bool = false,
        into c: inout MutableSpan<Float>, m: Int, n: Int, k: Int, alpha: Float = 1, beta: Float = 0
    ) {
        precondition(a.count >= m * k && b.count >= k * n && c.count >= m * n, "operand smaller than m × n × k says")
        guard m > 0, n > 0 else { return }
        unsafe a.withUnsafeBufferPointer { a in
            unsafe b.withUnsafeBufferPointer { b in
                unsafe c.withUnsafeMutableBufferPointer { c in
                    unsafe multiply(
                        a.baseAddress, transposeA: transposeA, strideA: transposeA ? m : k,
                        b.baseAddress, transposeB: transposeB, strideB: transposeB ? k : n,
                        into: c.baseAddress!, strideC: n, m: m, n: n, k: k, alpha: alpha, beta: beta)
                }
            }
        }
    }

    /// The same on pointers, with the distance between rows (`stride`, in elements) given for each operand.
    package static func multiply(
        _ a: UnsafePointer<Float>?, transposeA: Bool, strideA: Int,
        _ b: UnsafePointer<Float>?, transposeB: Bool, strideB: Int,
        into c: UnsafeMutablePointer<Float>, strideC: Int, m: Int, n: Int, k: Int, alpha: Float = 1, beta: Float = 0
    ) {
        unsafe cblas_sgemm(
            CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
            Int32(m), Int32(n), Int32(k), alpha, a, Int32(max(1, strideA)), b, Int32(max(1, strideB)), beta, c,
            Int32(strideC))
    }
}

/// A symmetric positive definite matrix was asked for and not given: its leading minor of order `order` is not positive.
package struct NotPositiveDefinite: Error, CustomStringConvertible {
    package let order: Int
    package var description: String { "the matrix is not positive definite (leading minor of order \(order))" }
}

extension BLAS {
    /// Solves `A·x = b` for symmetric positive definite `A` by Cholesky, in double precision: the exact reference for
    /// iterative solvers.
    ///
    /// - Parameters:
    ///   - a: row-major `[n × n]`; one triangle is read. Overwritten by its factor.
    ///   - b: `[count × n]`, one right-hand side a row. Overwritten by the solutions.
    /// - Complexity: n³/3 + 2·count·n².
    package static func solvePositiveDefinite(
        _ a: inout [Double], _ b: inout [Double], n: Int, count: Int
    ) throws(NotPositiveDefinite) {
        precondition(a.count == n * n && b.count == count * n)
        var info: Int32 = 0
        var order = Int32(n)
        var sides = Int32(count)
        var triangle: CChar = CChar(UInt8(ascii: "L"))
        unsafe dpotrf_(&triangle, &order, &a, &order, &info)
        guard info == 0 else { throw NotPositiveDefinite(order: Int(info)) }
        unsafe dpotrs_(&triangle, &order, &sides, &a, &order, &b, &order, &info)
    }

    /// Replaces a symmetric positive definite matrix by its inverse, by Cholesky in double precision.
    ///
    /// - Parameter a: row-major `[n × n]`; one triangle is read, both are written.
    /// - Complexity: n³ operations, on as many threads as ``setThreads(_:)`` says.
    package static func invertPositiveDefinite(_ a: inout [Double], n: Int) throws(NotPositiveDefinite) {
        precondition(a.count == n * n)
        var info: Int32 = 0
        var order = Int32(n)
        var triangle: CChar = CChar(UInt8(ascii: "L"))
        unsafe dpotrf_(&triangle, &order, &a, &order, &info)
        guard info == 0 else { throw NotPositiveDefinite(order: Int(info)) }
        unsafe dpotri_(&triangle, &order, &a, &order, &info)
        guard info == 0 else { throw NotPositiveDefinite(order: Int(info)) }
        // Fortran's lower triangle is the upper one here.
        for row in 0..<n {
            for column in 0..<row { a[row * n + column] = a[column * n + row] }
        }
    }
}
