internal import CKernels
internal import Storage
package import TensorFiles

/// A tensor seen as a matrix. Trailing axes shorter than 8 (a convolution's window) are folded into the one before them,
/// leading ones (stacked experts) into the rows.
package struct WeightMatrix: Sendable {
    package let tensor: SafetensorsFile.Tensor
    /// Which of the model's files holds it.
    package let file: Int
    package let rows: Int
    package let columns: Int
    let type: Element
    let quantization: Quantization?

    package var name: String { tensor.name }

    /// The element types that weights are stored in.
    enum Element: Sendable {
        case float32, float16, brainFloat16, float64, integer8, unsignedInteger8

        init?(_ type: SafetensorsFile.ElementType) {
            switch type {
            case .float32: self = .float32
            case .float16: self = .float16
            case .brainFloat16: self = .brainFloat16
            case .float64: self = .float64
            case .integer8: self = .integer8
            case .unsignedInteger8: self = .unsignedInteger8
            default: return nil
            }
        }

        var isFloat: Bool { self != .integer8 && self != .unsignedInteger8 }

        var kernelType: ck_weight_type {
            switch self {
            case .float32: CK_WEIGHT_F32
            case .float16: CK_WEIGHT_F16
            case .brainFloat16: CK_WEIGHT_BF16
            case .float64: CK_WEIGHT_F64
            case .integer8: CK_WEIGHT_I8
            case .unsignedInteger8: CK_WEIGHT_U8
            }
        }
    }

    /// What turns stored whole numbers into weights: `(stored − zero) · scale`, with one scale for the matrix, for a row,
    /// or for each group of columns of a row.
    struct Quantization: Sendable {
        /// `[1]`, `[rows]` or `[rows × groups]`.
        let scales: [Float]
        /// As `scales`, or one for all.
        let zeros: [Float]
        let groups: Int
    }

    /// `nil` for what is no matrix: fewer than two axes, or one shorter than 2.
    init?(tensor: SafetensorsFile.Tensor, file: Int, type: Element, quantization: Quantization?) {
        guard let (rows, columns) = Self.extents(tensor.shape) else { return nil }
        self.tensor = tensor
        self.file = file
        self.rows = rows
        self.columns = columns
        self.type = type
        self.quantization = quantization
    }

    static func extents(_ shape: [Int]) -> (rows: Int, columns: Int)? {
        var shape = shape
        while shape.count > 2, shape.last! < 8 { shape[shape.count - 2] *= shape.removeLast() }
        guard let columns = shape.popLast(), columns >= 2, !shape.isEmpty else { return nil }
        let rows = shape.reduce(1, *)
        return rows >= 2 ? (rows, columns) : nil
    }

    /// Whole rows as floats, row-major `[range.count × columns]`.
    ///
    /// - Throws: `tensor`, with row and column, at the first value that is not finite.
    func read(rows range: Range<Int>, of files: [SafetensorsFile]) throws(LineageError) -> [Float] {
        let count = range.count * columns
        let size = tensor.elementType.size
        let start = tensor.range.lowerBound + range.lowerBound * columns * size
        let file = files[file]
        let bytes = file.bytes.extracting(start..<start + count * size)
        var out = unsafe [Float](unsafeUninitializedCapacity: count) { target, initialized in
            unsafe bytes.withUnsafeBytes { source in
                unsafe ck_weights_read(
                    type.kernelType, source.baseAddress!.assumingMemoryBound(to: UInt8.self), target.baseAddress!, count
                )
            }
            initialized = count
        }
        let bad = unsafe out.span.withUnsafeBufferPointer { unsafe ck_first_not_finite($0.baseAddress!, count) }
        guard bad == count else {
            throw .tensor(
                path: file.path, name: name,
                message: "has the value \(out[bad]) at row \(range.lowerBound + bad / columns), column "
                    + "\(bad % columns); weights have to be finite numbers")
        }
        quantization?.apply(to: &out, rows: range, columns: columns)
        return out
    }
}

extension WeightMatrix.Quantization {
    /// Turns the whole numbers of some rows into weights, in place.
    func apply(to values: inout [Float], rows: Range<Int>, columns: Int) {
        let width = (columns + groups - 1) / groups
        var span = values.mutableSpan
        unsafe span.withUnsafeMutableBufferPointer { values in
            for row in rows {
                for group in 0..<groups where group * width < columns {
                    let index = row * groups + group
                    let start = (row - rows.lowerBound) * columns + group * width
                    unsafe ck_weights_rescale(
                        values.baseAddress! + start, min(width, columns - group * width),
                        zeros[zeros.count == 1 ? 0 : index], scales[scales.count == 1 ? 0 : index])
                }
            }
        }
    }
}
