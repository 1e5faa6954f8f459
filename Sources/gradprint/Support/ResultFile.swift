internal import Foundation
internal import Pipeline
internal import Storage

/// Where a command's result goes: a file that appears under its name only when it is complete, or a stream.
struct ResultFile {
    let sink: ByteSink
    private let path: String
    /// The name the file has while it is written; `nil` for standard output and devices, which are written directly.
    private let part: String?

    /// - Parameter path: `-` is standard output; `.gz`, `.zst` and `.lz4` compress.
    init(path: String) throws(StorageError) {
        self.path = path
        var status = stat()
        let exists = unsafe stat(path, &status) == 0
        if path == "-" || exists && status.st_mode & S_IFMT != S_IFREG {
            part = nil
            sink = try ByteSink(path: path)
        } else {
            let url = URL(filePath: path)
            let name = url.deletingLastPathComponent().appending(path: ".part-\(getpid())-\(url.lastPathComponent)")
                .path
            part = name
            sink = try ByteSink(path: name)
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
