import CKernels
import Kernels
import Testing

@Suite struct SignProjectorTests {
    /// Any fixed pattern of signs.
    private func isPositive(_ output: Int, _ label: Int, _ input: Int) -> Bool {
        var hash = SplitMix64(state: UInt64(output * 1_000_003 + label * 10_007 + input))
        return hash.next() & 1 == 1
    }

    @Test(arguments: [(1, 1), (2, 7), (9, 8), (10, 33), (11, 17), (23, 40)])
    func `projection is the sum over all signs`(classes: Int, outputs: Int) {
        for dimension in [0, 1, 7, 8, 17, 100] {
            let rows = 19
            let x = numbers(rows * dimension, seed: 40)
            let delta = numbers(rows * classes, seed: 41)
            let projector = SignProjector(
                classes: classes, dimension: dimension, outputs: outputs, scale: 0.25, isPositive: isPositive)
            var found = [Float](repeating: .nan, count: rows * outputs)
            var span = found.mutableSpan
            projector.project(x: x.span, delta: delta.span, rows: rows, into: &span)
            var expected = found
            for row in 0..<rows {
                for output in 0..<outputs {
                    var sum = 0.0
                    for label in 0..<classes {
                        for input in 0...dimension {
                            let product =
                                delta[row * classes + label] * (input < dimension ? x[row * dimension + input] : 1)
                            sum += Double(isPositive(output, label, input) ? product : -product)
                        }
                    }
                    expected[row * outputs + output] = Float(sum / 4)
                }
            }
            #expect(greatestError(found, expected) < 1e-5, "\(classes) classes, \(dimension) → \(outputs)")
        }
    }

    @Test(arguments: lengths)
    func `AVX2 agrees with the scalar definition`(length: Int) {
        guard !vectorLevels.isEmpty else { return }
        let (classes, outputs, rows) = (12, 9, 11)
        let x = numbers(rows * length, seed: 42)
        let delta = numbers(rows * classes, seed: 43)
        var generator = SeededGenerator(seed: 44)
        // Twelve classes are two groups of six: 64 codes each.
        let codes = (0..<ck_sign_code_count(classes, length, outputs)).map { _ in
            UInt16(generator.integer(below: 64) * Int(CK_SIGN_STEP))
        }
        var scratch = [Float](repeating: 0, count: ck_sign_scratch(classes, length, outputs))
        var expected = [Float](repeating: 0, count: rows * outputs)
        var found = expected
        unsafe ck_sign_project_scalar(
            x, length, length, delta, classes, rows, codes, outputs, 0.5, &scratch, &expected)
        unsafe ck_sign_project_avx2(x, length, length, delta, classes, rows, codes, outputs, 0.5, &scratch, &found)
        #expect(greatestError(found, expected) < 1e-5)
    }
}
