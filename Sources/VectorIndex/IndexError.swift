package import Storage

/// Why an index cannot be opened, merged or searched.
package enum IndexError: Error, Hashable, CustomStringConvertible {
    case wrongDimension(expected: Int, found: Int)
    /// A query with a NaN or an infinity.
    case notFinite(query: Int)
    /// A row to index with a NaN or an infinity.
    case notFiniteRow(row: Int)
    /// Parts that were not made alike: another metric, dimension, embedder or projection.
    case mismatch(path: String, attribute: String, expected: String, found: String)
    case damaged(StorageError)

    package var description: String {
        switch self {
        case .wrongDimension(let expected, let found):
            "the query has \(found) dimensions and the index \(expected)"
        case .notFinite(let query):
            "query number \(query) has a value that is not finite"
        case .notFiniteRow(let row):
            "row \(row) has a value that is not finite, so it has no place in an index"
        case .mismatch(let path, let attribute, let expected, let found):
            "\(path): its \(attribute) is \(found) and the others' is \(expected); parts that were not made alike cannot be one index"
        case .damaged(let error):
            error.description
        }
    }
}

/// Runs `body`, turning storage errors into index errors.
func indexed<Value>(_ body: () throws(StorageError) -> Value) throws(IndexError) -> Value {
    do {
        return try body()
    } catch {
        throw .damaged(error)
    }
}
