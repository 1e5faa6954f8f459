internal import Foundation
internal import Pipeline
internal import Storage

/// Size and time of the last change of a file: the same as long as nobody writes it.
struct FileStamp: Codable, Hashable, Sendable {
    let bytes: Int
    /// Nanoseconds.
    let changed: Int
}

extension FileStamp {
    init(path: String) throws(StorageError) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            throw StorageError.lastSystemError(path: path, doing: "looking at")
        }
        bytes = Int(status.st_size)
        changed = status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
    }
}

/// Digests of the corpus' files, taken once for all the jobs of a submission: without them every element of every job
/// array would read the whole corpus for its SHA-256 sums.
///
/// A file that is not listed, or whose stamp is another one, is read.
struct FileDigests: Sendable {
    private struct Entry: Codable {
        let stamp: FileStamp
        let sha256: String
    }

    private let entries: [String: Entry]

    /// Knows nothing.
    init() { entries = [:] }

    /// Reads all files of `paths` once.
    init(of paths: [String]) throws(StorageError) {
        var entries: [String: Entry] = [:]
        for path in paths {
            let stamp = try FileStamp(path: path)
            let sum = try Digest.sha256(file: path)
            entries[path] = Entry(stamp: stamp, sha256: sum)
        }
        self.entries = entries
    }

    /// What ``write(to:)`` wrote.
    init(path: String) throws(StorageError) { entries = try JSONFile.unseal([String: Entry].self, path: path) }

    func write(to path: String) throws(StorageError) { try JSONFile.seal(entries, path: path) }

    func sha256(_ path: String) throws(StorageError) -> String {
        if let entry = entries[path], try FileStamp(path: path) == entry.stamp { return entry.sha256 }
        return try Digest.sha256(file: path)
    }
}
