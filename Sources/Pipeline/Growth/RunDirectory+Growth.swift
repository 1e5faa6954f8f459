internal import Foundation
internal import Storage

/// Growth that has begun and is not part of a generation yet: `RUN/growth.json`.
private struct PendingGrowth: Codable {
    /// The generation it starts from, 0 for none. Once there is another one it is past: published, or rolled back.
    let base: Int
    let growth: Growth
}

extension RunDirectory {
    var pendingGrowthPath: String { file("growth.json") }

    /// What the run is to hold: what has begun and is not done, else what the current generation holds.
    package func targetGrowth() throws(RunError) -> Growth? {
        if let pending = try pendingGrowth() { return pending }
        return try currentGeneration()?.growth
    }

    /// What an append, merge or retraining has begun and not brought to its end.
    package func pendingGrowth() throws(RunError) -> Growth? {
        guard FileManager.default.fileExists(atPath: pendingGrowthPath) else { return nil }
        let path = pendingGrowthPath
        let pending = try reporting(damaged: .corrupt) { () throws(StorageError) in
            try JSONFile.unseal(PendingGrowth.self, path: path)
        }
        let current = try currentGeneration()
        return pending.base == (current?.number ?? 0) ? pending.growth : nil
    }

    /// Names the rows that a purge has erased from the corpus of a generation; nothing where there are none.
    ///
    /// - Throws: `corrupt` also where a part of it is gone.
    package func erasedRows(of generation: Generation?) throws(RunError) -> String? {
        var notes: [String] = []
        for part in generation?.parts[Catalog.source] ?? [] {
            if let note = try artifact(part).manifest.purged { notes.append("\(part.folder) \(note)") }
        }
        return notes.isEmpty ? nil : Digest.sha256(notes.joined(separator: "\n"))
    }

    /// Records what is to be done, in one step. Who holds the run alone may.
    package func keepPending(_ growth: Growth) throws(RunError) {
        let current = try currentGeneration()
        let pending = PendingGrowth(base: current?.number ?? 0, growth: growth)
        let path = pendingGrowthPath
        try reporting(damaged: .corrupt) { () throws(StorageError) in try JSONFile.seal(pending, path: path) }
    }

    /// Takes back what was begun, or the record of what is done, and the plan of a build that nobody will go on with.
    package func forgetPending() {
        Self.remove(pendingGrowthPath)
        Self.remove(PlanRecord.path(self))
    }
}
