package import Storage

/// A file of vectors of one dimension.
package protocol VectorFile: Sendable {
    var path: String { get }
    var rows: Int { get }
    var dimension: Int { get }

    /// Copies rows, widened or narrowed to single precision.
    ///
    /// - Parameters:
    ///   - rows: within the file.
    ///   - destination: row-major `[rows.count × dimension]`.
    /// - Throws: `corrupt`.
    func read(rows: Range<Int>, into destination: inout MutableSpan<Float>) throws(StorageError)
}

/// The formats that a file name's end tells.
package enum VectorFiles {
    /// Opens a `.npy`, `.fbin` or `.fvecs` file.
    ///
    /// - Throws: `notFound`, `permissionDenied`, `inputOutput`; `corrupt` (truncated, damaged header); `mismatch` (another
    ///   format, or contents that are not vectors of floats).
    package static func open(_ path: String) throws(StorageError) -> any VectorFile {
        if path.hasSuffix(".npy") { return try NPYFile(path: path) }
        if path.hasSuffix(".fbin") { return try FBINFile(path: path) }
        if path.hasSuffix(".fvecs") { return try FVECSFile(path: path) }
        throw StorageError(.mismatch, path: path, "is no file of vectors by its name; .npy, .fbin and .fvecs are known")
    }
}

/// The floats in which a file keeps its vectors.
enum StoredFloat: Sendable {
    case half, single, double

    var size: Int {
        switch self {
        case .half: 2
        case .single: 4
        case .double: 8
        }
    }

    /// Converts `bytes`, little-endian elements aligned or not, into all of `destination`.
    func convert(_ bytes: RawSpan, into destination: inout MutableSpan<Float>) {
        precondition(bytes.byteCount == destination.count * size)
        switch self {
        case .single:
            unsafe destination.withUnsafeMutableBytes { output in
                unsafe bytes.withUnsafeBytes { unsafe output.copyMemory(from: $0) }
            }
        case .half:
            var halves = [Float16](repeating: 0, count: destination.count)
            unsafe halves.withUnsafeMutableBytes { output in
                unsafe bytes.withUnsafeBytes { unsafe output.copyMemory(from: $0) }
            }
            HalfPrecision.widen(halves.span, into: &destination)
        case .double:
            for index in destination.indices {
                destination[index] = Float(Double(bitPattern: bytes.integer(at: 8 * index, as: UInt64.self)))
            }
        }
    }
}

extension MappedFile {
    /// The bytes of rows of one size that follow one another from `start`.
    @_lifetime(borrow self)
    func rows(_ rows: Range<Int>, of rowBytes: Int, from start: Int) -> RawSpan {
        bytes.extracting(start + rows.lowerBound * rowBytes..<start + rows.upperBound * rowBytes)
    }
}
