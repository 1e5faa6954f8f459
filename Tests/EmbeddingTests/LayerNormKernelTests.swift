import CKernels
import Kernels
import Testing

/// Each instruction set's layer normalisation against the formula in double precision.
@Suite struct LayerNormKernelTests {
    typealias Kernel = (
        UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?,
        UnsafePointer<Float>?, Float, Int, Int
    ) -> Void

    @Test(arguments: runnableLevels)
    func agreesWithTheFormula(level: KernelLevel) {
        let kernel: Kernel =
            switch level {
            case .scalar: unsafe ck_residual_layer_norm_scalar
            case .avx2: unsafe ck_residual_layer_norm_avx2
            case .avx512: unsafe ck_residual_layer_norm_avx512
            }
        for width in [1, 7, 8, 15, 16, 17, 31, 33, 384, 1000] {
            let x = normals(3 * width, 5, scale: 2)
            let residual = normals(3 * width, 6)
            let (bias, gain, shift) = (normals(width, 7), normals(width, 8), normals(width, 9))
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
}
