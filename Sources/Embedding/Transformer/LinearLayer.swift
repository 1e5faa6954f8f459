internal import CKernels

/// A linear layer `y = x·Wᵀ + b` in 16-bit integers with a scale for each block of 128 inputs, its weights packed for the
/// product's kernel; `ck_linear.h` has the formula and its bound.
struct LinearLayer: Sendable {
    let inputs: Int
    let outputs: Int
    /// `[outputs]`.
    let bias: [Float]
    private let weights: PackedWeights
    /// As many as there are outputs in ``weights``.
    private let paddedBias: [Float]

    /// What is done to a product before it is written.
    enum Finish {
        case nothing
        case bias
        /// The bias is added, then the exact (erf) GELU taken.
        case biasAndGELU
    }

    /// Working memory of the products, in floats.
    static let scratchCount = ck_linear_scratch()

    /// - Parameters:
    ///   - weight: row-major `[outputs × inputs]`.
    ///   - bias: `[outputs]`.
    init(weight: [Float], bias: [Float]) {
        precondition(!bias.isEmpty && weight.count % bias.count == 0)
        (outputs, inputs) = (bias.count, weight.count / bias.count)
        weights = PackedWeights(weight, outputs: outputs, inputs: inputs)
        paddedBias = bias + [Float](repeating: 0, count: ck_linear_padded(outputs) - outputs)
        self.bias = bias
    }

    /// Writes the layer's outputs for `rows` rows of `x`. A row's outputs have the same bits among any other rows, and are
    /// not numbers where one of its inputs is not finite.
    ///
    /// - Parameters:
    ///   - x: row-major, `rows` rows of it from row `first` on.
    ///   - y: row-major `[rows × outputs]`.
    ///   - scratch: ``scratchCount`` floats.
    /// - Complexity: 2·rows·inputs·outputs operations.
    func apply(
        _ x: [Float], from first: Int = 0, rows: Int, _ finish: Finish, into y: inout [Float], _ scratch: inout [Float]
    ) {
        precondition(
            x.count >= (first + rows) * inputs && y.count >= rows * outputs && scratch.count >= Self.scratchCount)
        let end = finish == .biasAndGELU ? CK_LINEAR_GELU : CK_LINEAR_PLAIN
        let (packed, scales) = unsafe (weights.packed, weights.scales)
        unsafe x.withUnsafeBufferPointer { x in
            let x = unsafe x.baseAddress! + first * inputs
            if finish == .nothing {
                unsafe ck_linear(x, rows, inputs, packed, scales, nil, outputs, end, &y, &scratch)
            } else {
                unsafe ck_linear(x, rows, inputs, packed, scales, paddedBias, outputs, end, &y, &scratch)
            }
        }
    }
}

/// Weights as integers with their scales, the integers on cache lines.
@safe private final class PackedWeights: @unchecked Sendable {
    // Unchecked because of the pointers: what they lead to is written once, before anyone else sees it.
    let packed: UnsafeMutablePointer<Int16>
    let scales: UnsafeMutablePointer<Float>

    private static let cacheLine = 64

    init(_ weight: [Float], outputs: Int, inputs: Int) {
        let bytes = ck_linear_packed_count(outputs, inputs) * MemoryLayout<Int16>.size
        let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: Self.cacheLine)
        unsafe packed = memory.bindMemory(to: Int16.self, capacity: bytes / MemoryLayout<Int16>.size)
        unsafe scales = .allocate(capacity: ck_linear_scale_count(outputs, inputs))
        unsafe ck_linear_pack(weight, outputs, inputs, packed, scales)
    }

    deinit {
        unsafe packed.deallocate()
        unsafe scales.deallocate()
    }
}
