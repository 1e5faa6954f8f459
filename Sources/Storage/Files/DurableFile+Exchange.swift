internal import CKernels
internal import Foundation

extension DurableFile {
    /// Puts a finished temporary folder in the place of another one, which then has the temporary name: whoever opens the
    /// final path finds the old folder or the new one, whole, and what is open stays open.
    ///
    /// - Throws: `notFound`, `permissionDenied`, `noSpace`, `inputOutput`; also where the filesystem cannot do it.
    package static func exchangeDirectory(_ temporary: String, with final: String) throws(StorageError) {
        try syncTree(temporary)
        guard unsafe ck_exchange(temporary, final) == 0 else {
            throw StorageError.lastSystemError(path: final, doing: "exchanging \(temporary) with")
        }
        try syncDirectory(parent(of: final))
        try syncDirectory(parent(of: temporary))
    }
}
