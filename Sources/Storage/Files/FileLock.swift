internal import Foundation

/// A lock between processes on an empty file, held until the object goes away or the process ends, however it ends.
package final class FileLock: Sendable {
    package enum Mode: Sendable {
        /// Any number of holders, while none is exclusive.
        case shared
        case exclusive
    }

    package let path: String
    private let descriptor: Int32

    /// Takes the lock at once or fails.
    ///
    /// - Parameter path: made if it isn't there; its content is left alone.
    /// - Throws: `inUse` where another process, or another object of this one, holds it; `permissionDenied`, `notFound`
    ///   (the folder), `inputOutput`.
    package init(path: String, mode: Mode) throws(StorageError) {
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw StorageError.lastSystemError(path: path, doing: "opening the lock") }
        while flock(descriptor, (mode == .exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            let code = errno
            let holder = Self.holder(of: descriptor)
            defer { close(descriptor) }
            errno = code
            if [ENOLCK, ENOSYS, EOPNOTSUPP].contains(code) {
                throw StorageError(
                    .inputOutput, path: path,
                    "this filesystem does not lock files (\(unsafe String(cString: strerror(code)))); mount it with locks (NFS: with its lock service, Lustre: -o flock) or choose another run directory"
                )
            }
            guard code == EWOULDBLOCK else { throw StorageError.lastSystemError(path: path, doing: "locking") }
            throw StorageError(
                .inUse, path: path, "is locked by \(holder ?? "another process"); wait until it ends, or end it")
        }
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// The process that holds a lock on the file, as `/proc/locks` lists it; nil where that is not to be had.
    private static func holder(of descriptor: Int32) -> String? {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0,
            let table = try? String(contentsOfFile: "/proc/locks", encoding: .utf8)
        else { return nil }
        // 1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count >= 6, fields[1] == "FLOCK", fields[5].hasSuffix(":\(status.st_ino)"),
                let process = Int(fields[4]), process > 0
            else { continue }
            let command = try? String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8)
            let name = command.map { " (\($0.trimmingCharacters(in: .whitespacesAndNewlines)))" } ?? ""
            return "process \(process)\(name)"
        }
        return nil
    }
}
