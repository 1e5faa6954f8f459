package import Storage

/// What is wrong with an input, in which file and at which line.
package struct CorpusError: Error, Hashable, CustomStringConvertible {
    package enum Kind: String, Sendable, CaseIterable {
        /// The file cannot be read; ``CorpusError/cause`` says why.
        case file
        case brokenJSON, notAnObject, missingID, missingText, emptyText, wrongType, invalidUTF8
        /// One id stands for two samples.
        case duplicateID
    }

    package let kind: Kind
    package let path: String
    /// From 1; nil where the whole file is meant.
    package let line: Int?
    /// A sentence without path and line.
    package let message: String
    package let cause: StorageError?

    package init(_ kind: Kind, path: String, line: Int? = nil, _ message: String) {
        self.kind = kind
        self.path = path
        self.line = line
        self.message = message
        cause = nil
    }

    package init(_ cause: StorageError) {
        kind = .file
        path = cause.path
        line = nil
        message = cause.message
        self.cause = cause
    }

    package var description: String { line.map { "\(path):\($0): \(message)" } ?? "\(path): \(message)" }
}

/// Runs a body that reads files, in terms of inputs.
func readingFiles<R: ~Copyable>(_ body: () throws(StorageError) -> R) throws(CorpusError) -> R {
    do {
        return try body()
    } catch {
        throw CorpusError(error)
    }
}
