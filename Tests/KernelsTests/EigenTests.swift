import Kernels
import Testing

@Suite struct EigenTests {
    @Test(arguments: [1, 2, 3, 17, 60])
    func `vectors are orthonormal and are only scaled by the matrix`(n: Int) {
        var generator = SeededGenerator(seed: UInt64(n))
        var matrix = [Double](repeating: 0, count: n * n)
        for row in 0..<n {
            for column in 0...row {
                matrix[row * n + column] = Double(generator.normal())
                matrix[column * n + row] = matrix[row * n + column]
            }
        }
        let (values, vectors) = BLAS.symmetricEigen(matrix, n: n)
        #expect(values == values.sorted(by: >))
        for i in 0..<n {
            let v = Array(vectors[i * n..<(i + 1) * n])
            for row in 0..<n {
                let product = (0..<n).reduce(0) { $0 + matrix[row * n + $1] * v[$1] }
                #expect(abs(product - values[i] * v[row]) < 1e-10)
            }
            for j in 0...i {
                let product = (0..<n).reduce(0) { $0 + v[$1] * vectors[j * n + $1] }
                #expect(abs(product - (i == j ? 1 : 0)) < 1e-12)
            }
            #expect(v.max { abs($0) < abs($1) }! > 0)
        }
    }

    @Test func `a diagonal matrix has its own elements, from the largest down`() {
        let (values, vectors) = BLAS.symmetricEigen([2, 0, 0, 0, 5, 0, 0, 0, -1], n: 3)
        #expect(values == [5, 2, -1])
        #expect(vectors == [0, 1, 0, 1, 0, 0, 0, 0, 1])
    }
}
