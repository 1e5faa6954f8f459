import CKernels
import Foundation
import Kernels
import Testing

/// Each instruction set's attention against the formula in double precision. Scores here reach 20 and more, so that the
/// vector versions' 13 bits of a query are some thousandths of a score, and of a weight.
@Suite struct AttentionKernelTests {
    typealias Kernel = (
        UnsafePointer<Float>?, Int, Int, Int, UnsafePointer<Float>?, Int, UnsafeMutablePointer<Float>?,
        UnsafeMutablePointer<Float>?
    ) -> Void

    private func kernel(_ version: EncoderKernels) -> Kernel {
        switch version {
        case .scalar: unsafe ck_attention_scalar
        case .avx2: unsafe ck_attention_avx2
        case .avx512: unsafe ck_attention_avx512
        case .avx512vnni: unsafe ck_attention_avx512vnni
        }
    }

    /// - Parameter bias: `[heads × (2·count − 1)]`, from the largest negative distance on.
    private func run(
        _ version: EncoderKernels, _ projected: [Float], count: Int, heads: Int, width: Int, bias: [Float]?
    ) -> [Float] {
        let kernel = unsafe self.kernel(version)
        var mixed = [Float](repeating: 77, count: (count + 1) * heads * width)
        var scratch = [Float](repeating: .nan, count: ck_attention_scratch(count, width))
        if let bias {
            unsafe bias.withUnsafeBufferPointer { bias in
                unsafe kernel(
                    projected, count, heads, width, bias.baseAddress! + count - 1, 2 * count - 1, &mixed, &scratch)
            }
        } else {
            unsafe kernel(projected, count, heads, width, nil, 0, &mixed, &scratch)
        }
        #expect(mixed[(count * heads * width)...].allSatisfy { $0 == 77 })
        return Array(mixed.prefix(count * heads * width))
    }

    private func reference(
        _ projected: [Float], count: Int, heads: Int, width: Int, bias: [Float]?
    ) -> [Double] {
        let hidden = heads * width
        func value(_ token: Int, _ part: Int, _ head: Int, _ place: Int) -> Double {
            Double(projected[token * 3 * hidden + part * hidden + head * width + place])
        }
        var result = [Double](repeating: 0, count: count * hidden)
        for head in 0..<heads {
            for query in 0..<count {
                let scores = (0..<count).map { key in
                    (0..<width).reduce(0) { $0 + value(query, 0, head, $1) * value(key, 1, head, $1) }
                        / Double(width).squareRoot()
                        + (bias.map { Double($0[head * (2 * count - 1) + key - query + count - 1]) } ?? 0)
                }
                let highest = scores.max()!
                let sum = scores.reduce(0) { $0 + exp($1 - highest) }
                for place in 0..<width {
                    result[query * hidden + head * width + place] = (0..<count).reduce(0) {
                        $0 + exp(scores[$1] - highest) / sum * value($1, 2, head, place)
                    }
                }
            }
        }
        return result
    }

    private static let shapes = [
        (1, 2, 8), (2, 1, 1), (6, 3, 7), (7, 2, 16), (12, 2, 17), (13, 1, 32), (16, 2, 33), (33, 2, 64),
        (100, 1, 20), (5, 2, 130), (4, 1, 530), (577, 1, 8), (1089, 1, 1),
    ]

    /// They are one kernel level, so a run may be made on machines of both.
    @Test(.enabled(if: EncoderKernels.runnable.contains(.avx512vnni)))
    func `products of integers by VNNI change no bit`() {
        for (count, heads, width) in Self.shapes {
            let projected = normals(count * 3 * heads * width, UInt64(count), scale: 1.5)
            let without = run(.avx512, projected, count: count, heads: heads, width: width, bias: nil)
            #expect(run(.avx512vnni, projected, count: count, heads: heads, width: width, bias: nil) == without)
        }
    }

    @Test(arguments: EncoderKernels.runnable)
    func agreesWithTheFormula(version: EncoderKernels) {
        for (count, heads, width) in Self.shapes {
            let projected = normals(count * 3 * heads * width, UInt64(count), scale: 1.5)
            let bias = normals(heads * (2 * count - 1), 9, scale: 2)
            for bias in [nil, bias] {
                let mixed = run(
                    version, projected, count: count, heads: heads, width: width, bias: bias)
                let expected = reference(projected, count: count, heads: heads, width: width, bias: bias)
                let errors = zip(mixed, expected).map { abs(Double($0) - $1) }
                let worst = errors.max()!
                let mean = errors.reduce(0, +) / Double(errors.count)
                let highest = version == .scalar ? 1e-5 : 5e-3
                #expect(
                    worst < highest && mean < highest / 10,
                    "\(count) tokens, \(heads) heads of \(width): \(worst), mean \(mean)")
            }
        }
    }

    /// What many tokens of low weight bring together is not lost beside one of high weight, but for the 64 that share its
    /// scale.
    @Test(arguments: EncoderKernels.runnable)
    func lowWeightsBesideAHighOne(version: EncoderKernels) {
        // Every query is 1, so the scores are the keys: 299 tokens have a weight of 1 / 40,000 each.
        let count = 300
        let projected = (0..<count).flatMap { [1, $0 == 70 ? Float(log(40_000.0)) : 0, $0 == 70 ? 0 : 1] as [Float] }
        let expected = reference(projected, count: count, heads: 1, width: 1, bias: nil)[0]
        let mixed = run(version, projected, count: count, heads: 1, width: 1, bias: nil)
        let lost = version == .scalar ? 0 : expected * 63 / 299
        #expect(mixed.allSatisfy { abs(Double($0) - (expected - lost)) < 1e-3 * expected })
    }

    /// Far below the highest score a weight is 0; a NaN stays visible.
    @Test(arguments: EncoderKernels.runnable, [20, 150])
    func extremes(version: EncoderKernels, count: Int) {
        // Every query is 1, so the scores are the keys; the value of token 3 is 1 and the others are 0.
        func weights(_ keys: [Float]) -> [Float] {
            let projected = (0..<count).flatMap { [1, keys[$0], $0 == 3 ? 1 : 0] as [Float] }
            return run(version, projected, count: count, heads: 1, width: 1, bias: nil)
        }
        var keys = [Float](repeating: -1e30, count: count)
        (keys[0], keys[3]) = (0, -86)
        #expect(weights(keys).allSatisfy { (version == .scalar ? $0 > 0 : $0 == 0) && $0 < 1e-36 })
        keys[3] = -90
        #expect(weights(keys).allSatisfy { $0 == 0 })
        keys[3] = 200
        #expect(weights(keys).allSatisfy { abs($0 - 1) < 1e-6 })
        for place in [0, 9, count - 1] {
            for number in [Float.nan, Float(bitPattern: 0x7fff_ffff), .infinity] {
                var broken = keys
                broken[place] = number
                #expect(weights(broken).allSatisfy { $0.isNaN })
            }
        }
    }

    /// Scores that overflow to minus infinity, all of a row, are no weights of 0.
    @Test(arguments: EncoderKernels.runnable, [2, 150])
    func overflow(version: EncoderKernels, count: Int) {
        let projected = (0..<count).flatMap { _ in [1e20, -1e20, 1] as [Float] }
        #expect(run(version, projected, count: count, heads: 1, width: 1, bias: nil).allSatisfy { $0.isNaN })
    }
}
