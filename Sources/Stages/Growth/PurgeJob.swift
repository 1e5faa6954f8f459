internal import Foundation
package import Pipeline
internal import Storage

/// Erases what was deleted from every file of a run: of the current generation, of the one before it, and beside them.
package struct PurgeJob {
    private let directory: RunDirectory
    private let workers: Int
    private let progress: BuildProgress

    /// A file that is there while a purge has still to come to its end.
    static func marker(_ directory: RunDirectory) -> String { directory.file("purging") }

    package init(directory: RunDirectory, workers: Int, progress: BuildProgress) {
        (self.directory, self.workers, self.progress) = (directory, workers, progress)
    }

    /// Purges, under the run's exclusive lock. Killed at any moment, the run is whole and the same call goes on.
    ///
    /// Rows keep their numbers and stay hidden; their content is erased. Files that are not made of rows are made again
    /// from those that are. The run's copies of its input and what methods have learned go altogether, and so does the
    /// generation before the current one where this version of the program cannot purge it.
    ///
    /// - Returns: sentences on the result.
    /// - Throws: `missingInput` without a generation; `incompatible` for a current one that another version of the program
    ///   built, or while an append has not come to its end; then nothing is changed.
    package func purge() throws(RunError) -> String {
        try directory.requireExisting()
        let lock = try directory.lock(exclusive: true)
        defer { withExtendedLifetime(lock) {} }
        // What a method learned before goes, and nothing of it comes back.
        let methods = try MethodCache.lock(directory)
        defer { withExtendedLifetime(methods) {} }
        guard try directory.pendingGrowth() == nil else {
            throw RunError(
                .incompatible,
                "\(directory.path): an append, merge or retraining has not come to its end, and its files would not be purged; give its command again first"
            )
        }
        guard let current = try directory.currentGeneration() else {
            throw RunError(.missingInput, "\(directory.path): the build has not come to its end; run it again")
        }
        let deletions = try Deletions.read(directory)
        let (runner, currentPlan) = try plan(current)
        var previous: (generation: Generation, runner: Runner, plan: BuildPlan)?
        var foreign: Generation?
        if let generation = try directory.previousGeneration() {
            do {
                let (runner, plan) = try plan(generation)
                previous = (generation, runner, plan)
            } catch {
                guard [.incompatible, .configuration, .missingInput].contains(error.kind) else { throw error }
                foreign = generation
            }
        }
        let marker = Self.marker(directory)
        try reporting(damaged: .corrupt) { () throws(StorageError) in try DurableFile.write("", to: marker) }
        if let foreign { directory.forget(foreign) }
        try runner.removeLeftovers()
        if let previous {
            try previous.runner.purge(previous.plan, rows: deletions.rows(previous.generation, directory))
        }
        let rows = try deletions.rows(current, directory)
        try runner.purge(currentPlan, rows: rows)
        MethodCache.removeAll(directory)
        RunDirectory.remove(directory.file("input"))
        try RunBuilder.keepDeletedRows(directory, purged: deletions)
        RunDirectory.remove(marker)
        let dropped = foreign.map {
            ". Generation \($0.number), of another version of gradprint or with another embedder than is there now, could not be purged and is gone: there is none to roll back to"
        }
        return
            "\(grouped(rows.count)) deleted rows of generation \(current.number) are erased, and those of every generation that is kept; `gradprint check RUN --deleted IDS.txt` proves it\(dropped ?? "")"
    }

    /// The plan that a generation was made by.
    private func plan(_ generation: Generation) throws(RunError) -> (Runner, BuildPlan) {
        let configuration = try PipelineConfiguration(
            ConfigurationNode(yaml: generation.configuration, path: directory.configuration))
        let builder = RunBuilder(
            configuration: configuration, text: generation.configuration, directory: directory, workers: workers,
            allowsMixedPlatforms: true, progress: progress, optionalStages: generation.optionalStages)
        let runner = builder.runner(try BuildInputs(configuration, growth: generation.growth, read: []))
        let plan = try runner.currentPlan()
        guard Set(plan.tasks.map(\.folder)) == Set(generation.folders) else {
            throw RunError(
                .incompatible,
                "generation \(generation.number) was built by another version of gradprint or with another embedder; run the build again, and purge then"
            )
        }
        return (runner, plan)
    }
}

extension Deletions {
    /// The numbers of a generation's deleted rows in the corpus, rising.
    func rows(_ generation: Generation, _ directory: RunDirectory) throws(RunError) -> [Int] {
        let firstRows = LiveRows.firstRows(generation)
        var all: [Int] = []
        for file in generation.growth.files.indices {
            for (part, rows) in try rows(generation, file: file, directory).enumerated() where !rows.isEmpty {
                all += rows.map { firstRows[file][part] + $0 }
            }
        }
        return all
    }
}
