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

    typealias MixedReduction = @convention(c) (UnsafePointer<Int8>?, UnsafePointer<Float>?, Int) -> Float

    @Test(arguments: lengths + [32, 48, 256, 769])
    func `signed bytes times floats is the same sum at each level`(length: Int) {
        let a = numbers(length, seed: 3).map { Int8(($0 * 128).rounded(.down)) }
        let b = numbers(length, seed: 4)
        let expected = zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        let size = zip(a, b).reduce(1.0) { $0 + abs(Double($1.0) * Double($1.1)) }
        let levels = [KernelLevel.scalar, .avx2, .avx512]
        let kernels: [MixedReduction] = unsafe [ck_dot_int8_scalar, ck_dot_int8_avx2, ck_dot_int8_avx512]
        for (index, level) in levels.enumerated() where level == .scalar || vectorLevels.contains(level) {
            let found = unsafe kernels[index](a, b, length)
            #expect(abs(Double(found) - expected) <= 1e-6 * size, "\(level), length \(length)")
        }
        let bytes = a.map { UInt8(bitPattern: $0) }
        let found = unsafe dot(signedBytes: bytes.span.bytes, b.span)
        #expect(abs(Double(found) - expected) <= 1e-6 * size)
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
