internal import Pipeline
internal import Storage
internal import VectorIndex

/// The rows of a generation that are there for a reader: neither deleted nor replaced by a later batch.
struct LiveRows: Sendable {
    /// Nothing where all rows are live.
    let set: RowSet?
    /// Rows of samples that were deleted.
    let deleted: Int
    /// Rows that are not deleted, and that a later batch replaced.
    let replaced: Int

    var hidden: Int { deleted + replaced }

    init(_ generation: Generation, _ deletions: Deletions, _ directory: RunDirectory) throws(RunError) {
        var set = RowSet(allOf: generation.catalog.rows)
        let firstRows = Self.firstRows(generation)
        var (deleted, replaced) = (0, 0)
        for file in generation.growth.files.indices {
            for (part, rows) in try deletions.rows(generation, file: file, directory).enumerated() {
                guard part < firstRows[file].count else { continue }
                for row in rows where set.contains(firstRows[file][part] + row) {
                    set.remove(firstRows[file][part] + row)
                    deleted += 1
                }
            }
        }
        for catalog in generation.parts[Catalog.stage] ?? [] {
            let artifact = try directory.artifact(catalog)
            let rows = try reporting(damaged: .corrupt) { () throws(StorageError) in try ReplacedRows.read(artifact) }
            for row in rows where set.contains(Int(row)) {
                set.remove(Int(row))
                replaced += 1
            }
        }
        (self.deleted, self.replaced) = (deleted, replaced)
        self.set = deleted + replaced > 0 ? set : nil
    }

    /// For each corpus file the number of the first row of each of its shards.
    static func firstRows(_ generation: Generation) -> [[Int]] {
        var firstRows = [[Int]](repeating: [], count: generation.growth.files.count)
        for shard in generation.catalog.shards { firstRows[shard.file].append(shard.firstRow) }
        return firstRows
    }
}
