internal import Foundation
package import Storage
internal import TensorFiles

/// Vectors of one dimension in one or more files, numbered through, with an id each.
package struct VectorSet: Sendable {
    package let rows: Int
    package let dimension: Int
    /// SHA-256 over the files' digests, in order.
    package let digest: String
    private let files: [VectorFile]
    private let firstRows: [Int]
    private let ids: [String]?

    /// - Parameters:
    ///   - paths: at least one.
    ///   - ids: a file with one id a line; row numbers serve when there is none.
    /// - Throws: what opening the files throws; `mismatch` for files of different dimensions and for another number of
    ///   ids than of vectors.
    package init(_ paths: [String], ids idPath: String? = nil) throws(StorageError) {
        var files: [VectorFile] = []
        var firstRows: [Int] = []
        var rows = 0
        var digests = ""
        for path in paths {
            let file = try VectorFile(path: path)
            if let first = files.first, first.dimension != file.dimension {
                throw StorageError(
                    .mismatch, path: path,
                    "its vectors have \(file.dimension) dimensions, those of \(first.path) \(first.dimension)")
            }
            files.append(file)
            firstRows.append(rows)
            rows += file.rows
            digests += try Digest.sha256(file: path) + "\n"
        }
        guard let first = files.first else { preconditionFailure("a set of vectors has at least one file") }
        self.files = files
        self.firstRows = firstRows
        self.rows = rows
        dimension = first.dimension
        if let idPath {
            let ids = try Self.readIDs(idPath)
            guard ids.count == rows else {
                throw StorageError(.mismatch, path: idPath, "it has \(ids.count) ids for \(rows) vectors")
            }
            self.ids = ids
            digests += try Digest.sha256(file: idPath)
        } else {
            ids = nil
        }
        digest = Digest.sha256(digests)
    }

    /// The id of a row.
    package func id(_ row: Int) -> String { ids?[row] ?? "\(row)" }

    /// The rows that one of the files holds.
    package func rows(ofFile file: Int) -> Range<Int> { firstRows[file]..<firstRows[file] + files[file].rows }

    /// Copies rows.
    ///
    /// - Returns: row-major `[rows.count × dimension]`.
    /// - Throws: `corrupt` for values that are not finite; `mismatch` when there are fewer vectors than that.
    package func read(rows wanted: Range<Int>) throws(StorageError) -> [Float] {
        guard wanted.upperBound <= rows else {
            throw StorageError(
                .mismatch, path: files[files.count - 1].path,
                "there are \(rows) vectors and row \(wanted.upperBound - 1) is asked for; there has to be one for each sample"
            )
        }
        var values: [Float] = []
        for (file, first) in zip(files, firstRows) {
            let part = wanted.clamped(to: first..<first + file.rows)
            if !part.isEmpty { values += try file.read(rows: part.lowerBound - first..<part.upperBound - first) }
        }
        return values
    }

    private static func readIDs(_ path: String) throws(StorageError) -> [String] {
        let reader = try LineReader(path: path)
        var ids: [String] = []
        while let line = try reader.next() {
            guard let id = String(validating: line, as: UTF8.self), !id.isEmpty else {
                throw StorageError(.corrupt, path: path, "line \(reader.lineNumber) is no id: it is empty or not UTF-8")
            }
            ids.append(id)
        }
        return ids
    }
}
