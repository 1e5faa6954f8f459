package import Storage

/// Writes vectors as `.npy` (version 1, `<f4`, C order) or `.fbin`, block by block.
package struct VectorFileWriter {
    private let sink: ByteSink
    private let rows: Int
    private let dimension: Int
    private var written = 0

    /// - Parameters:
    ///   - sink: the file, empty.
    ///   - format: `npy` or `fbin`.
    ///   - rows: how many there will be.
    /// - Throws: `mismatch` for another format, or for more rows or dimensions than `.fbin` can say.
    package init(
        to sink: ByteSink, format: VectorFormat?, rows: Int, dimension: Int
    ) throws(StorageError) {
        self.sink = sink
        self.rows = rows
        self.dimension = dimension
        switch format {
        case .npy:
            let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(rows), \(dimension)), }"
            // Magic, version and length take ten bytes; values begin at a multiple of 64, after a line's end.
            let blanks = 63 - (10 + text.utf8.count) % 64
            var header: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]
            header.appendInteger(UInt16(text.utf8.count + blanks + 1))
            header += Array(text.utf8) + [UInt8](repeating: 0x20, count: blanks) + [0x0A]
            try sink.write(header.span.rawBytes)
        case .fbin:
            guard let rows = UInt32(exactly: rows), let dimension = UInt32(exactly: dimension) else {
                throw StorageError(.mismatch, path: sink.name, "an .fbin file has less than 2^32 rows")
            }
            var header: [UInt8] = []
            header.appendInteger(rows)
            header.appendInteger(dimension)
            try sink.write(header.span.rawBytes)
        default:
            throw StorageError(.mismatch, path: sink.name, "vectors are written as .npy or .fbin; name the file so")
        }
    }

    /// - Parameter vectors: row-major `[rows × dimension]`.
    package mutating func append(_ vectors: Span<Float>) throws(StorageError) {
        precondition(vectors.count % dimension == 0)
        written += vectors.count / dimension
        precondition(written <= rows)
        try sink.write(vectors.rawBytes)
    }

    /// Checks that all rows came. Finishing the sink is the caller's.
    package func finish() { precondition(written == rows, "\(written) of \(rows) rows were written") }
}
