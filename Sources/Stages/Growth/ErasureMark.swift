internal import Pipeline
internal import Storage

/// What a purge had erased from a generation when something was read of it.
///
/// A purge exchanges one folder after the other under readers, who need no lock: two equal marks, neither of them within a
/// purge, say that none came in between.
struct ErasureMark: Hashable, Sendable {
    /// Names the erased rows; nothing where there are none.
    private let rows: String?
    /// Whether a purge had not come to its end.
    let isWithinPurge: Bool

    /// - Throws: `corrupt`.
    init(_ directory: RunDirectory, _ generation: Generation?) throws(RunError) {
        // In this order: of a purge that begins in between, the rows may be new and the end is not.
        rows = try directory.erasedRows(of: generation)
        isWithinPurge = RunDirectory.size(of: PurgeJob.marker(directory)) != nil
    }
}
