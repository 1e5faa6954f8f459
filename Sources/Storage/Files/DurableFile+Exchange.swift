internal import CKernels
internal import Foundation

extension DurableFile {
    /// Puts a finished temporary folder in the place of another one, which then has the temporary name: whoever opens the
    /// final path finds the old folder or the new one, whole, and what is open stays open.
    ///
    /// - Throws: `notFound`, `permissionDenied`, `noSpace`, `inputOutput`; also where the filesystem cannot do it.
    package static func exchangeDirectory(_ temporary: String, with final: String) throws(StorageError) {
        let code = try exchange(temporary, with: final)
        guard code == 0 else {
            errno = code
            throw StorageError.lastSystemError(path: final, doing: "exchanging \(temporary) with")
        }
    }

    /// The same, but it is no error where the filesystem cannot do it or nothing has the final name.
    ///
    /// - Returns: whether it was done; if not, both are as they were.
    package static func exchangeDirectoryIfPossible(
        _ temporary: String, with final: String
    ) throws(StorageError) -> Bool {
        let code = try exchange(temporary, with: final)
        if [EINVAL, ENOSYS, ENOTSUP, EXDEV, ENOENT].contains(code) { return false }
        guard code == 0 else {
            errno = code
            throw StorageError.lastSystemError(path: final, doing: "exchanging \(temporary) with")
        }
        return true
    }

    /// - Returns: the system's error number of the exchange, or 0.
    private static func exchange(_ temporary: String, with final: String) throws(StorageError) -> Int32 {
        try syncTree(temporary)
        guard unsafe ck_exchange(temporary, final) == 0 else { return errno }
        try syncDirectory(parent(of: final))
        try syncDirectory(parent(of: temporary))
        return 0
    }
}
