internal import Foundation

/// What the machine has to give.
package struct Resources: Sendable {
    /// Bytes of memory a new process can take: what is available, or what the control group allows, if less.
    package let memory: Int
    /// Bytes free on the run directory's filesystem.
    package let disk: Int

    package init(memory: Int, disk: Int) {
        self.memory = memory
        self.disk = disk
    }

    package static func available(at path: String) -> Resources {
        Resources(memory: min(availableMemory(), controlGroupMemory()), disk: freeDisk(path))
    }

    private static func availableMemory() -> Int {
        let text = (try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8)) ?? ""
        for line in text.split(separator: "\n") where line.hasPrefix("MemAvailable:") {
            if let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) {
                return kilobytes * 1024
            }
        }
        return .max
    }

    private static func controlGroupMemory() -> Int {
        func value(_ name: String) -> Int? {
            (try? String(contentsOfFile: "/sys/fs/cgroup/\(name)", encoding: .utf8))
                .flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        }
        guard let limit = value("memory.max") else { return .max }
        return max(0, limit - (value("memory.current") ?? 0))
    }

    private static func freeDisk(_ path: String) -> Int {
        var status = statvfs()
        guard unsafe statvfs(path, &status) == 0 else { return .max }
        return Int(status.f_bavail) * Int(status.f_frsize)
    }

    /// Refuses a corpus whose texts alone cannot fit. They are stored compressed, to a third at best.
    package func check(corpusBytes: Int, at path: String) throws(RunError) {
        guard corpusBytes / 3 > disk else { return }
        throw RunError(
            .noSpace,
            "the corpus' files have \(byteSize(corpusBytes)); \(path) has \(byteSize(disk)) free, which cannot hold them even compressed"
        )
    }

    /// Refuses a plan that cannot fit, before anything is allocated.
    func check(_ plan: BuildPlan, mustRun: [Bool], workers: Int, at path: String) throws(RunError) {
        guard let catalog = plan.catalog else { return }
        var diskNeeded = 0
        var memoryNeeded = 0
        var hungriest = ""
        for (index, task) in plan.tasks.enumerated() where mustRun[index] {
            guard let extent = plan.extent(of: task) else { continue }
            let estimate = task.stage.estimate(extent)
            // Intermediates that are dropped are not all there at once, but may be for a while.
            diskNeeded += estimate.disk
            let parallel = task.shard == nil ? 1 : min(workers, catalog.shards.count)
            if estimate.memory * parallel > memoryNeeded {
                memoryNeeded = estimate.memory * parallel
                hungriest = task.stage.name
            }
        }
        if memoryNeeded > memory {
            throw RunError(
                .noSpace,
                "the build needs about \(byteSize(memoryNeeded)) of memory at its peak (stage \(hungriest), \(workers) workers) and \(byteSize(memory)) are available; lower corpus.shard_rows, the stage's sample rows or --workers"
            )
        }
        if diskNeeded > disk {
            throw RunError(
                .noSpace,
                "the build writes about \(byteSize(diskNeeded)) into \(path) and \(byteSize(disk)) are free there; free some, choose another --run-dir, or drop intermediate files with 'retention'"
            )
        }
    }
}
