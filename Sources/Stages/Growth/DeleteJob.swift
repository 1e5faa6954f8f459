internal import Corpus
package import Pipeline
internal import Storage

/// Takes samples and documents down: hides their rows at once in every generation of a run.
package struct DeleteJob {
    private let directory: RunDirectory

    /// - Throws: `missingInput` when there is no run here.
    package init(directory: RunDirectory) throws(RunError) {
        try directory.requireExisting()
        self.directory = directory
    }

    /// Deletes ids. A build beside it goes on; readers that are open keep the rows they opened with.
    ///
    /// - Parameters:
    ///   - path: a file of ids of samples or documents, one a line.
    ///   - ignoringMissing: whether the other ids are deleted where some are unknown.
    ///   - isDry: whether nothing is changed.
    /// - Returns: one sentence on the result.
    /// - Throws: `badInput` for unknown ids, and then nothing is changed.
    package func delete(
        idsIn path: String, ignoringMissing: Bool = false, isDry: Bool = false
    ) throws(RunError) -> String {
        let ids = try RowFilter.ids(path)
        guard !ids.isEmpty else { throw RunError(.badInput, "\(path): there is no id in it") }
        while true {
            let numbers = directory.generationNumbers()
            do {
                return try delete(ids, path, ignoringMissing: ignoringMissing, isDry: isDry)
            } catch {
                // A build that has just ended may have removed a generation that was being looked at.
                guard error.kind == .corrupt, numbers != directory.generationNumbers() else { throw error }
            }
        }
    }

    private func delete(
        _ ids: [String], _ path: String, ignoringMissing: Bool, isDry: Bool
    ) throws(RunError) -> String {
        let lock = try Deletions.lock(directory)
        defer { withExtendedLifetime(lock) {} }
        // Before the generations: a batch that is published in between is then one of theirs, or known to come.
        let pending = try directory.pendingGrowth()
        let generations = try directory.keptGenerations()
        guard let current = generations.last else {
            throw RunError(
                .missingInput,
                "\(directory.path): the build has not come to its end, so nobody can find its samples yet")
        }
        var deletions = try Deletions.read(directory)
        let known = try known(ids, generations)
        let missing = ids.filter { !known.contains(IdentifierHash($0)) && deletions.entry(of: $0) == nil }
        if !missing.isEmpty, !ignoringMissing {
            throw RunError(
                .badInput,
                "\(path): \(Self.list(missing)) in no generation of the run; nothing was deleted. --ignore-missing deletes the other ids"
            )
        }
        let before = try LiveRows(current, deletions, directory)
        let next = max(current.growth.nextNumber, pending?.nextNumber ?? 0)
        deletions.insert(ids.filter { known.contains(IdentifierHash($0)) }, before: next)
        try deletions.resolve(generations, directory)
        let after = try LiveRows(current, deletions, directory)
        if !isDry { try deletions.write(directory) }
        let left = missing.isEmpty ? "" : "; \(Self.list(missing)) in no generation of the run"
        return
            "\(grouped(known.count)) ids \(isDry ? "would be" : "are") deleted: \(grouped(after.deleted - before.deleted)) more rows of generation \(current.number) \(isDry ? "would be" : "are") hidden, \(grouped(after.deleted)) in all\(left)"
    }

    /// The ids that some generation has.
    private func known(_ ids: [String], _ generations: [Generation]) throws(RunError) -> Set<IdentifierHash> {
        var known: Set<IdentifierHash> = []
        var seen: Set<String> = []
        // Formed once: there may be many shards.
        let names = ids.map(IdentifierHash.init)
        var keys: [CorpusShard.Content: [IdentifierHash]] = [:]
        for generation in generations {
            for part in generation.parts[Catalog.source] ?? [] where seen.insert(part.folder).inserted {
                let artifact = try directory.artifact(part)
                try reporting(damaged: .corrupt) { () throws(StorageError) in
                    for shard in try SampleKeys.shards(artifact) {
                        let wanted = keys[shard.content] ?? ids.map { SampleKeys.key(of: $0, in: shard.content) }
                        keys[shard.content] = wanted
                        for (name, key) in zip(names, wanted) where !known.contains(name) {
                            if try shard.holds(key) { known.insert(name) }
                        }
                    }
                }
            }
        }
        return known
    }

    /// `'a', 'b' and 3 more ids are`
    private static func list(_ ids: [String]) -> String {
        let shown = ids.prefix(5).map { "'\($0)'" }.joined(separator: ", ")
        if ids.count == 1 { return "the id \(shown) is" }
        return ids.count > 5 ? "the ids \(shown) and \(ids.count - 5) more are" : "the ids \(shown) are"
    }
}
