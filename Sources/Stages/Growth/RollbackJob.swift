package import Pipeline

/// Makes the generation before the current one the current one.
package enum RollbackJob {
    /// - Returns: sentences on what was done.
    /// - Throws: `missingInput` when there is nothing to go back to; `locked` while a build runs.
    package static func rollBack(_ directory: RunDirectory) throws(RunError) -> String {
        try directory.requireExisting()
        let lock = try directory.lock(exclusive: true)
        defer { withExtendedLifetime(lock) {} }
        guard let before = try directory.currentGeneration(), let previous = try directory.previousGeneration() else {
            throw RunError(
                .missingInput, "\(directory.path): there is no generation before the current one to go back to")
        }
        // What cannot be read is said before anything is changed.
        _ = try Deletions.read(directory)
        let now = try directory.rollBack()
        try RunBuilder.keepDeletedRows(directory)
        let kept = Set(now.growth.batches.map(\.number))
        let gone = before.growth.batches.filter { !kept.contains($0.number) }.flatMap(\.files).map(\.path)
        var text =
            "generation \(now.number) is generation \(previous.number) again, with \(grouped(now.catalog.rows)) rows"
        if !gone.isEmpty {
            text +=
                "; \(gone.joined(separator: ", ")) are not part of the run any more and come back only if they are appended again"
        }
        return text + ". Another rollback, before anything is built, returns to generation \(before.number)"
    }
}
