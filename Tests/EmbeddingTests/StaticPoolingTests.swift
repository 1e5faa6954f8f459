import CKernels
import Kernels
import Testing

/// Sums of table rows, by every instruction set.
@Suite struct StaticPoolingTests {
    private static let dimensions = [1, 7, 8, 15, 16, 17, 31, 33, 64, 128, 130, 256, 300]
    /// Around what fits a 16-bit sum.
    private static let counts = [0, 1, 2, 255, 256, 257, 600]

    @Test(arguments: dimensions)
    func integersAreExact(dimension: Int) {
        var generator = SeededGenerator(seed: 3)
        for extreme in [false, true] {
            let table = (0..<20 * dimension).map { _ in extreme ? -128 : Int8(generator.integer(below: 255) - 127) }
            for count in Self.counts {
                let ids = (0..<count).map { _ in Int32(generator.integer(below: 20)) }
                var expected = (0..<dimension).map { Int32($0) }
                for id in ids {
                    for column in 0..<dimension { expected[column] += Int32(table[Int(id) * dimension + column]) }
                }
                var (scalar, vector, chosen) = ([Int32](0..<Int32(dimension)), expected, [Int32](0..<Int32(dimension)))
                unsafe ck_pool_int8_scalar(table, dimension, ids, count, &scalar)
                unsafe ck_pool_int8(table, dimension, ids, count, &chosen)
                if KernelLevel.highest != .scalar {
                    vector = [Int32](0..<Int32(dimension))
                    unsafe ck_pool_int8_avx2(table, dimension, ids, count, &vector)
                }
                #expect(scalar == expected && vector == expected && chosen == expected, "\(count) rows")
            }
        }
    }

    @Test(arguments: dimensions)
    func floatsHaveTheSameBitsAtEveryLevel(dimension: Int) {
        var generator = SeededGenerator(seed: 4)
        let table = (0..<20 * dimension).map { _ in generator.normal() * 1000 }
        for count in Self.counts {
            let ids = (0..<count).map { _ in Int32(generator.integer(below: 20)) }
            var expected = [Float](repeating: 0.5, count: dimension)
            for id in ids {
                for column in 0..<dimension { expected[column] += table[Int(id) * dimension + column] }
            }
            let start = [Float](repeating: 0.5, count: dimension)
            var (scalar, vector, chosen) = (start, expected, start)
            unsafe ck_pool_float_scalar(table, dimension, ids, count, &scalar)
            unsafe ck_pool_float(table, dimension, ids, count, &chosen)
            if KernelLevel.highest != .scalar {
                vector = start
                unsafe ck_pool_float_avx2(table, dimension, ids, count, &vector)
            }
            #expect(scalar == expected && vector == expected && chosen == expected, "\(count) rows")
        }
    }
}
