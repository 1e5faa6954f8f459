internal import CKernels

/// A linear layer `y = x·Wᵀ + b`, its weights packed for the product's kernel.
struct LinearLayer: Sendable {
    let inputs: Int
    let outputs: Int
    /// `[outputs]`.
    let bias: [Float]
    private let packed: [Float]
    /// As many as there are outputs in `packed`.
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
        let (outputs, inputs) = (bias.count, weight.count / bias.count)
        let padded = ck_linear_padded(outputs)
        packed = unsafe [Float](unsafeUninitializedCapacity: padded * inputs) { buffer, count in
            unsafe ck_linear_pack(weight, outputs, inputs, buffer.baseAddress)
            count = padded * inputs
        }
        paddedBias = bias + [Float](repeating: 0, count: padded - outputs)
        self.bias = bias
        self.inputs = inputs
        self.outputs = outputs
    }

    /// Writes the layer's outputs for `rows` rows of `x`. A row's outputs have the same bits among any other rows.
    ///
    /// - Parameters:
    ///   - x: row-major `[rows × inputs]`.
    ///   - y: row-major `[rows × outputs]`.
    ///   - scratch: ``scratchCount`` floats.
    /// - Complexity: 2·rows·inputs·outputs operations.
    func apply(_ x: [Float], rows: Int, _ finish: Finish, into y: inout [Float], _ scratch: inout [Float]) {
        precondition(x.count >= rows * inputs && y.count >= rows * outputs && scratch.count >= Self.scratchCount)
        if finish == .nothing {
            unsafe ck_linear(x, rows, inputs, packed, nil, outputs, CK_LINEAR_PLAIN, &y, &scratch)
        } else {
            let end = finish == .biasAndGELU ? CK_LINEAR_GELU : CK_LINEAR_PLAIN
            unsafe ck_linear(x, rows, inputs, packed, paddedBias, outputs, end, &y, &scratch)
        }
    }
}
