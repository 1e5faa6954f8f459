internal import Foundation

/// Threads that take tasks from a ``Schedule`` until it is finished or one has failed.
///
/// Threads and not Swift tasks: the work blocks on files and runs for minutes, which the cooperative pool is not for.
final class WorkerPool: @unchecked Sendable {
    // Unchecked because the mutable state is guarded by `condition`.
    private let runner: Runner
    private let plan: BuildPlan
    private let condition = NSCondition()
    private var schedule: Schedule
    private var failure: RunError?

    init(runner: Runner, plan: BuildPlan, schedule: Schedule) {
        self.runner = runner
        self.plan = plan
        self.schedule = schedule
    }

    /// - Throws: the first task's error, once the tasks that ran beside it have ended.
    func run() throws(RunError) {
        let group = DispatchGroup()
        for _ in 0..<runner.options.workers {
            group.enter()
            let thread = Thread {
                self.work()
                group.leave()
            }
            thread.stackSize = 16 << 20
            thread.start()
        }
        group.wait()
        runner.progress.close()
        if let failure { throw failure }
    }

    private func work() {
        condition.lock()
        defer { condition.unlock() }
        while !schedule.isFinished {
            guard let task = schedule.start() else {
                condition.wait()
                continue
            }
            let workers = threads(for: task)
            condition.unlock()
            let outcome = Result { () throws(RunError) in
                try runner.perform(plan.tasks[task], plan: plan, workers: workers)
            }
            condition.lock()
            switch outcome {
            case .success:
                for released in schedule.finish(task) { runner.retire(plan.tasks[released]) }
            case .failure(let error):
                schedule.fail(task)
                if failure == nil { failure = error }
            }
            condition.broadcast()
        }
        condition.broadcast()
    }

    /// A stage with fewer tasks left than there are workers gives each task more threads.
    private func threads(for task: Int) -> Int {
        max(1, runner.options.workers / max(1, min(runner.options.workers, schedule.unfinished(inStageOf: task))))
    }
}
