internal import Foundation
internal import Synchronization

/// Progress on standard error: one line that redraws itself on a terminal, a plain line now and then elsewhere.
package final class BuildProgress: Sendable {
    private struct StageState {
        var total = 0
        var tasks = 0
        var rows = 0
        var finishedTasks = 0
        var firstStart: Date?
    }

    private struct State {
        var stages: [String: StageState] = [:]
        var current = ""
        var lastDrawn = Date.distantPast
        var lineIsOpen = false
    }

    private let state = Mutex(State())
    private let isTerminal: Bool
    private let report: @Sendable (String) -> Void

    /// - Parameters:
    ///   - isTerminal: whether a line may redraw itself; by default whether standard error is a terminal.
    ///   - report: takes the plain lines.
    package init(isTerminal: Bool = isatty(2) == 1, report: @escaping @Sendable (String) -> Void) {
        self.isTerminal = isTerminal
        self.report = report
    }

    package func expect(stage: String, tasks: Int, rows: Int) {
        state.withLock {
            var stageState = StageState()
            stageState.tasks = tasks
            stageState.total = rows
            $0.stages[stage] = stageState
        }
    }

    package func start(stage: String) {
        state.withLock {
            if $0.stages[stage]?.firstStart == nil { $0.stages[stage]?.firstStart = .now }
            $0.current = stage
        }
    }

    package func advance(stage: String, rows: Int) {
        state.withLock {
            $0.stages[stage]?.rows += rows
            $0.current = stage
            draw(&$0, force: false)
        }
    }

    package func finishTask(stage: String) {
        state.withLock {
            $0.stages[stage]?.finishedTasks += 1
            guard let done = $0.stages[stage], done.finishedTasks == done.tasks else { return }
            closeLine(&$0)
            report("\(stage): " + summary(done, isDone: true))
        }
    }

    /// Ends an open line, before something else is printed.
    package func close() { state.withLock { closeLine(&$0) } }

    private func closeLine(_ state: inout State) {
        guard state.lineIsOpen else { return }
        write("\r\u{1b}[K")
        state.lineIsOpen = false
    }

    private func draw(_ state: inout State, force: Bool) {
        let interval = isTerminal ? 0.1 : 10
        guard Date.now.timeIntervalSince(state.lastDrawn) >= interval, let stage = state.stages[state.current] else {
            return
        }
        let isFirst = state.lastDrawn == .distantPast
        state.lastDrawn = .now
        let line = "\(state.current): " + summary(stage, isDone: false)
        if isTerminal {
            write("\r\u{1b}[K\(line)")
            state.lineIsOpen = true
        } else if !isFirst {
            report(line)
        }
    }

    private func summary(_ stage: StageState, isDone: Bool) -> String {
        let seconds = max(1e-3, Date.now.timeIntervalSince(stage.firstStart ?? .now))
        var parts = ["\(stage.finishedTasks)/\(stage.tasks) \(stage.tasks == 1 ? "task" : "tasks")"]
        if stage.rows > 0 {
            let rate = Double(stage.rows) / seconds
            let total = stage.total > 0 && !isDone ? " of \(grouped(stage.total))" : ""
            parts.append("\(grouped(stage.rows))\(total) rows")
            parts.append("\(grouped(Int(rate))) rows/s")
            if !isDone, stage.total > stage.rows, rate > 0 {
                parts.append("\(duration(Double(stage.total - stage.rows) / rate)) left")
            }
        }
        if isDone { parts.append(duration(seconds)) }
        return parts.joined(separator: ", ")
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}

/// `1234567` as `1,234,567`.
package func grouped(_ number: Int) -> String {
    var digits = String(number.magnitude)
    var groups: [String] = []
    while digits.count > 3 {
        groups.insert(String(digits.suffix(3)), at: 0)
        digits.removeLast(3)
    }
    return (number < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
}

/// Seconds as `0.4 s`, `12 s`, `3 min 20 s` or `2 h 5 min`.
package func duration(_ seconds: Double) -> String {
    if seconds < 10 { return "\((seconds * 10).rounded() / 10) s" }
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    return "\(whole / 3600) h \(whole % 3600 / 60) min"
}

/// Bytes as `999 B`, `1.2 MB` or `3.4 GB` (powers of 1,000).
package func byteSize(_ bytes: Int) -> String {
    var value = Double(bytes)
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 1000 { return unit == "B" ? "\(bytes) B" : "\((value * 10).rounded() / 10) \(unit)" }
        value /= 1000
    }
    return "\((value * 10).rounded() / 10) TB"
}
