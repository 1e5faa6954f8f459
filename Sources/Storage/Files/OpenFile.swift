internal import Foundation

/// A file descriptor that closes itself, with errors that name the path.
struct OpenFile: ~Copyable {
    let path: String
    let descriptor: Int32
    /// Standard input and output are not closed.
    private let owned: Bool

    /// Opens for reading.
    init(reading path: String) throws(StorageError) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StorageError.lastSystemError(path: path, doing: "opening") }
        self.init(owning: descriptor, named: path)
    }

    /// Makes a new file for reading and writing; a file of that name is unlinked first, so that whoever has it mapped
    /// keeps the old bytes.
    init(creating path: String) throws(StorageError) {
        if unsafe unlink(path) != 0, errno != ENOENT {
            throw StorageError.lastSystemError(path: path, doing: "replacing")
        }
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw StorageError.lastSystemError(path: path, doing: "creating") }
        self.init(owning: descriptor, named: path)
    }

    private init(owning descriptor: Int32, named path: String) {
        self.path = path
        self.descriptor = descriptor
        owned = true
    }

    /// Takes an open descriptor, without closing it in the end.
    init(borrowing descriptor: Int32, named path: String) {
        self.path = path
        self.descriptor = descriptor
        owned = false
    }

    /// Opens for writing what may be a device or a pipe.
    init(writing path: String) throws(StorageError) {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw StorageError.lastSystemError(path: path, doing: "creating") }
        self.init(owning: descriptor, named: path)
    }

    deinit {
        if owned { close(descriptor) }
    }

    /// Reads up to `capacity` bytes into `buffer`, whose old content goes. Empty at the end of the file.
    func read(upTo capacity: Int, into buffer: inout [UInt8]) throws(StorageError) {
        var failed = false
        unsafe buffer = [UInt8](unsafeUninitializedCapacity: capacity) { output, initialized in
            while true {
                let count = unsafe Foundation.read(descriptor, output.baseAddress, capacity)
                if count < 0, errno == EINTR { continue }
                failed = count < 0
                initialized = max(0, count)
                return
            }
        }
        if failed { throw StorageError.lastSystemError(path: path, doing: "reading") }
    }

    /// Writes all of `bytes` where the file stands.
    func write(_ bytes: RawSpan) throws(StorageError) {
        var done = 0
        while done < bytes.byteCount {
            let count = unsafe bytes.withUnsafeBytes { input in
                unsafe Foundation.write(descriptor, input.baseAddress! + done, input.count - done)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw StorageError.lastSystemError(path: path, doing: "writing")
            }
            done += count
        }
    }

    func seek(to offset: Int) throws(StorageError) {
        guard lseek(descriptor, off_t(offset), SEEK_SET) >= 0 else {
            throw StorageError.lastSystemError(path: path, doing: "seeking in")
        }
    }

    func sync() throws(StorageError) {
        while fsync(descriptor) != 0 {
            if errno != EINTR { throw StorageError.lastSystemError(path: path, doing: "flushing to disk") }
        }
    }
}
