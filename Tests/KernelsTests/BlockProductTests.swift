import CKernels
import Kernels
import Testing

@Suite @safe struct BlockProductTests {
    typealias Dots =
        @convention(c) (
            UnsafePointer<Float>?, Int, Int, UnsafePointer<Float>?, Int, Int, Int, UnsafeMutablePointer<Float>?, Int
        ) -> Void
    typealias Outer =
        @convention(c) (
            UnsafePointer<Float>?, Int, Int, UnsafePointer<Float>?, Int, Int, Int, UnsafeMutablePointer<Float>?, Int
        ) -> Void

    private let dotKernels: [(KernelLevel, Dots)] = unsafe [
        (.avx2, ck_block_dots_avx2), (.avx512, ck_block_dots_avx512),
    ]
    private let outerKernels: [(KernelLevel, Outer)] = unsafe [
        (.avx2, ck_block_outer_avx2), (.avx512, ck_block_outer_avx512),
    ]

    @Test(arguments: lengths + [1025, 2100])
    func `dots agree with the scalar definition`(length: Int) {
        // 1 … 12 columns cross every split of a row of tiles; 61 crosses a panel.
        for (rows, count) in [
            (1, 1), (3, 2), (4, 3), (5, 4), (7, 5), (2, 6), (6, 7), (3, 9), (8, 10), (1, 12), (5, 61),
        ] {
            let a = numbers(rows * length, seed: 3)
            let b = numbers(count * length, seed: 4)
            var expected = [Float](repeating: .nan, count: rows * count)
            unsafe ck_block_dots_scalar(a, length, rows, b, length, count, length, &expected, count)
            for unsafe(level, kernel) in unsafe dotKernels where vectorLevels.contains(level) {
                var found = [Float](repeating: .nan, count: rows * count)
                unsafe kernel(a, length, rows, b, length, count, length, &found, count)
                #expect(greatestError(found, expected) < 1e-5, "\(level), \(rows) × \(count), length \(length)")
            }
        }
    }

    @Test(arguments: lengths)
    func `outer products agree with the scalar definition`(length: Int) {
        for (rows, count) in [(1, 1), (3, 2), (65, 5), (130, 7), (2, 9), (64, 10)] {
            let d = numbers(rows * count, seed: 5)
            let x = numbers(rows * length, seed: 6)
            let start = numbers(count * length, seed: 7)
            var expected = start
            unsafe ck_block_outer_scalar(d, count, count, x, length, rows, length, &expected, length)
            for unsafe(level, kernel) in unsafe outerKernels where vectorLevels.contains(level) {
                var found = start
                unsafe kernel(d, count, count, x, length, rows, length, &found, length)
                #expect(greatestError(found, expected) < 1e-5, "\(level), \(rows) rows of \(count) × \(length)")
            }
        }
    }

    @Test(arguments: lengths)
    func `sums by label agree with the scalar definition to the bit`(length: Int) {
        let x = numbers(9 * length, seed: 8)
        let labels: [UInt32] = [0, 2, 2, 1, 0, 2, 0, 0, 1]
        var expected = [Float](repeating: 0, count: 3 * length)
        unsafe ck_block_sum_by_label_scalar(x, 9, length, labels, &expected)
        for level in vectorLevels {
            var found = [Float](repeating: 0, count: 3 * length)
            switch level {
            case .avx512: unsafe ck_block_sum_by_label_avx512(x, 9, length, labels, &found)
            default: unsafe ck_block_sum_by_label_avx2(x, 9, length, labels, &found)
            }
            #expect(found == expected)
        }
    }

    @Test func `a product has the same bits in any block and batch`() {
        let (rows, count, dimension) = (37, 23, 1100)
        let a = numbers(rows * dimension, seed: 9)
        let b = numbers(count * dimension, seed: 10)
        var whole = [Float](repeating: 0, count: rows * count)
        var span = whole.mutableSpan
        blockDots(a.span, rows: rows, b.span, count: count, dimension: dimension, into: &span)
        for row in [0, 2, 36] {
            for column in [0, 4, 22] {
                var one: [Float] = [0]
                var oneSpan = one.mutableSpan
                blockDots(
                    a.span.extracting(row * dimension..<(row + 1) * dimension), rows: 1,
                    b.span.extracting(column * dimension..<(column + 1) * dimension), count: 1, dimension: dimension,
                    into: &oneSpan)
                #expect(one[0] == whole[row * count + column])
            }
        }
    }

    @Test func `outer products have the same bits however the rows are split`() {
        let (rows, count, dimension) = (150, 7, 100)
        let d = numbers(rows * count, seed: 11)
        let x = numbers(rows * dimension, seed: 12)
        var whole = [Float](repeating: 0, count: count * dimension)
        var span = whole.mutableSpan
        addOuterProducts(d.span, count: count, x.span, rows: rows, dimension: dimension, to: &span)
        var split = [Float](repeating: 0, count: count * dimension)
        var splitSpan = split.mutableSpan
        for range in [0..<1, 1..<70, 70..<150] {
            addOuterProducts(
                d.span.extracting(range.lowerBound * count..<range.upperBound * count), count: count,
                x.span.extracting(range.lowerBound * dimension..<range.upperBound * dimension), rows: range.count,
                dimension: dimension, to: &splitSpan)
        }
        #expect(split == whole)
    }
}
