internal import CKernels
internal import Kernels

/// A seeded random rotation in O(n log n): signs, fast Walsh–Hadamard transforms and Kac's pairs (FHT-Kac).
///
/// Vectors are first padded with zeros to a multiple of 32. Inner products and distances stay what they were, up to
/// rounding. `ck_rotation.h` defines the steps; every kernel level gives the same bits.
///
/// Source: Gao et al., arXiv 2409.09913, and its library's FHT-Kac rotator; Ailon & Chazelle 2009 for the transform.
package struct Rotation: Sendable, Hashable {
    /// Of the vectors that come in.
    package let dimension: Int
    /// Of the vectors that come out: the next multiple of 32.
    package let paddedDimension: Int
    private let signs: [UInt32]

    package init(dimension: Int, seed: UInt64) {
        precondition(dimension > 0)
        self.dimension = dimension
        paddedDimension = (dimension + 31) / 32 * 32
        var generator = SeededGenerator(seed: seed, stream: 0x726f_7461_7465)
        signs = (0..<Int(CK_ROTATION_ROUNDS) * paddedDimension).map { _ in
            generator.next() >> 63 == 1 ? 0x8000_0000 : 0
        }
    }

    /// Rotates rows of `dimension` numbers, each less `origin`.
    ///
    /// - Parameters:
    ///   - rows: row-major `[count × dimension]`.
    ///   - origin: `[dimension]`.
    ///   - output: row-major `[count × paddedDimension]`.
    package func rotate(_ rows: Span<Float>, lessOrigin origin: Span<Float>, into output: inout MutableSpan<Float>) {
        let count = rows.count / dimension
        precondition(rows.count == count * dimension && output.count >= count * paddedDimension)
        precondition(origin.count == dimension)
        for row in 0..<count {
            for index in 0..<dimension {
                output[row * paddedDimension + index] = rows[row * dimension + index] - origin[index]
            }
            for index in dimension..<paddedDimension { output[row * paddedDimension + index] = 0 }
        }
        unsafe output.withUnsafeMutableBufferPointer { output in
            unsafe signs.withUnsafeBufferPointer { signs in
                guard let base = output.baseAddress else { return }
                for row in 0..<count {
                    unsafe ck_rotate(base + row * paddedDimension, signs.baseAddress, paddedDimension)
                }
            }
        }
    }

    /// The rotation of one vector.
    package func rotated(_ vector: Span<Float>, lessOrigin origin: Span<Float>) -> [Float] {
        var output = [Float](repeating: 0, count: paddedDimension)
        var span = output.mutableSpan
        rotate(vector, lessOrigin: origin, into: &span)
        return output
    }
}
