/// What is wrong with a file, where, and what to do about it.
package struct StorageError: Error, Hashable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        /// The file isn't there.
        case notFound
        /// The operating system refuses access.
        case permissionDenied
        /// The disk, the quota or the file-size limit is used up.
        case noSpace
        /// Reading or writing failed for another reason; the message has the system's own.
        case inputOutput
        /// The bytes are not what the format or a checksum says.
        case corrupt
        /// A format version older than the oldest this program reads.
        case tooOld
        /// A format version newer than the newest this program reads.
        case tooNew
        /// The file is sound but is not the one that was asked for (kind, column, element type).
        case mismatch
        /// Another process holds the lock.
        case inUse
    }

    package let kind: Kind
    package let path: String
    /// What was being done or what was found, in a sentence without the path.
    package let message: String

    package init(_ kind: Kind, path: String, _ message: String) {
        self.kind = kind
        self.path = path
        self.message = message
    }

    package var description: String { "\(path): \(message)" }
}
