internal import Synchronization

/// Collects what a running task reports.
final class TaskRecorder: Sendable {
    private struct State {
        var rows = 0
        var figures: [String: Figure] = [:]
        var erased: String?
    }

    private let state = Mutex(State())
    private let onAdvance: @Sendable (Int) -> Void

    init(onAdvance: @escaping @Sendable (Int) -> Void) { self.onAdvance = onAdvance }

    func advance(rows: Int) {
        state.withLock { $0.rows += rows }
        onAdvance(rows)
    }

    func record(_ name: String, _ figure: Figure) { state.withLock { $0.figures[name] = figure } }

    /// What the manifest says of rows that a purge had erased before.
    var erased: String? {
        get { state.withLock { $0.erased } }
        set { state.withLock { $0.erased = newValue } }
    }

    var rows: Int { state.withLock { $0.rows } }
    var figures: [String: Figure] { state.withLock { $0.figures } }
}
