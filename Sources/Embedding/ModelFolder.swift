internal import Storage
internal import TensorFiles

/// A folder as Hugging Face and sentence-transformers publish it: reads its files with errors that name them.
struct ModelFolder: Sendable {
    let path: String

    func path(of name: String) -> String { path.hasSuffix("/") ? path + name : path + "/" + name }

    /// A file's bytes; `nil` when it isn't there.
    func optionalBytes(of name: String) throws(EmbeddingError) -> [UInt8]? {
        do throws(StorageError) {
            let file = try MappedFile(path: path(of: name))
            return unsafe file.bytes.withUnsafeBytes { unsafe Array($0) }
        } catch {
            if error.kind == .notFound { return nil }
            throw EmbeddingError(.unreadable, path: error.path, error.message)
        }
    }

    /// A JSON file that may be missing; it holds an object or a list.
    func optionalJSON(of name: String) throws(EmbeddingError) -> JSONValue? {
        guard let bytes = try optionalBytes(of: name) else { return nil }
        do throws(JSONSyntaxError) {
            let value = try JSONValue(parsing: bytes)
            if value.members != nil || value.array != nil { return value }
        } catch {
            throw EmbeddingError(.unreadable, path: path(of: name), "\(error)")
        }
        throw EmbeddingError(.unreadable, path: path(of: name), "holds neither a JSON object nor a list")
    }

    func json(of name: String, neededFor purpose: String) throws(EmbeddingError) -> JSONValue {
        guard let value = try optionalJSON(of: name) else { throw missing(name, neededFor: purpose) }
        return value
    }

    func missing(_ name: String, neededFor purpose: String) -> EmbeddingError {
        EmbeddingError(.missingFile, path: path(of: name), "is missing; \(purpose)")
    }

    func unsupported(_ name: String, _ message: String) -> EmbeddingError {
        EmbeddingError(.unsupported, path: path(of: name), message)
    }
}

/// The entries of one JSON object, read with errors that name the file, the key and what was expected.
struct Settings {
    let folder: ModelFolder
    let file: String
    let values: JSONValue

    /// A whole number within `range`.
    func integer(_ key: String, in range: ClosedRange<Int>, default fallback: Int? = nil) throws(EmbeddingError) -> Int
    {
        guard let value = present(key) else {
            if let fallback { return fallback }
            throw folder.unsupported(file, "has no \"\(key)\"; expected a whole number in \(range)")
        }
        guard let number = value.integer, range.contains(number) else {
            throw folder.unsupported(file, "\"\(key)\" is not a whole number in \(range)")
        }
        return number
    }

    func boolean(_ key: String, default fallback: Bool) throws(EmbeddingError) -> Bool {
        guard let value = present(key) else { return fallback }
        guard let boolean = value.boolean else {
            throw folder.unsupported(file, "\"\(key)\" is neither true nor false")
        }
        return boolean
    }

    /// A finite number that is not negative.
    func number(_ key: String, default fallback: Double) throws(EmbeddingError) -> Double {
        guard let value = present(key) else { return fallback }
        guard let number = value.double, number.isFinite, number >= 0 else {
            throw folder.unsupported(file, "\"\(key)\" is not a number of 0 or more")
        }
        return number
    }

    func string(_ key: String, default fallback: String? = nil) throws(EmbeddingError) -> String {
        guard let value = present(key) else {
            if let fallback { return fallback }
            throw folder.unsupported(file, "has no \"\(key)\"; expected a string")
        }
        guard let string = value.string else { throw folder.unsupported(file, "\"\(key)\" is not a string") }
        return string
    }

    /// The value, unless it is missing or null.
    func present(_ key: String) -> JSONValue? {
        guard let value = values[key], !value.isNull else { return nil }
        return value
    }
}
