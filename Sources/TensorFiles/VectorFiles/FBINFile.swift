package import Storage

/// The `.fbin` format of the big-ANN benchmarks: `u32` rows, `u32` dimension, then `float32` vectors, all little-endian.
package final class FBINFile: VectorFile {
    package let path: String
    package let rows: Int
    package let dimension: Int
    private let file: MappedFile

    package init(path: String) throws(StorageError) {
        self.path = path
        let file = try MappedFile(path: path)
        guard file.count >= 8 else { throw StorageError(.corrupt, path: path, "is too short for an .fbin header") }
        rows = Int(file.bytes.integer(at: 0, as: UInt32.self))
        dimension = Int(file.bytes.integer(at: 4, as: UInt32.self))
        guard dimension > 0, dimension <= 1 << 24 else {
            throw StorageError(.corrupt, path: path, "has an .fbin header with dimension \(dimension)")
        }
        guard file.count - 8 == 4 * rows * dimension else {
            throw StorageError(
                .corrupt, path: path,
                "has \(file.count - 8) bytes of data, but \(rows) × \(dimension) float32 are \(4 * rows * dimension); "
                    + "was it cut off?")
        }
        self.file = file
    }

    package func read(rows: Range<Int>, into destination: inout MutableSpan<Float>) throws(StorageError) {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= self.rows)
        let file = file
        StoredFloat.single.convert(file.rows(rows, of: 4 * dimension, from: 8), into: &destination)
    }
}

/// The `.fvecs` format of the TEXMEX benchmarks: before each `float32` vector its dimension as `i32`, all little-endian.
package final class FVECSFile: VectorFile {
    package let path: String
    package let rows: Int
    package let dimension: Int
    private let file: MappedFile

    package init(path: String) throws(StorageError) {
        self.path = path
        let file = try MappedFile(path: path)
        guard file.count >= 4 else { throw StorageError(.corrupt, path: path, "is too short for an .fvecs vector") }
        dimension = Int(file.bytes.integer(at: 0, as: Int32.self))
        guard dimension > 0, dimension <= 1 << 24 else {
            throw StorageError(.corrupt, path: path, "begins with a vector of dimension \(dimension)")
        }
        let rowBytes = 4 + 4 * dimension
        rows = file.count / rowBytes
        guard file.count % rowBytes == 0 else {
            throw StorageError(
                .corrupt, path: path,
                "has \(file.count) bytes, which are not whole vectors of dimension \(dimension) (\(rowBytes) bytes each); "
                    + "was it cut off?")
        }
        self.file = file
    }

    package func read(rows: Range<Int>, into destination: inout MutableSpan<Float>) throws(StorageError) {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= self.rows)
        precondition(destination.count == rows.count * dimension)
        let file = file
        for (index, row) in rows.enumerated() {
            let bytes = file.rows(row..<row + 1, of: 4 + 4 * dimension, from: 0)
            let found = bytes.integer(at: 0, as: Int32.self)
            guard found == dimension else {
                throw StorageError(
                    .corrupt, path: path, "has a vector of dimension \(found) at row \(row), not \(dimension)")
            }
            var output = destination._mutatingExtracting(index * dimension..<(index + 1) * dimension)
            StoredFloat.single.convert(bytes.extracting(4..<bytes.byteCount), into: &output)
        }
    }
}
