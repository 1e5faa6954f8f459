internal import Kernels

/// `c = op(a) · op(b) + beta · c` on parts of arrays whose rows are `stride` elements apart.
func multiplyStrided(
    _ a: [Float], from startA: Int, strideA: Int, transposeA: Bool = false, _ b: [Float], fromB startB: Int = 0,
    strideB: Int, transposeB: Bool = false, into c: inout [Float], strideC: Int, m: Int, n: Int, k: Int, beta: Float = 0
) {
    guard m > 0, n > 0 else { return }
    precondition(startA + ((transposeA ? k : m) - 1) * strideA + (transposeA ? m : k) <= a.count)
    precondition(startB + ((transposeB ? n : k) - 1) * strideB + (transposeB ? k : n) <= b.count)
    precondition((m - 1) * strideC + n <= c.count)
    unsafe a.withUnsafeBufferPointer { a in
        unsafe b.withUnsafeBufferPointer { b in
            unsafe c.withUnsafeMutableBufferPointer { c in
                unsafe BLAS.multiply(
                    a.baseAddress! + startA, transposeA: transposeA, strideA: strideA, b.baseAddress! + startB,
                    transposeB: transposeB, strideB: strideB, into: c.baseAddress!, strideC: strideC, m: m, n: n, k: k,
                    beta: beta)
            }
        }
    }
}
