internal import Foundation
internal import Storage

/// What makes up the index now: the finished tasks that attribution reads. Written once, when a merge is committed.
package struct Generation: Codable, Hashable, Sendable {
    package struct Part: Codable, Hashable, Sendable {
        /// The task's folder below the run directory.
        package let folder: String
        package let fingerprint: String
        package let shard: Catalog.Shard?
    }

    package static let currentFormat = 1

    package var format = Generation.currentFormat
    package let number: Int
    package let catalog: Catalog
    /// For each stage its tasks in order.
    package let parts: [String: [Part]]
    package let platform: Platform
    /// The configuration it was built with, as YAML.
    package let configuration: String

    init(number: Int, catalog: Catalog, plan: BuildPlan, configuration: String) {
        self.number = number
        self.configuration = configuration
        self.catalog = catalog
        platform = .current
        parts = Dictionary(grouping: plan.tasks) { $0.stage.name }.mapValues { tasks in
            tasks.map { Part(folder: $0.folder, fingerprint: $0.fingerprint, shard: $0.shard) }
        }
    }
}

extension RunDirectory {
    /// The newest generation, `nil` when no build has come to its end here.
    package func currentGeneration() throws(RunError) -> Generation? {
        guard let name = Self.list(generations).last(where: { $0.hasSuffix(".json") }) else { return nil }
        // A build that ends just now replaces the newest by the next.
        if !FileManager.default.fileExists(atPath: "\(generations)/\(name)") { return try currentGeneration() }
        return try reporting(damaged: .corrupt) { () throws(StorageError) in
            let generation = try JSONFile.unseal(Generation.self, path: "\(generations)/\(name)")
            guard generation.format <= Generation.currentFormat else {
                throw StorageError(.tooNew, path: "\(generations)/\(name)", "written by a newer gradprint")
            }
            return generation
        }
    }

    /// Makes the plan's outputs the newest generation, unless they are it already.
    func publish(_ plan: BuildPlan, configuration: String) throws(RunError) {
        guard let catalog = plan.catalog else { preconditionFailure("a finished plan has a catalog") }
        let current = try currentGeneration()
        let next = Generation(
            number: (current?.number ?? 0) + 1, catalog: catalog, plan: plan, configuration: configuration)
        if current?.parts != next.parts || current?.configuration != configuration {
            try reporting(damaged: .corrupt) { () throws(StorageError) in
                try JSONFile.seal(next, path: "\(generations)/\(padded(next.number)).json")
            }
        }
        // One generation is kept: an older one's files go with the clean-up.
        for name in Self.list(generations).filter({ $0.hasSuffix(".json") }).dropLast() {
            Self.remove("\(generations)/\(name)")
        }
    }

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
