internal import Foundation

/// Writes that survive a crash: a reader sees the old file or the new one, whole.
package enum DurableFile {
    /// Host and process: what makes a temporary name this process' own, also where several hosts write to one folder.
    package static let writer = "\(ProcessInfo.processInfo.hostName).\(getpid())"

    /// Puts a file in place: written to `PATH.WRITER.part`, flushed, renamed, and the folder flushed. Two that write the
    /// same file at once do not disturb each other; the last one's stays.
    ///
    /// - Throws: `notFound` (the folder), `permissionDenied`, `noSpace`, `inputOutput`; the old file stays then.
    package static func write(_ bytes: RawSpan, to path: String) throws(StorageError) {
        let temporary = "\(path).\(writer).part"
        do {
            let file = try OpenFile(creating: temporary)
            try file.write(bytes)
            try file.sync()
        } catch {
            unsafe unlink(temporary)
            throw error
        }
        try rename(temporary, to: path)
        try syncDirectory(parent(of: path))
    }

    package static func write(_ text: String, to path: String) throws(StorageError) {
        try write(text.utf8Span.span.rawBytes, to: path)
    }

    /// Waits until the disk has a file's content.
    package static func syncFile(_ path: String) throws(StorageError) { try OpenFile(reading: path).sync() }

    /// Waits until the disk has a folder's entries.
    package static func syncDirectory(_ path: String) throws(StorageError) { try OpenFile(reading: path).sync() }

    package enum Commit: Sendable {
        case committed
        /// Another process was first; the temporary folder is gone, the final one untouched.
        case alreadyThere
    }

    /// Makes a finished temporary folder the final one: flushes every file and folder in it, renames it, and flushes the
    /// folder that holds it.
    ///
    /// - Throws: `notFound`, `permissionDenied`, `noSpace`, `inputOutput`.
    package static func commitDirectory(_ temporary: String, to final: String) throws(StorageError) -> Commit {
        try syncTree(temporary)
        // rename(2) would replace an empty folder, but a folder that is there counts, empty or not.
        var isThere = isFolder(final)
        if !isThere, unsafe Foundation.rename(temporary, final) != 0 {
            let code = errno
            // A network filesystem that repeats a request whose answer was lost finds it done.
            let isRepeated = code == ENOENT && isFolder(final) && !isFolder(temporary)
            isThere = code == ENOTEMPTY || code == EEXIST || isRepeated
            errno = code
            if !isThere { throw StorageError.lastSystemError(path: final, doing: "renaming \(temporary) to") }
        }
        if isThere {
            try removeTree(temporary)
            return .alreadyThere
        }
        try syncDirectory(parent(of: final))
        return .committed
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        let isThere = unsafe lstat(path, &status) == 0
        return isThere && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Removes a file or a folder with all that is in it; one that is not there is no error.
    package static func removeTree(_ path: String) throws(StorageError) {
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            var status = stat()
            guard unsafe lstat(path, &status) == 0 else { return }
            throw StorageError(.inputOutput, path: path, "removing it failed: \(error.localizedDescription)")
        }
    }

    package static func rename(_ old: String, to new: String) throws(StorageError) {
        guard unsafe Foundation.rename(old, new) == 0 else {
            throw StorageError.lastSystemError(path: new, doing: "renaming \(old) to")
        }
    }

    /// The folder that a path lies in.
    package static func parent(of path: String) -> String {
        let trimmed = path.count > 1 && path.hasSuffix("/") ? path.dropLast() : path[...]
        guard let slash = trimmed.lastIndex(of: "/") else { return "." }
        return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
    }

    static func syncTree(_ path: String) throws(StorageError) {
        for name in try entries(of: path) {
            let entry = path + "/" + name
            var status = stat()
            guard unsafe lstat(entry, &status) == 0 else {
                throw StorageError.lastSystemError(path: entry, doing: "looking at")
            }
            switch status.st_mode & S_IFMT {
            case S_IFDIR: try syncTree(entry)
            case S_IFREG: try syncFile(entry)
            default: break
            }
        }
        try syncDirectory(path)
    }

    /// Names in a folder, sorted by their bytes.
    package static func entries(of path: String) throws(StorageError) -> [String] {
        guard let directory = unsafe opendir(path) else {
            throw StorageError.lastSystemError(path: path, doing: "listing")
        }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
