internal import Foundation
internal import Pipeline
internal import Storage

/// Where a command's result goes: a file that appears under its name only when it is complete, or a stream.
///
/// A file that is replaced keeps its mode; one in a folder that cannot be written to is written in place.
struct ResultFile {
    let sink: ByteSink
    private let path: String
    /// The name the file has while it is written; `nil` for standard output and devices, which are written directly.
    private let part: String?

    /// - Parameter path: `-` is standard output; `.gz`, `.zst` and `.lz4` compress.
    init(path: String) throws(StorageError) {
        // A link stays a link: what it points to is replaced.
        let target = path == "-" ? path : URL(filePath: path).resolvingSymlinksInPath().path
        self.path = target
        var status = stat()
        let exists = unsafe stat(target, &status) == 0
        let folder = URL(filePath: target).deletingLastPathComponent()
        let isStream = ["/dev/", "/proc/"].contains { path.hasPrefix($0) || target.hasPrefix($0) }
        let folderIsOpen = unsafe access(folder.path, W_OK) == 0
        let mustStay = exists && !folderIsOpen
        if path == "-" || isStream || mustStay || exists && status.st_mode & S_IFMT != S_IFREG {
            part = nil
            sink = try ByteSink(path: path)
            return
        }
        // The name's end says how to compress; two results of one command may lie in one folder.
        let end = URL(filePath: target).pathExtension
        let digest = Digest.sha256(target).prefix(8)
        Self.removeLeftovers(of: String(digest), in: folder.path)
        let own = "\(getpid())-\(digest)"
        let name = folder.appending(path: ".part-\(own)\(end.isEmpty ? "" : ".\(end)")").path
        part = name
        sink = try ByteSink(path: name)
        if exists { unsafe chmod(name, status.st_mode & 0o7777) }
    }

    /// Removes what processes that were ended left of the same result: `.part-PROCESS-DIGEST…`.
    private static func removeLeftovers(of digest: String, in folder: String) {
        for name in RunDirectory.list(folder) where name.hasPrefix(".part-") {
            let parts = name.dropFirst(".part-".count).split(separator: "-", maxSplits: 1)
            guard parts.count == 2, parts[1].hasPrefix(digest), let process = pid_t(parts[0]) else { continue }
            // On another machine that shares the folder it may be at work, but hardly for a day without writing.
            var status = stat()
            guard unsafe stat("\(folder)/\(name)", &status) == 0, time(nil) - status.st_mtim.tv_sec > 86_400 else {
                continue
            }
            if kill(process, 0) != 0, errno == ESRCH { RunDirectory.remove("\(folder)/\(name)") }
        }
    }

    /// Ends the result; a file is on the disk and has its name when this returns.
    func finish() throws(StorageError) {
        try sink.finish(sync: part != nil)
        guard let part else { return }
        try DurableFile.rename(part, to: path)
        try DurableFile.syncDirectory(URL(filePath: path).deletingLastPathComponent().path)
    }

    /// Removes what was written of a result that came to no end.
    func abandon() {
        if let part { RunDirectory.remove(part) }
    }
}
