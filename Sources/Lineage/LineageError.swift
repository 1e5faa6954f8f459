package import Storage

/// Why a model's lineage cannot be told. Each names the file, and the tensor where there is one.
package enum LineageError: Error, Hashable, CustomStringConvertible {
    /// A file is missing, unreadable or damaged.
    case file(StorageError)
    /// A model that holds nothing to go by, or whose parts do not fit together.
    case model(path: String, message: String)
    /// A weight matrix that cannot be fingerprinted.
    case tensor(path: String, name: String, message: String)
    /// A fingerprint or library that is not what the format says.
    case fingerprint(path: String, message: String)
    /// Fingerprints that cannot be compared with each other.
    case incomparable(String)

    package var description: String {
        switch self {
        case .file(let error): "\(error)"
        case .model(let path, let message): "\(path): \(message)"
        case .tensor(let path, let name, let message): "\(path): tensor \"\(name)\" \(message)"
        case .fingerprint(let path, let message): "\(path): \(message)"
        case .incomparable(let message): message
        }
    }
}

/// Runs `body`, turning a storage error into a ``LineageError``.
func readingFiles<Value>(_ body: () throws(StorageError) -> Value) throws(LineageError) -> Value {
    do {
        return try body()
    } catch {
        throw .file(error)
    }
}
