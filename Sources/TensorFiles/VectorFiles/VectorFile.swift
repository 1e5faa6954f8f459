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
        guard dimension <= Self.largestDimension else {
            throw StorageError(
                .corrupt, path: path,
                "its vectors have \(dimension) dimensions; at most \(Self.largestDimension) are read")
        }
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
        let values: [Float] =
            switch layout.element {
            case .float32: try copy(rows, zero: Float(0))
            case .float64: try copy(rows, zero: Double(0)).map { Float($0) }
            case .float16: widen(try copy(rows, zero: Float16(0)))
            case .brainFloat16: try copy(rows, zero: UInt16(0)).map { Float(bitPattern: UInt32($0) << 16) }
            }
        // Of infinities and what is no number, and of these alone, every bit of the exponent is set.
        var largest: UInt32 = 0
        for value in values { largest = max(largest, value.bitPattern & 0x7fff_ffff) }
        guard largest < 0x7f80_0000 else {
            let place = values.firstIndex { !$0.isFinite } ?? 0
            throw StorageError(
                .corrupt, path: path,
                "row \(rows.lowerBound + place / dimension) has the value \(values[place]) in column \(place % dimension)"
            )
        }
        return values
    }

    /// The values of rows as the file has them; `T` has the element's size. x86-64 has the files' byte order.
    private func copy<T: BitwiseCopyable>(_ rows: Range<Int>, zero: T) throws(StorageError) -> [T] {
        let rowBytes = dimension * layout.elementSize
        let bytes = file.bytes
        if format == .fvecs {
            for row in rows {
                let found = bytes.loadLittleEndian(at: layout.offset + row * layout.stride - 4, as: UInt32.self)
                guard Int(found) == dimension else {
                    throw StorageError(
                        .corrupt, path: path, "row \(row) has \(found) dimensions and the first \(dimension)")
                }
            }
        }
        var values = [T](repeating: zero, count: rows.count * dimension)
        // Rows that follow each other without a gap are one piece.
        let isDense = layout.stride == rowBytes
        let pieces = isDense ? 1 : rows.count
        let pieceBytes = isDense ? rowBytes * rows.count : rowBytes
        unsafe values.withUnsafeMutableBytes { output in
            for piece in 0..<pieces {
                let start = layout.offset + (rows.lowerBound + piece) * layout.stride
                let source = bytes.extracting(start..<start + pieceBytes)
                let target = unsafe UnsafeMutableRawBufferPointer(
                    rebasing: output[piece * pieceBytes..<(piece + 1) * pieceBytes])
                unsafe source.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
            }
        }
        return values
    }

    private func widen(_ halves: [Float16]) -> [Float] {
        var values = [Float](repeating: 0, count: halves.count)
        var span = values.mutableSpan
        HalfPrecision.widen(halves.span, into: &span)
        return values
    }
}

extension RawSpan {
    /// An integer of the file's byte order. The bounds are checked; the bytes need no alignment.
    func loadLittleEndian<T: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as type: T.Type) -> T {
        T(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: type))
    }
}
