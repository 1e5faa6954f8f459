package import Storage

/// A two-dimensional NumPy array of little-endian floats (`f2`, `f4`, `f8`) in row order.
///
/// Format: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>, versions 1 to 3.
package final class NPYFile: VectorFile {
    package let path: String
    package let rows: Int
    package let dimension: Int
    private let file: MappedFile
    private let dataStart: Int
    private let element: StoredFloat

    package init(path: String) throws(StorageError) {
        self.path = path
        let file = try MappedFile(path: path)
        let bytes = file.bytes
        guard bytes.byteCount >= 12, bytes.extracting(0..<6).copied() == [0x93] + Array("NUMPY".utf8) else {
            throw StorageError(.corrupt, path: path, "is not a NumPy file: it does not begin with \\x93NUMPY")
        }
        let version = bytes.integer(at: 6, as: UInt8.self)
        let headerBytes: Int
        let headerStart: Int
        switch version {
        case 1: (headerStart, headerBytes) = (10, Int(bytes.integer(at: 8, as: UInt16.self)))
        case 2, 3: (headerStart, headerBytes) = (12, Int(bytes.integer(at: 8, as: UInt32.self)))
        default:
            throw StorageError(
                version == 0 ? .corrupt : .tooNew, path: path, "has NumPy format version \(version); 1 to 3 are known")
        }
        guard headerBytes <= bytes.byteCount - headerStart else {
            throw StorageError(.corrupt, path: path, "is truncated inside its header")
        }
        let text = String(
            decoding: bytes.extracting(headerStart..<headerStart + headerBytes).copied(), as: UTF8.self)
        let header = try NPYHeader(text, path: path)
        dataStart = headerStart + headerBytes
        element = header.element
        rows = header.rows
        dimension = header.dimension
        let (count, overflow) = rows.multipliedReportingOverflow(by: dimension * element.size)
        guard !overflow, bytes.byteCount - dataStart == count else {
            throw StorageError(
                .corrupt, path: path,
                "has \(bytes.byteCount - dataStart) bytes of data, but \(rows) × \(dimension) elements of \(element.size) "
                    + "bytes are \(overflow ? "far more" : "\(count)"); was it cut off?")
        }
        self.file = file
    }

    package func read(rows: Range<Int>, into destination: inout MutableSpan<Float>) throws(StorageError) {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= self.rows)
        let file = file
        element.convert(file.rows(rows, of: dimension * element.size, from: dataStart), into: &destination)
    }
}

/// The Python dictionary at the beginning: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
struct NPYHeader {
    let element: StoredFloat
    let rows: Int
    let dimension: Int

    init(_ text: String, path: String) throws(StorageError) {
        func value(_ key: String) throws(StorageError) -> Substring {
            for quote in ["'", "\""] {
                guard let range = text.firstRange(of: "\(quote)\(key)\(quote)") else { continue }
                let rest = text[range.upperBound...].drop { $0 == " " }
                if rest.first == ":" { return rest.dropFirst().drop { $0 == " " } }
            }
            throw StorageError(.corrupt, path: path, "has a header without '\(key)'")
        }
        let type = try value("descr").dropFirst().prefix { $0 != "'" && $0 != "\"" }
        switch type {
        case "<f2": element = .half
        case "<f4": element = .single
        case "<f8": element = .double
        case ">f2", ">f4", ">f8":
            throw StorageError(
                .mismatch, path: path,
                "has big-endian elements ('\(type)'); write it with .astype('<\(type.dropFirst())')")
        default:
            throw StorageError(
                .mismatch, path: path, "has elements of type '\(type)'; '<f2', '<f4' and '<f8' are known")
        }
        guard try !value("fortran_order").hasPrefix("True") else {
            throw StorageError(
                .mismatch, path: path, "is in column (Fortran) order; write it with numpy.ascontiguousarray(…)")
        }
        let shape = try value("shape")
        let fields = shape.dropFirst().prefix { $0 != ")" }.split(separator: ",").map { $0.filter { $0 != " " } }
        let sizes = fields.filter { !$0.isEmpty }.compactMap { Int($0) }
        guard shape.first == "(", sizes.count == fields.filter({ !$0.isEmpty }).count, sizes.allSatisfy({ $0 >= 0 })
        else {
            throw StorageError(.corrupt, path: path, "has a header with an unreadable shape")
        }
        guard sizes.count == 2, (1...1 << 24).contains(sizes[1]) else {
            throw StorageError(
                .mismatch, path: path,
                "has shape (\(sizes.map(String.init).joined(separator: ", "))); rows × dimension is needed")
        }
        rows = sizes[0]
        dimension = sizes[1]
    }
}
