/// Which task runs next: a pure state machine. Its transitions return what is to be done; the runner does it.
///
/// Among the tasks that are ready, those of the latest stage go first, so a shard streams through all its stages and
/// its intermediate files can be dropped early; within a stage, the lowest shard goes first.
struct Schedule {
    enum State { case done, waiting, running, failed }

    private(set) var states: [State]
    /// The number of each task's stage, rising.
    private let stages: [Int]
    private let inputs: [[Int]]
    private let readers: [[Int]]
    private let isDroppable: [Bool]

    /// - Parameters:
    ///   - plan: tasks of smaller index come first in the pipeline.
    ///   - mustRun: for each task whether it is still to be done.
    ///   - dropped: stages whose outputs go once every reader is done.
    init(plan: BuildPlan, mustRun: [Bool], dropped: Set<String>) {
        var numbers: [String: Int] = [:]
        stages = plan.tasks.map { task in
            let number = numbers[task.stage.name] ?? numbers.count
            numbers[task.stage.name] = number
            return number
        }
        inputs = plan.tasks.map(\.inputs)
        readers = plan.readers
        isDroppable = plan.tasks.map { dropped.contains($0.stage.name) }
        states = mustRun.map { $0 ? .waiting : .done }
    }

    var isFinished: Bool { !states.contains(.running) && (hasFailed || !states.contains(.waiting)) }
    var hasFailed: Bool { states.contains(.failed) }

    /// Takes the next ready task; `nil` when none is ready now or one has failed.
    mutating func start() -> Int? {
        guard !hasFailed else { return nil }
        var chosen: Int?
        for task in states.indices where states[task] == .waiting && isReady(task) {
            if let best = chosen, stages[best] >= stages[task] { continue }
            chosen = task
        }
        if let chosen { states[chosen] = .running }
        return chosen
    }

    /// Marks a task done; returns the tasks whose outputs may be dropped now.
    mutating func finish(_ task: Int) -> [Int] {
        precondition(states[task] == .running)
        states[task] = .done
        return inputs[task].filter { isReleased($0) }
    }

    mutating func fail(_ task: Int) { states[task] = .failed }

    /// Whether nothing needs a task's outputs any more.
    func isReleased(_ task: Int) -> Bool {
        isDroppable[task] && states[task] == .done && readers[task].allSatisfy { states[$0] == .done }
    }

    /// Tasks of `task`'s stage that are not done, itself among them.
    func unfinished(inStageOf task: Int) -> Int {
        states.indices.count { stages[$0] == stages[task] && (states[$0] == .waiting || states[$0] == .running) }
    }

    private func isReady(_ task: Int) -> Bool { inputs[task].allSatisfy { states[$0] == .done } }
}
