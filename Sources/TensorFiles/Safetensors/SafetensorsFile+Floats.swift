package import Storage

extension SafetensorsFile {
    /// A tensor's elements as `Float`, row-major: F32 as they are, F16 and BF16 widened, F64 rounded to nearest.
    ///
    /// - Throws: `mismatch` when there is no such tensor, its shape is another or its elements are no such floats.
    package func floats(_ name: String, shape: [Int]) throws(StorageError) -> [Float] {
        let tensor = try tensor(name, shape: shape)
        let bytes = file.bytes.extracting(tensor.range)
        let count = tensor.elementCount
        func read<Bits: BitwiseCopyable>(_: Bits.Type, _ convert: (Bits) -> Float) -> [Float] {
            unsafe [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
                for index in 0..<count {
                    let offset = index * MemoryLayout<Bits>.stride
                    let bits = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Bits.self)
                    unsafe buffer.initializeElement(at: index, to: convert(bits))
                }
                initialized = count
            }
        }
        switch tensor.elementType {
        case .float32: return read(Float.self) { $0 }
        case .float16: return read(UInt16.self) { Float(Float16(bitPattern: $0)) }
        case .brainFloat16: return read(UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
        case .float64: return read(Double.self) { Float($0) }
        default: throw notFloats(tensor, expected: "F32, F16, BF16 or F64")
        }
    }

    private func notFloats(_ tensor: Tensor, expected: String) -> StorageError {
        StorageError(
            .mismatch, path: path,
            "tensor \"\(tensor.name)\" has elements of \(tensor.elementType.rawValue); expected \(expected)")
    }
}
