internal import Synchronization

/// Says for which scattered reads of large files the system is asked to read ahead: those that touch bytes for the first
/// time, and all while memory seems too small for the files.
///
/// Otherwise each page that is not in memory is waited for alone, or with megabytes around it that nobody wants. To ask for
/// what is in memory costs as much as reading a part of it, so that is looked at now and then.
package final class ReadAhead: Sendable {
    private let visits = Atomic(0)
    /// So many visits more are read ahead.
    private let left = Atomic(0)

    private static let lookEvery = 16
    private static let readsAhead = 4096

    package init() {}

    /// - Parameters:
    ///   - isFirst: whether these bytes are touched for the first time.
    ///   - isResident: whether they are in memory.
    package func isWanted(
        isFirst: Bool, isResident: () throws(StorageError) -> Bool
    ) throws(StorageError) -> Bool {
        if left.load(ordering: .relaxed) > 0 {
            left.subtract(1, ordering: .relaxed)
            return true
        }
        if isFirst { return true }
        guard visits.add(1, ordering: .relaxed).newValue % Self.lookEvery == 0, try !isResident() else { return false }
        left.store(Self.readsAhead, ordering: .relaxed)
        return true
    }
}
