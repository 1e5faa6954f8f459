import Kernels
import Testing

@Suite struct BLASTests {
    @Test(arguments: [false, true], [false, true])
    func `products agree with the definition`(transposeA: Bool, transposeB: Bool) {
        for (m, n, k) in [(1, 1, 1), (3, 5, 7), (17, 10, 33), (4, 4, 0)] {
            let a = numbers(m * k, seed: 50)
            let b = numbers(k * n, seed: 51)
            let start = numbers(m * n, seed: 52)
            var found = start
            var span = found.mutableSpan
            BLAS.multiply(
                a.span, transposeA: transposeA, b.span, transposeB: transposeB, into: &span, m: m, n: n, k: k,
                alpha: 0.5,
                beta: 2)
            for row in 0..<m {
                for column in 0..<n {
                    var sum = 0.0
                    for t in 0..<k {
                        sum +=
                            Double(a[transposeA ? t * m + row : row * k + t])
                            * Double(b[transposeB ? column * k + t : t * n + column])
                    }
                    let expected = Float(0.5 * sum + 2 * Double(start[row * n + column]))
                    #expect(abs(found[row * n + column] - expected) < 1e-5)
                }
            }
        }
    }

    @Test func `Cholesky solves, and refuses an indefinite matrix`() throws {
        var a: [Double] = [4, 1, 0, 1, 3, 1, 0, 1, 2]
        var b: [Double] = [6, 10, 8, 4, 1, 0]  // A·(1, 2, 3) and A's first row.
        try BLAS.solvePositiveDefinite(&a, &b, n: 3, count: 2)
        for (found, expected) in zip(b, [1, 2, 3, 1, 0, 0] as [Double]) {
            #expect(abs(found - expected) < 1e-12)
        }
        var indefinite: [Double] = [1, 2, 2, 1]
        var side: [Double] = [1, 1]
        let error = #expect(throws: NotPositiveDefinite.self) {
            try BLAS.solvePositiveDefinite(&indefinite, &side, n: 2, count: 1)
        }
        #expect(error?.order == 2)
    }
}
