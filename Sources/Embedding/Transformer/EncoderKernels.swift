internal import CKernels

/// The element-wise kernels of an encoder, on row-major `[rows × columns]` arrays.
enum EncoderKernels {
    /// `x += bias` in each row.
    static func addBias(_ x: inout [Float], _ bias: [Float], rows: Int) {
        precondition(x.count >= rows * bias.count)
        unsafe ck_add_bias(&x, bias, rows, bias.count)
    }

    /// `x = gelu(x + bias)` in each row, with the exact (erf) GELU.
    static func geluBias(_ x: inout [Float], _ bias: [Float], rows: Int) {
        precondition(x.count >= rows * bias.count)
        unsafe ck_gelu_bias(&x, bias, rows, bias.count)
    }

    /// `residual = layerNorm(x + bias + residual)` in each row.
    static func residualLayerNorm(
        _ residual: inout [Float], _ x: [Float], bias: [Float], _ norm: LayerNorm, rows: Int
    ) {
        let columns = bias.count
        precondition(residual.count >= rows * columns && x.count >= rows * columns && norm.gain.count == columns)
        unsafe ck_residual_layer_norm(&residual, x, bias, norm.gain, norm.shift, norm.epsilon, rows, columns)
    }
}

/// A layer normalisation's parameters.
struct LayerNorm: Sendable {
    let gain: [Float]
    let shift: [Float]
    let epsilon: Float
}

/// A linear layer `y = x·Wᵀ + b`.
struct LinearLayer: Sendable {
    /// Row-major `[outputs × inputs]`.
    let weight: [Float]
    /// `[outputs]`.
    let bias: [Float]
}
