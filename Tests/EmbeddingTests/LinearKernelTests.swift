import CKernels
import Foundation
import Kernels
import Testing

/// Each instruction set's linear layer against sums in double precision.
@Suite struct LinearKernelTests {
    typealias Kernel = (
        UnsafePointer<Float>?, Int, Int, UnsafePointer<Float>?, UnsafePointer<Float>?, Int, ck_linear_end,
        UnsafeMutablePointer<Float>?, UnsafeMutablePointer<Float>?
    ) -> Void

    private static func kernel(_ level: KernelLevel) -> Kernel {
        switch level {
        case .scalar: unsafe ck_linear_scalar
        case .avx2: unsafe ck_linear_avx2
        case .avx512: unsafe ck_linear_avx512
        }
    }

    private struct Layer {
        let packed: [Float]
        let bias: [Float]
        let outputs: Int
        let inputs: Int

        init(_ weight: [Float], bias: [Float], inputs: Int) {
            (outputs, self.inputs) = (bias.count, inputs)
            let padded = ck_linear_padded(bias.count)
            // What stands in the memory before must not matter.
            var packed = [Float](repeating: .nan, count: padded * inputs)
            unsafe ck_linear_pack(weight, bias.count, inputs, &packed)
            self.packed = packed
            self.bias = bias + [Float](repeating: 0, count: padded - bias.count)
        }

        /// With a row beyond the last that must stay as it is.
        func run(
            _ level: KernelLevel, _ x: [Float], rows: Int, usesBias: Bool = true, _ end: ck_linear_end
        ) -> [Float] {
            let kernel = unsafe LinearKernelTests.kernel(level)
            var y = [Float](repeating: 77, count: (rows + 1) * outputs)
            var scratch = [Float](repeating: .nan, count: ck_linear_scratch())
            if usesBias {
                unsafe kernel(x, rows, inputs, packed, bias, outputs, end, &y, &scratch)
            } else {
                unsafe kernel(x, rows, inputs, packed, nil, outputs, end, &y, &scratch)
            }
            #expect(y[(rows * outputs)...].allSatisfy { $0 == 77 })
            return Array(y.prefix(rows * outputs))
        }
    }

    private func gelu(_ x: Double) -> Double { x * (1 + erf(x / 2.0.squareRoot())) / 2 }

    @Test(arguments: runnableLevels)
    func agreesWithSums(level: KernelLevel) {
        for (rows, inputs, outputs) in [
            (0, 5, 3), (1, 1, 1), (5, 7, 15), (6, 8, 16), (7, 33, 17), (12, 384, 31), (13, 385, 33), (25, 800, 48),
            (193, 32, 96), (400, 50, 100),
        ] {
            let (x, weight) = (normals(rows * inputs, 1), normals(outputs * inputs, 2))
            let layer = Layer(weight, bias: normals(outputs, 3), inputs: inputs)
            let plain = layer.run(level, x, rows: rows, usesBias: false, CK_LINEAR_PLAIN)
            let biased = layer.run(level, x, rows: rows, CK_LINEAR_PLAIN)
            let finished = layer.run(level, x, rows: rows, CK_LINEAR_GELU)
            var worst = 0.0
            for row in 0..<rows {
                for output in 0..<outputs {
                    let sum = (0..<inputs).reduce(0.0) {
                        $0 + Double(x[row * inputs + $1]) * Double(weight[output * inputs + $1])
                    }
                    let place = row * outputs + output
                    let shifted = sum + Double(layer.bias[output])
                    worst = max(worst, abs(Double(plain[place]) - sum))
                    worst = max(worst, abs(Double(biased[place]) - shifted))
                    worst = max(worst, abs(Double(finished[place]) - gelu(shifted)))
                }
            }
            #expect(worst < 3e-6 * Double(inputs).squareRoot() + 1e-6, "\(rows) × \(inputs) × \(outputs): \(worst)")
        }
    }

    /// A row's outputs have the same bits wherever it stands.
    @Test(arguments: runnableLevels)
    func rowsDoNotDependOnOthers(level: KernelLevel) {
        let (rows, inputs, outputs) = (211, 400, 72)
        let x = normals(rows * inputs, 4)
        let layer = Layer(normals(outputs * inputs, 5), bias: normals(outputs, 6), inputs: inputs)
        let together = layer.run(level, x, rows: rows, CK_LINEAR_GELU)
        for (first, count) in [(0, 1), (5, 1), (3, 7), (11, 12), (100, 50), (190, 21), (210, 1)] {
            let part = Array(x[first * inputs..<(first + count) * inputs])
            let alone = layer.run(level, part, rows: count, CK_LINEAR_GELU)
            #expect(alone == Array(together[first * outputs..<(first + count) * outputs]))
        }
    }

    /// The whole range of the GELU, also where it saturates: one input with weight 1.
    @Test(arguments: runnableLevels)
    func geluOverTheWholeRange(level: KernelLevel) {
        let grid = (-200_000...200_000).map { Float($0) * 5e-5 } + [30, -30, 1e30, -1e30, .nan]
        let layer = Layer([Float](repeating: 1, count: 2), bias: [0, 0], inputs: 1)
        let result = layer.run(level, grid, rows: grid.count, CK_LINEAR_GELU)
        var worst = 0.0
        for (row, x) in grid.enumerated() where !x.isNaN {
            #expect(result[2 * row] == result[2 * row + 1])
            worst = max(worst, abs(Double(result[2 * row]) - gelu(Double(x))) / max(1, abs(Double(x))))
        }
        #expect(worst < 1e-6)
        #expect(result.last!.isNaN)
    }
}
