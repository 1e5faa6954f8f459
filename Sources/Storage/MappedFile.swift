internal import Foundation

/// A whole file, mapped read-only. The mapping stays valid when the file is renamed over or unlinked; a file that is
/// mapped is never written to.
@safe package final class MappedFile: @unchecked Sendable {
    // Unchecked because of the pointer: the mapping is read-only and lives as long as this object.
    package let path: String
    private let base: UnsafeRawPointer?
    package let count: Int

    /// - Throws: `notFound`, `permissionDenied`, `inputOutput`.
    package init(path: String) throws(StorageError) {
        self.path = path
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StorageError.lastSystemError(path: path, doing: "opening") }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw StorageError.lastSystemError(path: path, doing: "reading the size of")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw StorageError(.inputOutput, path: path, "is not a regular file, so it cannot be memory-mapped")
        }
        count = Int(status.st_size)
        guard count > 0 else {
            unsafe base = nil
            return
        }
        let address = unsafe mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let address = unsafe address, unsafe address != MAP_FAILED else {
            throw StorageError.lastSystemError(path: path, doing: "memory-mapping")
        }
        unsafe base = UnsafeRawPointer(address)
    }

    deinit {
        if let base = unsafe base { unsafe munmap(UnsafeMutableRawPointer(mutating: base), count) }
    }

    /// The file's bytes, in place.
    package var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let buffer = unsafe UnsafeRawBufferPointer(start: base, count: count)
            return unsafe _overrideLifetime(buffer.bytes, borrowing: self)
        }
    }

    /// Tells the system how the mapping will be read.
    package func advise(_ advice: Advice) {
        guard let base = unsafe base else { return }
        unsafe madvise(UnsafeMutableRawPointer(mutating: base), count, advice.value)
    }

    /// Asks the system to read a range of the file ahead, and does not wait for it.
    package func willNeed(_ range: Range<Int>) {
        guard let base = unsafe base else { return }
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        // The advice is about whole pages.
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let start = range.lowerBound / page * page
        unsafe madvise(UnsafeMutableRawPointer(mutating: base + start), range.upperBound - start, MADV_WILLNEED)
    }

    /// Whether the page with a byte of the file is in memory; true also where the system does not say.
    package func isResident(at offset: Int) -> Bool {
        guard let base = unsafe base else { return true }
        precondition(offset >= 0 && offset < count)
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        var state: UInt8 = 1
        unsafe mincore(UnsafeMutableRawPointer(mutating: base + offset / page * page), 1, &state)
        return state & 1 == 1
    }

    package enum Advice: Sendable {
        case sequential, random, willNeed, notNeeded

        fileprivate var value: Int32 {
            switch self {
            case .sequential: Int32(MADV_SEQUENTIAL)
            case .random: Int32(MADV_RANDOM)
            case .willNeed: Int32(MADV_WILLNEED)
            case .notNeeded: Int32(MADV_DONTNEED)
            }
        }
    }
}

extension StorageError {
    /// The error that `errno` names, for the system call that has just failed.
    package static func lastSystemError(path: String, doing action: String) -> StorageError {
        let code = errno
        let reason = unsafe String(cString: strerror(code))
        let kind: Kind =
            switch code {
            case ENOENT: .notFound
            case EACCES, EPERM, EROFS: .permissionDenied
            case ENOSPC, EDQUOT, EFBIG: .noSpace
            default: .inputOutput
            }
        return StorageError(kind, path: path, "\(action) it failed: \(reason)")
    }
}
