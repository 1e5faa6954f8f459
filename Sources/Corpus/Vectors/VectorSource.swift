internal import Storage
package import TensorFiles

/// Consecutive vectors of a source.
package struct VectorBlock: Hashable, Sendable {
    package var ids: [String]
    /// Where each vector came from: file and row, from 0.
    package var places: [Sample.Place]
    /// Row-major `[ids.count × dimension]`.
    package var vectors: [Float]

    package init(ids: [String] = [], places: [Sample.Place] = [], vectors: [Float] = []) {
        self.ids = ids
        self.places = places
        self.vectors = vectors
    }
}

/// The vectors of files, one after the other, block by block; of a corpus embedded elsewhere.
///
/// Their ids come from a list with one id a line; without it they are the row numbers over all files, from 0.
package final class VectorSource {
    package let files: [any VectorFile]
    package let dimension: Int
    /// Rows of all files, before any is left out.
    package let rows: Int
    /// Rows left out so far for a NaN or an infinity.
    package private(set) var skipped = 0

    private let policy: ErrorPolicy
    private let blockRows: Int
    private let list: LineReader?
    private var file = 0
    /// The next row of the current file, and over all files.
    private var row = 0
    private var totalRow = 0

    /// - Parameters:
    ///   - files: at least one, of one dimension.
    ///   - idList: a file of as many lines as there are vectors, plain or compressed, read twice; nil for row numbers.
    /// - Throws: `mismatch` where dimensions differ or the list has another length; `file`.
    package init(
        files: [any VectorFile], idList: String? = nil, blockRows: Int = 4096, onError policy: ErrorPolicy = .stop
    ) throws(CorpusError) {
        precondition(!files.isEmpty && blockRows > 0)
        let dimension = files[0].dimension
        for file in files where file.dimension != dimension {
            throw CorpusError(
                .mismatch, path: file.path,
                "has vectors of dimension \(file.dimension), but those of \(files[0].path) have \(dimension)")
        }
        let rows = files.reduce(0) { $0 + $1.rows }
        list = try readingFiles { () throws(StorageError) in
            try idList.map { path throws(StorageError) in try LineReader(path: path) }
        }
        if let idList {
            let count = try Self.lineCount(of: idList)
            guard count == rows else {
                throw CorpusError(.mismatch, path: idList, "has \(count) ids, but there are \(rows) vectors")
            }
        }
        self.files = files
        self.dimension = dimension
        self.rows = rows
        self.policy = policy
        self.blockRows = blockRows
    }

    /// The next vectors, at most a block and of one file; nil at the end. A block may be empty where all its rows were left
    /// out.
    ///
    /// - Throws: `notFinite` where the policy is to stop, with file and row; `missingID`, `invalidUTF8` in the list; `file`.
    package func next() throws(CorpusError) -> VectorBlock? {
        while file < files.count, row == files[file].rows {
            file += 1
            row = 0
        }
        guard file < files.count else { return nil }
        let source = files[file]
        let range = row..<min(row + blockRows, source.rows)
        var vectors = [Float](repeating: 0, count: range.count * dimension)
        do {
            var span = vectors.mutableSpan
            try source.read(rows: range, into: &span)
        } catch {
            throw CorpusError(error)
        }
        var block = VectorBlock()
        block.vectors.reserveCapacity(vectors.count)
        for (index, row) in range.enumerated() {
            let id = try nextID()
            let vector = vectors[index * dimension..<(index + 1) * dimension]
            guard vector.allSatisfy(\.isFinite) else {
                if policy == .stop {
                    throw CorpusError(
                        .notFinite, path: source.path, "the vector of row \(row) (id '\(id)') has a NaN or an infinity")
                }
                skipped += 1
                continue
            }
            block.ids.append(id)
            block.places.append(Sample.Place(file: file, line: row))
            block.vectors += vector
        }
        row = range.upperBound
        return block
    }

    private func nextID() throws(CorpusError) -> String {
        defer { totalRow += 1 }
        guard let list else { return String(totalRow) }
        let line = try readingFiles { () throws(StorageError) in try list.next() }
        guard let line, !line.isEmpty else {
            throw CorpusError(
                .missingID, path: list.source.name, line: list.lineNumber, "the line is empty, but an id is needed")
        }
        guard let id = String(validating: line, as: UTF8.self) else {
            throw CorpusError(.invalidUTF8, path: list.source.name, line: list.lineNumber, "the id is not UTF-8")
        }
        return id
    }

    private static func lineCount(of path: String) throws(CorpusError) -> Int {
        try readingFiles { () throws(StorageError) in
            let reader = try LineReader(path: path)
            while try reader.next({ _ throws(StorageError) in true }) != nil {}
            return reader.lineNumber
        }
    }
}
