internal import CKernels

/// A layer normalisation's parameters.
struct LayerNorm: Sendable {
    let gain: [Float]
    let shift: [Float]
    let epsilon: Float

    /// `residual = layerNorm(x + bias + residual)` in `rows` rows of row-major `residual` from row `first` on.
    /// - Parameter x: row-major `[rows × bias.count]`.
    func apply(_ residual: inout [Float], from first: Int, adding x: [Float], bias: [Float], rows: Int) {
        let columns = bias.count
        precondition(residual.count >= (first + rows) * columns && x.count >= rows * columns && gain.count == columns)
        unsafe residual.withUnsafeMutableBufferPointer { residual in
            let start = unsafe residual.baseAddress! + first * columns
            unsafe ck_residual_layer_norm(start, x, bias, gain, shift, epsilon, rows, columns)
        }
    }
}
