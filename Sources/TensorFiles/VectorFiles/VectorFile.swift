internal import Foundation
package import Storage

/// The formats of vector files, told apart by the file name's end.
package enum VectorFormat: String, CaseIterable, Sendable {
    /// NumPy: 2-D, C order, little-endian f2, f4 or f8.
    case npy
    /// A safetensors file with one 2-D tensor, or one named `embeddings`.
    case safetensors
    /// u32 rows, u32 dimension, then f32 rows (the big-ann benchmarks' format).
    case fbin
    /// Each row as i32 dimension and f32 values (the TEXMEX format).
    case fvecs

    package init?(path: String) {
        guard let dot = path.lastIndex(of: ".") else { return nil }
        self.init(rawValue: path[path.index(after: dot)...].lowercased())
    }

    /// Whether a path names a vector file: by its end, and a folder is none.
    package static func isVectorFile(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        let exists = unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        return VectorFormat(path: path) != nil && !(exists && isFolder.boolValue)
    }
}

/// Vectors of one dimension in a memory-mapped file: rows at a fixed distance from each other.
package struct VectorFile: Sendable {
    package let path: String
    package let rows: Int
    package let dimension: Int
    private let format: VectorFormat
    private let layout: Layout
    private let file: MappedFile

    /// More is taken for a damaged header.
    static let largestDimension = 1 << 24

    /// Where the values lie.
    struct Layout: Sendable {
        enum Element: Int, Sendable { case float16, brainFloat16, float32, float64 }

        let element: Element
        /// Bytes from the file's start to the first value.
        let offset: Int
        /// Bytes from row to row.
        let stride: Int
        let rows: Int
        let dimension: Int

        var elementSize: Int {
            switch element {
            case .float16, .brainFloat16: 2
            case .float32: 4
            case .float64: 8
            }
        }
    }

    /// - Throws: `notFound`, `permissionDenied`, `corrupt` (damaged or truncated), `mismatch` (a format or element type
    ///   that is not read).
    package init(path: String) throws(StorageError) {
        guard let format = VectorFormat(path: path) else {
            throw StorageError(
                .mismatch, path: path,
                "it is not named as a vector file; known are .\(VectorFormat.allCases.map(\.rawValue).joined(separator: ", ."))"
            )
        }
        self.format = format
        file = try MappedFile(path: path)
        switch format {
        case .npy: layout = try Self.npyLayout(file)
        case .safetensors: layout = try Self.safetensorsLayout(path)
        case .fbin: layout = try Self.fbinLayout(file)
        case .fvecs: layout = try Self.fvecsLayout(file)
        }
        self.path = path
        rows = layout.rows
        dimension = layout.dimension
        guard dimension > 0 else { throw StorageError(.corrupt, path: path, "its vectors have no dimension") }
        let (bytes, overflow) = layout.stride.multipliedReportingOverflow(by: rows)
        guard !overflow, layout.offset <= file.count, bytes <= file.count - layout.offset + layout.stride,
            rows == 0 || (rows - 1) * layout.stride + dimension * layout.elementSize <= file.count - layout.offset
        else {
            throw StorageError(
                .corrupt, path: path,
                "its header says \(rows) vectors of \(dimension), which its \(file.count) bytes do not hold; is it truncated?"
            )
        }
    }

    /// Copies rows, as `float32`.
    ///
    /// - Parameter rows: within `0 ..< self.rows`.
    /// - Returns: row-major `[rows.count × dimension]`.
    /// - Throws: `corrupt` for a NaN, an infinity, or a row of another dimension (`.fvecs`), with the row's number.
    package func read(rows: Range<Int>) throws(StorageError) -> [Float] {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= self.rows)
        var values: [Float] = []
        values.reserveCapacity(rows.count * dimension)
        let bytes = file.bytes
        for row in rows {
            let start = layout.offset + row * layout.stride
            if format == .fvecs {
                let found = bytes.loadLittleEndian(at: start - 4, as: UInt32.self)
                guard Int(found) == dimension else {
                    throw StorageError(
                        .corrupt, path: path, "row \(row) has \(found) dimensions and the first \(dimension)")
                }
            }
            for column in 0..<dimension {
                let value = self.value(bytes, at: start + column * layout.elementSize)
                guard value.isFinite else {
                    throw StorageError(.corrupt, path: path, "row \(row) has the value \(value) in column \(column)")
                }
                values.append(value)
            }
        }
        return values
    }

    private func value(_ bytes: RawSpan, at offset: Int) -> Float {
        switch layout.element {
        case .float32: Float(bitPattern: bytes.loadLittleEndian(at: offset, as: UInt32.self))
        case .float64: Float(Double(bitPattern: bytes.loadLittleEndian(at: offset, as: UInt64.self)))
        case .float16: Float(Float16(bitPattern: bytes.loadLittleEndian(at: offset, as: UInt16.self)))
        case .brainFloat16:
            Float(bitPattern: UInt32(bytes.loadLittleEndian(at: offset, as: UInt16.self)) << 16)
        }
    }
}

extension RawSpan {
    /// An integer of the file's byte order. The bounds are checked; the bytes need no alignment.
    func loadLittleEndian<T: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: T.Type) -> T {
        T(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: type))
    }
}
