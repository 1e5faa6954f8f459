internal import Storage

extension VectorFile {
    /// `.fbin`: u32 rows, u32 dimension, values.
    static func fbinLayout(_ file: MappedFile) throws(StorageError) -> Layout {
        guard file.count >= 8 else {
            throw StorageError(.corrupt, path: file.path, "it is too short for an .fbin header")
        }
        let rows = Int(file.bytes.loadLittleEndian(at: 0, as: UInt32.self))
        let dimension = Int(file.bytes.loadLittleEndian(at: 4, as: UInt32.self))
        guard dimension <= VectorFile.largestDimension else {
            throw StorageError(
                .corrupt, path: file.path, "its header says \(dimension) dimensions; is it an .fbin file?")
        }
        guard file.count == 8 + rows * dimension * 4 else {
            throw StorageError(
                .corrupt, path: file.path,
                "its header says \(rows) vectors of \(dimension), which takes \(8 + rows * dimension * 4) bytes; it has \(file.count)"
            )
        }
        return Layout(element: .float32, offset: 8, stride: dimension * 4, rows: rows, dimension: dimension)
    }

    /// `.fvecs`: i32 dimension before each row's values.
    static func fvecsLayout(_ file: MappedFile) throws(StorageError) -> Layout {
        guard file.count >= 4 else { throw StorageError(.corrupt, path: file.path, "it is too short for .fvecs") }
        let dimension = Int(file.bytes.loadLittleEndian(at: 0, as: UInt32.self))
        let stride = 4 + dimension * 4
        guard dimension > 0, file.count % stride == 0 else {
            throw StorageError(
                .corrupt, path: file.path,
                "its first row has \(dimension) dimensions, so it should be a multiple of \(stride) bytes long; it has \(file.count)"
            )
        }
        return Layout(
            element: .float32, offset: 4, stride: stride, rows: file.count / stride, dimension: dimension)
    }

    /// `.safetensors`: the 2-D tensor named `embeddings`, or the only tensor.
    static func safetensorsLayout(_ path: String) throws(StorageError) -> Layout {
        let file = try SafetensorsFile(path: path)
        guard let tensor = file.tensor("embeddings") ?? (file.tensors.count == 1 ? file.tensors[0] : nil) else {
            throw StorageError(
                .mismatch, path: path,
                "it has \(file.tensors.count) tensors and none named 'embeddings'; name the one with the vectors so")
        }
        let element: Layout.Element? =
            switch tensor.elementType {
            case .float16: .float16
            case .brainFloat16: .brainFloat16
            case .float32: .float32
            case .float64: .float64
            default: nil
            }
        guard let element, tensor.shape.count == 2 else {
            throw StorageError(
                .mismatch, path: path,
                "tensor '\(tensor.name)' is \(tensor.elementType.rawValue) of shape \(tensor.shape); vectors are F16, BF16, F32 or F64 of shape [rows, dimension]"
            )
        }
        return Layout(
            element: element, offset: tensor.range.lowerBound,
            stride: tensor.shape[1].multipliedReportingOverflow(by: tensor.elementType.size).partialValue,
            rows: tensor.shape[0], dimension: tensor.shape[1])
    }

    /// `.npy` versions 1 to 3: magic, version, header length, a Python dictionary as text, values.
    ///
    /// Source: NumPy Enhancement Proposal 1 and `numpy.lib.format`.
    static func npyLayout(_ file: MappedFile) throws(StorageError) -> Layout {
        let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
        guard file.count >= 12, (0..<6).allSatisfy({ file.bytes.loadLittleEndian(at: $0, as: UInt8.self) == magic[$0] })
        else { throw StorageError(.corrupt, path: file.path, "it does not begin as a .npy file does") }
        let version = file.bytes.loadLittleEndian(at: 6, as: UInt8.self)
        guard (1...3).contains(version) else {
            throw StorageError(.tooNew, path: file.path, "it is .npy version \(version); 1 to 3 are read")
        }
        let isLong = version > 1
        let length =
            isLong
            ? Int(file.bytes.loadLittleEndian(at: 8, as: UInt32.self))
            : Int(file.bytes.loadLittleEndian(at: 8, as: UInt16.self))
        let start = isLong ? 12 : 10
        guard length <= file.count - start else {
            throw StorageError(.corrupt, path: file.path, "its header is longer than the file; is it truncated?")
        }
        let text = String(
            decoding: (start..<start + length).map { file.bytes.loadLittleEndian(at: $0, as: UInt8.self) },
            as: UTF8.self)
        return try npyLayout(header: text, path: file.path, offset: start + length)
    }

    private static func npyLayout(header: String, path: String, offset: Int) throws(StorageError) -> Layout {
        guard let type = header.firstMatch(of: /'descr'\s*:\s*'([^']*)'/)?.output.1,
            let order = header.firstMatch(of: /'fortran_order'\s*:\s*(True|False)/)?.output.1,
            let shape = header.firstMatch(of: /'shape'\s*:\s*\(([0-9,\s]*)\)/)?.output.1
        else { throw StorageError(.corrupt, path: path, "its .npy header cannot be understood: \(header.prefix(120))") }
        let elements: [String: Layout.Element] = ["<f2": .float16, "<f4": .float32, "<f8": .float64]
        guard let element = elements[String(type)] else {
            throw StorageError(
                .mismatch, path: path, "its values are '\(type)'; little-endian floats are read: <f2, <f4, <f8")
        }
        guard order == "False" else {
            throw StorageError(
                .mismatch, path: path, "it is in Fortran order; save it with numpy.ascontiguousarray")
        }
        let sizes = shape.split(separator: ",").compactMap { Int($0.filter { !$0.isWhitespace }) }
        guard sizes.count == 2 else {
            throw StorageError(
                .mismatch, path: path, "its shape is (\(shape)); vectors have the shape (rows, dimension)")
        }
        let size = element == .float16 ? 2 : element == .float32 ? 4 : 8
        return Layout(
            element: element, offset: offset, stride: sizes[1].multipliedReportingOverflow(by: size).partialValue,
            rows: sizes[0], dimension: sizes[1])
    }
}
