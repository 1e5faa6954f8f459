internal import CKernels

/// A layer normalisation's parameters.
struct LayerNorm: Sendable {
    let gain: [Float]
    let shift: [Float]
    let epsilon: Float

    /// `residual = layerNorm(x + bias + residual)` in each row of row-major `[rows × bias.count]`.
    func apply(_ residual: inout [Float], adding x: [Float], bias: [Float], rows: Int) {
        let columns = bias.count
        precondition(residual.count >= rows * columns && x.count >= rows * columns && gain.count == columns)
        unsafe ck_residual_layer_norm(&residual, x, bias, gain, shift, epsilon, rows, columns)
    }
}
