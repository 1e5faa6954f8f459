import CKernels
import Foundation
import Kernels
import Testing

/// Each instruction set's kernels against the formulas in double precision.
@Suite struct EncoderKernelTests {
    static let widths = [1, 7, 8, 15, 16, 17, 31, 33, 384, 1000]

    typealias BiasKernel = (UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, Int, Int) -> Void
    typealias NormKernel = (
        UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?,
        UnsafePointer<Float>?, Float, Int, Int
    ) -> Void
    typealias SoftmaxKernel = (UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, Int, Int, Int) -> Void

    static var levels: [KernelLevel] {
        KernelLevel.allCases.filter { $0 == .scalar || KernelLevel.highest == .avx512 || $0 == KernelLevel.highest }
    }

    private func values(_ count: Int, _ seed: UInt64, scale: Float = 1) -> [Float] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in generator.normal() * scale }
    }

    @Test(arguments: levels)
    func gelu(level: KernelLevel) {
        let kernel: BiasKernel =
            switch level {
            case .scalar: unsafe ck_gelu_bias_scalar
            case .avx2: unsafe ck_gelu_bias_avx2
            case .avx512: unsafe ck_gelu_bias_avx512
            }
        for width in Self.widths {
            let bias = values(width, 1)
            let input = values(3 * width, 2, scale: 3)
            var output = input
            unsafe kernel(&output, bias, 3, width)
            for index in output.indices {
                let x = Double(input[index] + bias[index % width])
                let expected = x * (1 + erf(x / 2.0.squareRoot())) / 2
                #expect(abs(Double(output[index]) - expected) < 1e-6 * max(1, abs(x)))
            }
        }
        // The whole range, also where it saturates.
        var grid = (-200_000...200_000).map { Float($0) * 5e-5 } + [30, -30, 1e30, -1e30, .nan]
        let input = grid
        unsafe kernel(&grid, [Float](repeating: 0, count: grid.count), 1, grid.count)
        var worst = 0.0
        for (x, y) in zip(input, grid) where !x.isNaN {
            worst = max(
                worst, abs(Double(y) - Double(x) * (1 + erf(Double(x) / 2.0.squareRoot())) / 2) / max(1, abs(Double(x)))
            )
        }
        #expect(worst < 1e-6)
        #expect(grid.last!.isNaN)
    }

    @Test(arguments: levels)
    func addBias(level: KernelLevel) {
        let kernel: BiasKernel =
            switch level {
            case .scalar: unsafe ck_add_bias_scalar
            case .avx2: unsafe ck_add_bias_avx2
            case .avx512: unsafe ck_add_bias_avx512
            }
        for width in Self.widths {
            let bias = values(width, 3)
            let input = values(4 * width, 4)
            var output = input
            unsafe kernel(&output, bias, 3, width)
            for index in 0..<3 * width { #expect(output[index] == input[index] + bias[index % width]) }
            #expect(output[(3 * width)...] == input[(3 * width)...])
        }
    }

    @Test(arguments: levels)
    func residualLayerNorm(level: KernelLevel) {
        let kernel: NormKernel =
            switch level {
            case .scalar: unsafe ck_residual_layer_norm_scalar
            case .avx2: unsafe ck_residual_layer_norm_avx2
            case .avx512: unsafe ck_residual_layer_norm_avx512
            }
        for width in Self.widths {
            let x = values(3 * width, 5, scale: 2)
            let residual = values(3 * width, 6)
            let (bias, gain, shift) = (values(width, 7), values(width, 8), values(width, 9))
            var output = residual
            unsafe kernel(&output, x, bias, gain, shift, 1e-5, 3, width)
            for row in 0..<3 {
                let sums = (0..<width).map {
                    Double(x[row * width + $0]) + Double(bias[$0]) + Double(residual[row * width + $0])
                }
                let mean = sums.reduce(0, +) / Double(width)
                let variance = sums.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
                for column in 0..<width {
                    let expected =
                        (sums[column] - mean) / (variance + 1e-5).squareRoot() * Double(gain[column])
                        + Double(shift[column])
                    #expect(abs(Double(output[row * width + column]) - expected) < 1e-5 * max(1, abs(expected)))
                }
            }
        }
    }

    @Test(arguments: levels)
    func softmax(level: KernelLevel) {
        let kernel: SoftmaxKernel =
            switch level {
            case .scalar: unsafe ck_softmax_rows_scalar
            case .avx2: unsafe ck_softmax_rows_avx2
            case .avx512: unsafe ck_softmax_rows_avx512
            }
        for width in Self.widths {
            for usesBias in [false, true] {
                let bias = values(2 * width + 5, 10, scale: 4)
                let input = values(3 * width, 11, scale: 30)
                var output = input
                unsafe bias.withUnsafeBufferPointer { bias in
                    unsafe kernel(&output, usesBias ? bias.baseAddress! + 3 : nil, -1, 3, width)
                }
                for row in 0..<3 {
                    let scores = (0..<width).map {
                        Double(input[row * width + $0]) + (usesBias ? Double(bias[3 - row + $0]) : 0)
                    }
                    let highest = scores.max()!
                    let sum = scores.reduce(0) { $0 + exp($1 - highest) }
                    for column in 0..<width {
                        let expected = exp(scores[column] - highest) / sum
                        #expect(abs(Double(output[row * width + column]) - expected) < 2e-6)
                    }
                }
            }
        }
        // Far below the highest score a weight is 0; a NaN stays visible.
        var extreme: [Float] = [0, -1e30, -90, -86] + [Float](repeating: -.infinity, count: 20)
        unsafe kernel(&extreme, nil, 0, 1, extreme.count)
        #expect(
            extreme[0] == 1 && extreme[1] == 0 && extreme[2] == 0 && extreme[3] > 0
                && extreme[4...].allSatisfy { $0 == 0 })
        for place in [0, 9, 23] {
            var broken = [Float](repeating: 1, count: 24)
            broken[place] = .nan
            unsafe kernel(&broken, nil, 0, 1, 24)
            #expect(broken.contains { $0.isNaN })
        }
    }
}
