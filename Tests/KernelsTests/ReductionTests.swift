import CKernels
import Kernels
import Testing

@Suite struct ReductionTests {
    typealias Reduction = @convention(c) (UnsafePointer<Float>?, UnsafePointer<Float>?, Int) -> Float

    @Test(arguments: lengths)
    func `vector levels agree with the scalar definition`(length: Int) {
        let a = numbers(length, seed: 1)
        let b = numbers(length, seed: 2)
        let kernels: [(KernelLevel, Reduction, Reduction)] = unsafe [
            (.avx2, ck_dot_avx2, ck_dot_scalar), (.avx512, ck_dot_avx512, ck_dot_scalar),
            (.avx2, ck_squared_distance_avx2, ck_squared_distance_scalar),
            (.avx512, ck_squared_distance_avx512, ck_squared_distance_scalar),
        ]
        for unsafe(level, kernel, definition) in unsafe kernels where vectorLevels.contains(level) {
            let found = unsafe kernel(a, b, length)
            let expected = unsafe definition(a, b, length)
            #expect(abs(found - expected) <= 1e-5 * (1 + abs(expected)), "\(level), length \(length)")
        }
    }

    @Test func `scalar definitions are the textbook sums`() {
        let a: [Float] = [1, 2, 3]
        let b: [Float] = [4, -5, 6]
        #expect(unsafe ck_dot_scalar(a, b, 3) == 12)
        #expect(unsafe ck_squared_distance_scalar(a, b, 3) == 9 + 49 + 9)
        #expect(dot(a.span, b.span) == 12)
        #expect(squaredDistance(a.span, b.span) == 67)
    }
}

@Suite struct ScaledRowTests {
    /// Squares of the rows' values overflow, underflow, or neither.
    @Test func rowsGetTheLengthWhateverTheirScale() {
        for scale: Float in [1, 1e-30, 1e30, 3e-38] {
            var matrix = Matrix(rows: 2, columns: 4, elements: [3, 4, 0, 0, 0, 0, 0, 0].map { $0 * scale })
            matrix.scaleRows(to: 2)
            let expected: [Float] = [1.2, 1.6, 0, 0, 0, 0, 0, 0]
            #expect(zip(matrix.elements, expected).allSatisfy { abs($0 - $1) < 1e-6 }, "\(scale)")
        }
    }
}
