internal import Foundation
internal import Storage

/// What makes up the index now: the finished tasks that attribution reads. Written once, when a build, append or merge is
/// committed; a number is never used twice.
package struct Generation: Codable, Hashable, Sendable {
    package struct Part: Codable, Hashable, Sendable {
        /// The task's folder below the run directory.
        package let folder: String
        package let fingerprint: String
        package let shard: Catalog.Shard?
        /// Which of ``Generation/segments`` it is a part of.
        package let segment: Int?
    }

    package static let currentFormat = 2

    package var format = Generation.currentFormat
    package let number: Int
    package let growth: Growth
    /// Of all batches.
    package let catalog: Catalog
    package let segments: [Segment]
    /// For each stage its tasks in order.
    package let parts: [String: [Part]]
    package let platform: Platform
    /// The configuration it was built with, as YAML.
    package let configuration: String

    init(number: Int, catalog: Catalog, plan: BuildPlan, configuration: String) {
        self.number = number
        self.configuration = configuration
        self.catalog = catalog
        growth = plan.growth
        segments = plan.segments
        platform = .current
        parts = Dictionary(grouping: plan.tasks) { $0.stage.name }.mapValues { tasks in
            tasks.map { task in
                Part(
                    folder: task.folder, fingerprint: task.fingerprint, shard: task.shard,
                    segment: task.segment.flatMap { plan.segments.firstIndex(of: $0) })
            }
        }
    }

    /// The same under another number.
    init(_ other: Generation, number: Int, growth: Growth) {
        self.number = number
        self.growth = growth
        (catalog, segments, parts) = (other.catalog, other.segments, other.parts)
        (platform, configuration) = (other.platform, other.configuration)
    }

    /// The folders of its tasks below the run directory.
    package var folders: [String] { parts.values.joined().map(\.folder) }

    /// Whether it stands for the same as another, whatever their numbers.
    func isSame(as other: Generation) -> Bool {
        parts == other.parts && configuration == other.configuration && growth == other.growth
    }
}

extension RunDirectory {
    /// Generations that are kept: the current one and the one before it.
    static let keptGenerations = 2

    /// Numbers of the generations that are there, rising.
    package func generationNumbers() -> [Int] {
        Self.list(generations).filter { $0.hasSuffix(".json") }.compactMap { Int($0.dropLast(".json".count)) }.sorted()
    }

    /// The newest generation, `nil` when no build has come to its end here.
    package func currentGeneration() throws(RunError) -> Generation? {
        while let number = generationNumbers().last {
            // A build that ends just now may have removed it, for there is a newer one.
            if let generation = try generation(number) { return generation }
        }
        return nil
    }

    /// The one before the newest, which `rollback` returns to.
    package func previousGeneration() throws(RunError) -> Generation? {
        guard let number = generationNumbers().dropLast().last else { return nil }
        return try generation(number)
    }

    /// The current generation and the one before it, as far as they are there.
    package func keptGenerations() throws(RunError) -> [Generation] {
        var kept: [Generation] = []
        for number in generationNumbers() {
            if let generation = try generation(number) { kept.append(generation) }
        }
        return kept
    }

    /// The generation of a number, `nil` when it is not there.
    package func generation(_ number: Int) throws(RunError) -> Generation? {
        let path = "\(generations)/\(padded(number)).json"
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        return try reporting(damaged: .corrupt) { () throws(StorageError) in
            let format = try JSONFile.unsealedFormat(path: path)
            guard format <= Generation.currentFormat else {
                throw StorageError(.tooNew, path: path, "written by a newer gradprint")
            }
            guard format == Generation.currentFormat else {
                throw StorageError(
                    .tooOld, path: path, "written by an older gradprint; delete the file and run the build again")
            }
            return try JSONFile.unseal(Generation.self, path: path)
        }
    }

    /// Makes the plan's outputs the newest generation, unless they are it already.
    func publish(_ plan: BuildPlan, configuration: String) throws(RunError) {
        guard let catalog = plan.catalog else { preconditionFailure("a finished plan has a catalog") }
        let current = try currentGeneration()
        let next = Generation(
            number: (current?.number ?? 0) + 1, catalog: catalog, plan: plan, configuration: configuration)
        if current.map({ !next.isSame(as: $0) }) ?? true { try write(next) }
        removeOldGenerations()
    }

    /// Makes the generation before the current one the current one, under a new number.
    ///
    /// The files of both stay, so rolling back again takes the rollback back.
    ///
    /// - Throws: `missingInput` when there is none.
    package func rollBack() throws(RunError) -> Generation {
        guard let current = try currentGeneration(), let previous = try previousGeneration() else {
            throw RunError(.missingInput, "\(path): there is no generation before the current one to go back to")
        }
        var growth = previous.growth
        growth.reserveNumbers(of: current.growth)
        if let pending = try pendingGrowth() { growth.reserveNumbers(of: pending) }
        let next = Generation(previous, number: current.number + 1, growth: growth)
        // The configuration first: killed here, the run says that a build is unfinished, and the same command goes on.
        try reporting(damaged: .corrupt) { () throws(StorageError) in
            try DurableFile.write(next.configuration, to: self.configuration)
        }
        try write(next)
        forgetPending()
        removeOldGenerations()
        return next
    }

    private func write(_ generation: Generation) throws(RunError) {
        let path = "\(generations)/\(padded(generation.number)).json"
        try reporting(damaged: .corrupt) { () throws(StorageError) in try JSONFile.seal(generation, path: path) }
    }

    private func removeOldGenerations() {
        for number in generationNumbers().dropLast(Self.keptGenerations) { removeGeneration(number) }
    }

    /// Keeps a generation no longer: its files go with the next that deletes what is left over.
    package func forget(_ generation: Generation) { removeGeneration(generation.number) }

    private func removeGeneration(_ number: Int) { Self.remove("\(generations)/\(padded(number)).json") }

    /// The artifact of one part of a generation.
    package func artifact(_ part: Generation.Part) throws(RunError) -> Artifact {
        let folder = file(part.folder)
        return try reporting(damaged: .corrupt) { () throws(StorageError) in
            let manifest = try JSONFile.unseal(Manifest.self, path: "\(folder)/\(Manifest.fileName)")
            guard manifest.fingerprint == part.fingerprint else {
                throw StorageError(.corrupt, path: folder, "its manifest is not the one that the generation names")
            }
            return Artifact(folder: folder, manifest: manifest, shard: part.shard)
        }
    }
}
