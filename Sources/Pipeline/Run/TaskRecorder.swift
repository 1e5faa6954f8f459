internal import Synchronization

/// Collects what a running task reports.
final class TaskRecorder: Sendable {
    private struct State {
        var rows = 0
        var figures: [String: Figure] = [:]
    }

    private let state = Mutex(State())
    private let onAdvance: @Sendable (Int) -> Void

    init(onAdvance: @escaping @Sendable (Int) -> Void) { self.onAdvance = onAdvance }

    func advance(rows: Int) {
        state.withLock { $0.rows += rows }
        onAdvance(rows)
    }

    func record(_ name: String, _ figure: Figure) { state.withLock { $0.figures[name] = figure } }

    var rows: Int { state.withLock { $0.rows } }
    var figures: [String: Figure] { state.withLock { $0.figures } }
}
