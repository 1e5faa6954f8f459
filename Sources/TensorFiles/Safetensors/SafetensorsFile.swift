package import Storage

/// A safetensors file, memory-mapped.
///
/// | offset | size | meaning |
/// |---|---|---|
/// | 0 | 8 | N, the header's length, little-endian; at most 100 MB |
/// | 8 | N | header: one JSON object, spaces after it allowed: tensor name → `dtype`, `shape`, `data_offsets` |
/// | 8 + N | rest | data: every tensor row-major and little-endian, without gaps |
///
/// Opening checks the header completely: each tensor's offsets lie in the data and match its shape and element type,
/// and together the tensors cover the data exactly once. So no later read can leave the file. A header of more than
/// ``maximumHeaderValues`` values is refused, which bounds the memory that a hostile one takes.
///
/// Source: the format's description in the Hugging Face `safetensors` repository.
package struct SafetensorsFile: Sendable {
    package let path: String
    /// In the order of the data.
    package let tensors: [Tensor]
    /// The header's `__metadata__`, in the file's order.
    package let metadata: [(key: String, value: String)]
    let file: MappedFile
    private let indices: [String: Int]
    /// About 300,000 tensors, several times what the largest published file has.
    package static let maximumHeaderValues = 2_000_000

    package struct Tensor: Sendable, Hashable {
        package let name: String
        package let elementType: ElementType
        package let shape: [Int]
        /// In bytes from the file's start.
        package let range: Range<Int>

        package var elementCount: Int { range.count / elementType.size }
    }

    package enum ElementType: String, Sendable, CaseIterable {
        case bool = "BOOL"
        case unsignedInteger8 = "U8"
        case integer8 = "I8"
        case float8E5M2 = "F8_E5M2"
        case float8E4M3 = "F8_E4M3"
        case unsignedInteger16 = "U16"
        case integer16 = "I16"
        case float16 = "F16"
        case brainFloat16 = "BF16"
        case unsignedInteger32 = "U32"
        case integer32 = "I32"
        case float32 = "F32"
        case unsignedInteger64 = "U64"
        case integer64 = "I64"
        case float64 = "F64"

        /// In bytes.
        package var size: Int {
            switch self {
            case .bool, .unsignedInteger8, .integer8, .float8E5M2, .float8E4M3: 1
            case .unsignedInteger16, .integer16, .float16, .brainFloat16: 2
            case .unsignedInteger32, .integer32, .float32: 4
            case .unsignedInteger64, .integer64, .float64: 8
            }
        }
    }

    /// - Throws: what opening and mapping throw; `corrupt` with the tensor and the offset when the header is not sound.
    /// - Complexity: linear in the header; the data isn't read.
    package init(path: String) throws(StorageError) {
        let file = try MappedFile(path: path)
        let header = try SafetensorsHeader(file)
        self.path = path
        self.file = file
        tensors = header.tensors
        metadata = header.metadata
        // Names that are canonically equivalent are one key of a dictionary; the first one in the data stands.
        indices = Dictionary(header.tensors.enumerated().map { ($1.name, $0) }) { first, _ in first }
    }

    /// The whole file's bytes, in place: what a digest is taken over.
    package var bytes: RawSpan {
        @_lifetime(borrow self)
        get { file.bytes }
    }

    /// Tells the system that what was read is not needed for now; it counts as resident no longer.
    package func release() { file.advise(.notNeeded) }

    /// The tensor of that name; `nil` when the file has none.
    package func tensor(_ name: String) -> Tensor? { indices[name].map { tensors[$0] } }

    /// The tensor of that name and shape.
    /// - Throws: `mismatch`, naming file, tensor and shapes.
    package func tensor(_ name: String, shape: [Int]) throws(StorageError) -> Tensor {
        guard let tensor = tensor(name) else {
            throw StorageError(
                .mismatch, path: path,
                "has no tensor \"\(name)\"; expected one of shape \(shape) (the file has \(tensors.count) tensors)")
        }
        guard tensor.shape == shape else {
            throw StorageError(
                .mismatch, path: path, "tensor \"\(name)\" has the shape \(tensor.shape); expected \(shape)")
        }
        return tensor
    }
}
