import CKernels
import Kernels
import Testing

/// A layer packed for the kernels, and what the kernels are checked against.
struct PackedLayer {
    typealias Kernel = (
        UnsafePointer<Float>?, Int, Int, UnsafePointer<Int16>?, UnsafePointer<Float>?, UnsafePointer<Float>?, Int,
        ck_linear_end, UnsafeMutablePointer<Float>?, UnsafeMutablePointer<Float>?
    ) -> Void

    let packed: [Int16]
    let scales: [Float]
    let bias: [Float]
    let outputs: Int
    let inputs: Int

    init(_ weight: [Float], bias: [Float], inputs: Int) {
        (outputs, self.inputs) = (bias.count, inputs)
        // What stands in the memory before must not matter.
        var packed = [Int16](repeating: 1234, count: ck_linear_packed_count(outputs, inputs))
        var scales = [Float](repeating: .nan, count: ck_linear_scale_count(outputs, inputs))
        unsafe ck_linear_pack(weight, bias.count, inputs, &packed, &scales)
        (self.packed, self.scales) = (packed, scales)
        self.bias = bias + [Float](repeating: 0, count: ck_linear_padded(outputs) - outputs)
    }

    private static func kernel(_ version: EncoderKernels) -> Kernel {
        switch version {
        case .scalar: unsafe ck_linear_scalar
        case .avx2: unsafe ck_linear_avx2
        case .avx512: unsafe ck_linear_avx512
        case .avx512vnni: unsafe ck_linear_avx512vnni
        }
    }

    /// With a row beyond the last that must stay as it is.
    func run(
        _ version: EncoderKernels, _ x: [Float], rows: Int, usesBias: Bool = true, _ end: ck_linear_end
    ) -> [Float] {
        let kernel = unsafe Self.kernel(version)
        var y = [Float](repeating: 77, count: (rows + 1) * outputs)
        var scratch = [Float](repeating: .nan, count: ck_linear_scratch())
        if usesBias {
            unsafe kernel(x, rows, inputs, packed, scales, bias, outputs, end, &y, &scratch)
        } else {
            unsafe kernel(x, rows, inputs, packed, scales, nil, outputs, end, &y, &scratch)
        }
        #expect(y[(rows * outputs)...].allSatisfy { $0 == 77 })
        return Array(y.prefix(rows * outputs))
    }
}

/// The definition's block of inputs.
private let block = 128

private func blocks(_ row: ArraySlice<Float>) -> [[Float]] {
    stride(from: row.startIndex, to: row.endIndex, by: block).map { Array(row[$0..<min($0 + block, row.endIndex)]) }
}

/// Blocks that are multiplied before their outliers are.
private let group = 3

/// A row of states as the definition rounds it.
struct QuantisedStates {
    private(set) var values: [[Int]] = []
    private(set) var scales: [Float] = []
    /// Each block's, if it has one.
    private(set) var outliers: [(place: Int, value: Float)?] = []

    init(_ row: ArraySlice<Float>) {
        for states in blocks(row) {
            var block = Self.rounded(states)
            let place = block.values.firstIndex { abs($0) == 16000 }
            let squares = block.values.reduce(0) { $0 + $1 * $1 }
            if let place, 32 * (squares - 16000 * 16000) <= 16000 * 16000 {
                outliers.append((place, states[place]))
                var others = states
                others[place] = 0
                block = Self.rounded(others)
            } else {
                outliers.append(nil)
            }
            values.append(block.values)
            scales.append(block.scale)
        }
    }

    private static func rounded(_ states: [Float]) -> (values: [Int], scale: Float) {
        func rounded(_ factor: Float) -> [Int] { states.map { Int(($0 * factor).rounded(.toNearestOrEven)) } }
        let highest = states.map(abs).max()!
        guard highest > 0 else { return (states.map { _ in 0 }, 0) }
        let whole = rounded(16000 / highest)
        let squares = whole.reduce(0) { $0 + $1 * $1 }
        let ratio: Float = squares > 85000 * 85000 ? 84988 / Float(squares).squareRoot() : 1
        return (ratio == 1 ? whole : rounded(16000 / highest * ratio), highest / 16000 / ratio)
    }
}

/// An output's weights as the definition rounds them.
struct QuantisedWeights {
    let values: [[Int]]
    let scales: [Float]
    private let weights: [[Float]]

    init(_ row: ArraySlice<Float>) {
        weights = blocks(row)
        let factors = weights.map { weights in
            let magnitudes = weights.map { abs(Double($0)) }
            let norm = magnitudes.reduce(0) { $0 + $1 * $1 }.squareRoot()
            let most = Double(Int32.max / 85000) - 1 - Double(weights.count).squareRoot() / 2
            return min(Double(32767 - 16000) / magnitudes.max()!, most / norm)
        }
        scales = factors.map { Float(1 / $0) }
        values = zip(weights, factors).map { weights, factor in
            weights.map { Int((Double($0) * factor).rounded(.toNearestOrEven)) }
        }
    }

    func product(_ states: QuantisedStates, from start: Float = 0) -> Float {
        var result = start
        for index in values.indices {
            func squares(_ numbers: [Int]) -> Double { Double(numbers.reduce(0) { $0 + $1 * $1 }) }
            #expect((squares(values[index]) * squares(states.values[index])).squareRoot() <= Double(Int32.max))
            let sum = zip(values[index], states.values[index]).reduce(0) { $0 + $1.0 * $1.1 }
            result = result.addingProduct(Float(sum) * scales[index], states.scales[index])
            guard index % group == group - 1 || index == values.count - 1 else { continue }
            for index in index / group * group...index {
                guard let outlier = states.outliers[index] else { continue }
                result = result.addingProduct(Float(values[index][outlier.place]) * scales[index], outlier.value)
            }
        }
        return result
    }

    /// How far a product with these states, which have these scales, may be from the exact one.
    func bound(_ states: ArraySlice<Float>, scales stateScales: [Float]) -> Double {
        var bound = 0.0
        for (index, states) in blocks(states).enumerated() {
            func sum(_ numbers: [Float]) -> Double { numbers.reduce(0) { $0 + abs(Double($1)) } }
            let (s, t) = (Double(stateScales[index]), Double(scales[index]))
            bound += (s * sum(weights[index]) + t * sum(states) + Double(states.count) * s * t / 2) / 2
            // Single precision: a few roundings of numbers no larger than the block's product of magnitudes.
            bound += 5e-7 * zip(states, weights[index]).reduce(0) { $0 + abs(Double($1.0) * Double($1.1)) }
        }
        return bound
    }
}
