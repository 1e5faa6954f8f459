import CKernels
import Foundation
import Kernels
import Testing

/// Each instruction set's linear layer against its definition, written naively, and against sums in double precision.
@Suite struct LinearKernelTests {
    private func gelu(_ x: Double) -> Double { x * (1 + erf(x / 2.0.squareRoot())) / 2 }

    static let shapes = [
        (0, 5, 3), (1, 1, 1), (5, 7, 15), (6, 16, 16), (7, 33, 17), (12, 64, 31), (13, 65, 33), (2, 128, 40),
        (4, 384, 32), (5, 127, 16), (5, 129, 16), (25, 401, 48), (3, 800, 65), (193, 32, 96), (400, 50, 100),
    ]

    enum Numbers: CaseIterable {
        case normal
        /// They differ in their signs alone, and so have the largest norms.
        case flat
        /// Likewise, and all of a product's terms have one sign: the sums are as large as can be.
        case aligned
        /// Some are so large that they are multiplied apart from their blocks.
        case outliers
    }

    /// Numbers of which one in 150 is up to 400 times as large as the others, some at the limit of what an outlier is.
    private func withOutliers(_ x: [Float]) -> [Float] {
        x.indices.map { $0 % 150 == 17 ? x[$0] * [400, 60, 35][$0 / 150 % 3] : x[$0] }
    }

    /// Bit for bit the definition in `ck_linear.h`.
    @Test(arguments: EncoderKernels.runnable)
    func agreesWithTheDefinition(version: EncoderKernels) {
        for ((rows, inputs, outputs), kind) in Self.shapes.flatMap({ shape in Numbers.allCases.map { (shape, $0) } }) {
            var (x, weight) = (normals(rows * inputs, 1), normals(outputs * inputs, 2, scale: 0.1))
            if kind == .outliers {
                x = withOutliers(x)
            } else if kind != .normal {
                x = x.map { $0 > 0 ? 1 : -1 }
                weight = weight.map { $0 > 0 ? 0.1 : -0.1 }
            }
            if kind == .aligned {
                for place in weight.indices where rows > 0 { weight[place] = x[place % inputs] / 10 }
            }
            let layer = PackedLayer(weight, bias: normals(outputs, 3), inputs: inputs)
            let plain = layer.run(version, x, rows: rows, usesBias: false, CK_LINEAR_PLAIN)
            let biased = layer.run(version, x, rows: rows, CK_LINEAR_PLAIN)
            let states = (0..<rows).map { QuantisedStates(x[$0 * inputs..<($0 + 1) * inputs]) }
            let weights = (0..<outputs).map { QuantisedWeights(weight[$0 * inputs..<($0 + 1) * inputs]) }
            for row in 0..<rows {
                for output in 0..<outputs {
                    let place = row * outputs + output
                    #expect(plain[place] == weights[output].product(states[row]))
                    #expect(biased[place] == weights[output].product(states[row], from: layer.bias[output]))
                }
            }
        }
    }

    /// Of states and of weights.
    static let scales: [(Float, Float)] = [(1, 1), (1e-28, 1), (1e28, 1), (1e28, 1e-28), (1e-25, 1e25)]

    /// Within the bound in `ck_linear.h`, whatever the magnitudes.
    @Test(arguments: EncoderKernels.runnable, Self.scales)
    func staysWithinTheBound(version: EncoderKernels, scales: (Float, Float)) {
        for (rows, inputs, outputs) in Self.shapes {
            let x = withOutliers(normals(rows * inputs, 1, scale: scales.0))
            let weight = normals(outputs * inputs, 2, scale: scales.1)
            let layer = PackedLayer(weight, bias: normals(outputs, 3), inputs: inputs)
            let plain = layer.run(version, x, rows: rows, usesBias: false, CK_LINEAR_PLAIN)
            for row in 0..<rows {
                let stateScales = QuantisedStates(x[row * inputs..<(row + 1) * inputs]).scales
                for output in 0..<outputs {
                    let (states, weights) = (
                        x[row * inputs..<(row + 1) * inputs], weight[output * inputs..<(output + 1) * inputs]
                    )
                    let sum = zip(states, weights).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
                    let bound = QuantisedWeights(weights).bound(states, scales: stateScales)
                    let error = abs(Double(plain[row * outputs + output]) - sum)
                    #expect(error <= bound, "\(rows) × \(inputs) × \(outputs)")
                }
            }
        }
    }

    /// The GELU ends a product.
    @Test(arguments: EncoderKernels.runnable)
    func finishes(version: EncoderKernels) {
        for (rows, inputs, outputs) in Self.shapes {
            let (x, weight) = (normals(rows * inputs, 1), normals(outputs * inputs, 2, scale: 0.1))
            let layer = PackedLayer(weight, bias: normals(outputs, 3), inputs: inputs)
            let biased = layer.run(version, x, rows: rows, CK_LINEAR_PLAIN)
            let finished = layer.run(version, x, rows: rows, CK_LINEAR_GELU)
            for (value, result) in zip(biased, finished) {
                #expect(abs(gelu(Double(value)) - Double(result)) < 1e-5 * max(1, abs(Double(value))))
            }
        }
    }

    /// A row's outputs have the same bits wherever it stands.
    @Test(arguments: EncoderKernels.runnable)
    func rowsDoNotDependOnOthers(version: EncoderKernels) {
        let (rows, inputs, outputs) = (211, 400, 72)
        let x = withOutliers(normals(rows * inputs, 4))
        let layer = PackedLayer(normals(outputs * inputs, 5), bias: normals(outputs, 6), inputs: inputs)
        let together = layer.run(version, x, rows: rows, CK_LINEAR_GELU)
        for (first, count) in [(0, 1), (5, 1), (3, 7), (11, 12), (100, 50), (190, 21), (210, 1)] {
            let part = Array(x[first * inputs..<(first + count) * inputs])
            let alone = layer.run(version, part, rows: count, CK_LINEAR_GELU)
            #expect(alone == Array(together[first * outputs..<(first + count) * outputs]))
        }
    }

    /// An outlier does not take the precision of the numbers beside it.
    @Test(arguments: EncoderKernels.runnable)
    func outliers(version: EncoderKernels) {
        let (inputs, outputs) = (384, 32)
        let (x, weight) = (normals(inputs, 13), normals(outputs * inputs, 14, scale: 0.1))
        let layer = PackedLayer(weight, bias: [Float](repeating: 0, count: outputs), inputs: inputs)
        func run(_ x: [Float]) -> [Float] { layer.run(version, x, rows: 1, CK_LINEAR_PLAIN) }
        let (without, with, alone) = (
            run(x.indices.map { $0 == 200 ? 0 : x[$0] }), run(x.indices.map { $0 == 200 ? 3000 : x[$0] }),
            run(x.indices.map { $0 == 200 ? 3000 : 0 })
        )
        for output in 0..<outputs {
            // A few roundings in single precision of a number of some hundred.
            #expect(abs(with[output] - alone[output] - without[output]) < 1e-6 * abs(alone[output]) + 1e-5)
        }
        // Its square is 32 times the sum of the others', and a little less.
        for least: Float in [16000, 15980] {
            let large: [Int: Float] = [200: least, 201: 2000, 250: 2000]
            let tie = x.indices.map { large[$0] ?? 0 }
            let (states, tied) = (QuantisedStates(tie[...]), run(tie))
            #expect(states.outliers.map { $0 != nil } == [false, least == 16000, false])
            for output in 0..<outputs {
                let weights = QuantisedWeights(weight[output * inputs..<(output + 1) * inputs])
                #expect(tied[output] == weights.product(states))
            }
        }
    }

    /// Powers of two change nothing but the exponent; what is below 2⁻¹⁰⁰ counts as 0; zeros leave the bias.
    @Test(arguments: EncoderKernels.runnable)
    func magnitudes(version: EncoderKernels) {
        let (rows, inputs, outputs) = (5, 150, 40)
        let x = normals(rows * inputs, 7)
        let layer = PackedLayer(normals(outputs * inputs, 8), bias: normals(outputs, 9), inputs: inputs)
        let y = layer.run(version, x, rows: rows, usesBias: false, CK_LINEAR_PLAIN)
        for power: Float in [0x1p-90, 0x1p-30, 0x1p100] {
            let scaled = layer.run(version, x.map { $0 * power }, rows: rows, usesBias: false, CK_LINEAR_PLAIN)
            #expect(scaled == y.map { $0 * power })
        }
        for small: Float in [0, 0x1p-110] {
            let result = layer.run(version, x.map { $0 * small }, rows: rows, CK_LINEAR_PLAIN)
            #expect(result == (0..<rows).flatMap { _ in layer.bias.prefix(outputs) })
        }
    }

    /// What is not finite is seen in the outputs of its row or of its output, and nowhere else.
    @Test(arguments: EncoderKernels.runnable)
    func nonFinite(version: EncoderKernels) {
        let (rows, inputs, outputs) = (7, 419, 40)
        let (x, weight) = (normals(rows * inputs, 10), normals(outputs * inputs, 11))
        let bias = normals(outputs, 12)
        let layer = PackedLayer(weight, bias: bias, inputs: inputs)
        for end in [CK_LINEAR_PLAIN, CK_LINEAR_GELU] {
            let y = layer.run(version, x, rows: rows, end)
            for (broken, input) in [(Float.nan, 0), (.infinity, 200), (-.infinity, 417), (.nan, 418)] {
                var (states, weights) = (x, weight)
                states[3 * inputs + input] = broken
                weights[33 * inputs + input] = broken
                let ofState = layer.run(version, states, rows: rows, end)
                let ofWeight = PackedLayer(weights, bias: bias, inputs: inputs).run(version, x, rows: rows, end)
                for place in 0..<rows * outputs {
                    #expect(place / outputs == 3 ? ofState[place].isNaN : ofState[place] == y[place])
                    #expect(place % outputs == 33 ? ofWeight[place].isNaN : ofWeight[place] == y[place])
                }
            }
        }
    }

    /// The whole range of the GELU, also where it saturates: one input with weight 1.
    @Test(arguments: EncoderKernels.runnable)
    func geluOverTheWholeRange(version: EncoderKernels) {
        let grid = (-200_000...200_000).map { Float($0) * 5e-5 } + [30, -30, 1e30, -1e30, .nan]
        let layer = PackedLayer([Float](repeating: 1, count: 2), bias: [0, 0], inputs: 1)
        let result = layer.run(version, grid, rows: grid.count, CK_LINEAR_GELU)
        var worst = 0.0
        for (row, x) in grid.enumerated() where !x.isNaN {
            #expect(result[2 * row] == result[2 * row + 1])
            worst = max(worst, abs(Double(result[2 * row]) - gelu(Double(x))) / max(1, abs(Double(x))))
        }
        #expect(worst < 1e-5)
        #expect(result.last!.isNaN)
    }
}
