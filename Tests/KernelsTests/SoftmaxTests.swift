import CKernels
import Kernels
import Testing

@Suite struct SoftmaxTests {
    @Test(arguments: lengths)
    func `vector levels agree with the scalar definition`(length: Int) {
        guard !vectorLevels.isEmpty else { return }
        let x = numbers(length, seed: 20).map { 87 * $0 }
        var expected = x
        var found = x
        unsafe ck_exp_scalar(&expected, length)
        unsafe ck_exp_avx2(&found, length)
        for (found, expected) in zip(found, expected) { #expect(abs(found - expected) <= 3e-7 * expected) }
        expected = x.map { $0 / 30 }
        found = expected
        unsafe ck_tanh_scalar(&expected, length)
        unsafe ck_tanh_avx2(&found, length)
        for (found, expected) in zip(found, expected) { #expect(abs(found - expected) <= 3e-7) }
    }

    @Test func `the ends of the exponential`() {
        var x: [Float] = [-.infinity, -1000, -87.4, 0, 88.8, .infinity, .nan, -0.0, 1]
        var span = x.mutableSpan
        exponential(&span)
        #expect(x[0...3] == [0, 0, 0, 1])
        #expect(x[4] == .infinity && x[5] == .infinity && x[6].isNaN && x[7] == 1)
        #expect(abs(x[8] - 2.7182817) < 1e-6)
        var t: [Float] = [-.infinity, -50, 0, 50, .infinity, .nan, 0.5, -0.5, 3]
        var tanhSpan = t.mutableSpan
        hyperbolicTangent(&tanhSpan)
        #expect(t[0...4] == [-1, -1, 0, 1, 1])
        #expect(t[5].isNaN && abs(t[6] - 0.46211717) < 3e-7 && abs(t[6] + t[7]) < 3e-7)
    }

    @Test(arguments: [1, 2, 7, 8, 10, 17])
    func `rows of softmax less one-hot`(count: Int) {
        let rows = 13
        let logits = numbers(rows * count, seed: 21).map { 8 * $0 }
        let labels = (0..<rows).map { UInt32($0 % count) }
        var z = logits
        var span = z.mutableSpan
        let (loss, correct) = softmaxMinusOneHot(&span, labels: labels.span, count: count)
        var expectedLoss = 0.0
        var expectedCorrect = 0
        for row in 0..<rows {
            let values = logits[row * count..<(row + 1) * count].map { Kernels.exponential(Double($0)) }
            let total = values.reduce(0, +)
            let label = Int(labels[row])
            expectedLoss -= logarithm(values[label] / total)
            if values.firstIndex(of: values.max()!) == label { expectedCorrect += 1 }
            for column in 0..<count {
                let expected = values[column] / total - (column == label ? 1 : 0)
                #expect(abs(Double(z[row * count + column]) - expected) < 1e-6)
            }
            #expect(abs(z[row * count..<(row + 1) * count].reduce(0, +)) < 1e-6)
        }
        #expect(abs(loss - expectedLoss) < 1e-4 && correct == expectedCorrect)
    }

    @Test func `logits that would overflow`() {
        var z: [Float] = [1000, 0, -1000, 500, 1001, 1000]
        var span = z.mutableSpan
        softmax(&span, count: 3)
        #expect(z[0...2] == [1, 0, 0])
        #expect(z[3] == 0 && abs(z[4] - 0.7310586) < 1e-6 && abs(z[5] - 0.26894143) < 1e-6)
    }
}
