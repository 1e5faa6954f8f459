internal import CKernels

/// Projects gradients `δ ⊗ [x;1]` by a matrix of signs without a matrix product: a row's `2^classes` signed sums of δ are
/// tabulated, then each (output, input) pair costs one look-up and one multiply-add (see `ck_signs.h`).
package struct SignProjector: Sendable, Hashable {
    package let classes: Int
    /// d; the bias is input number d.
    package let dimension: Int
    /// m.
    package let outputs: Int
    /// What the sum is multiplied by.
    package let scale: Float
    private let codes: [UInt16]

    /// - Parameter isPositive: the sign of `(output, class, input)`, `input` up to and with `dimension`.
    package init(
        classes: Int, dimension: Int, outputs: Int, scale: Float,
        isPositive: (_ output: Int, _ class: Int, _ input: Int) -> Bool
    ) {
        precondition(classes > 0 && dimension >= 0 && outputs > 0)
        self.classes = classes
        self.dimension = dimension
        self.outputs = outputs
        self.scale = scale
        var codes = [UInt16](repeating: 0, count: ck_sign_code_count(classes, dimension, outputs))
        for group in 0..<ck_sign_groups(classes) {
            let members = ck_sign_group_start(classes, group)..<ck_sign_group_start(classes, group + 1)
            for output in 0..<outputs {
                for input in 0...dimension {
                    var code = 0
                    for (bit, member) in members.enumerated() where isPositive(output, member, input) {
                        code |= 1 << bit
                    }
                    let index = ck_sign_code_index(group, output, input, dimension, outputs)
                    codes[index] = UInt16(code * Int(CK_SIGN_STEP))
                }
            }
        }
        self.codes = codes
    }

    /// Projects a block of rows; each row's result depends on that row alone.
    ///
    /// - Parameters:
    ///   - x: row-major `[rows × dimension]`.
    ///   - delta: row-major `[rows × classes]`.
    ///   - out: row-major `[rows × outputs]`.
    /// - Complexity: rows·outputs·(dimension + 1) look-ups for up to 10 classes, as many again for each 10 more.
    package func project(x: Span<Float>, delta: Span<Float>, rows: Int, into out: inout MutableSpan<Float>) {
        precondition(x.count >= rows * dimension && delta.count >= rows * classes && out.count >= rows * outputs)
        guard rows > 0 else { return }
        var scratch = [Float](repeating: 0, count: ck_sign_scratch(classes, dimension, outputs))
        unsafe x.withUnsafeBufferPointer { x in
            unsafe delta.withUnsafeBufferPointer { delta in
                unsafe out.withUnsafeMutableBufferPointer { out in
                    unsafe ck_sign_project(
                        x.baseAddress, dimension, dimension, delta.baseAddress, classes, rows, codes, outputs, scale,
                        &scratch, out.baseAddress!)
                }
            }
        }
    }
}
