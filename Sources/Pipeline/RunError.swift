package import Storage

/// What went wrong, told to the person who runs the program; the kind decides the exit code.
package struct RunError: Error, Hashable, CustomStringConvertible {
    package enum Kind: Int32, Sendable, CaseIterable {
        /// Input that is not what its format says: a broken line, a truncated archive, a duplicate id.
        case badInput = 65
        /// A file or folder that was named is not there.
        case missingInput = 66
        /// A defect of this program.
        case defect = 70
        /// Memory or disk does not suffice.
        case noSpace = 73
        /// The system failed to read or write.
        case inputOutput = 74
        /// Another process holds the run directory.
        case locked = 75
        /// A file of the run is damaged.
        case corrupt = 76
        /// The system refuses access.
        case permission = 77
        /// The configuration is wrong.
        case configuration = 78
        /// Parts that do not fit together: another embedder, another kernel level, a newer format.
        case incompatible = 79
        /// The process was told to end; the same command goes on where it was.
        case interrupted = 80
    }

    package let kind: Kind
    package let message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    package var description: String { message }
}

extension RunError {
    /// A storage error seen while reading a file that the *user* named (`.badInput`), or one of the run's own
    /// (`.corrupt`).
    package init(_ error: StorageError, damaged kind: Kind) {
        let kind: Kind =
            switch error.kind {
            case .notFound: kind == .corrupt ? .corrupt : .missingInput
            case .permissionDenied: .permission
            case .noSpace: .noSpace
            case .inputOutput: .inputOutput
            case .inUse: .locked
            case .corrupt: kind
            case .tooOld, .tooNew: .incompatible
            case .mismatch: kind == .corrupt ? .incompatible : kind
            }
        self.init(kind, error.description)
    }
}

/// Runs `body`, turning a storage error into the error a person sees.
package func reporting<Value>(
    damaged kind: RunError.Kind, _ body: () throws(StorageError) -> Value
) throws(RunError) -> Value {
    do {
        return try body()
    } catch {
        throw RunError(error, damaged: kind)
    }
}
