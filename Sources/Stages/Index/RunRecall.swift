internal import Kernels
package import Pipeline
internal import Storage
package import VectorIndex

/// The recall of a run's partitioned index as it is now: with all its segments, and with hidden rows hidden.
///
/// `index-recall` measures the rows that the models are trained on, once; this is for runs that have grown since.
package struct RunRecall: Sendable {
    package let table: RecallTable
    /// Rows that were asked for.
    package let queries: Int
    /// Rows that may be found.
    package let rows: Int
    package let segments: Int
    package let partitions: Int

    /// Takes some rows as queries, none of which may be found, and compares the index with an exact search of the run's
    /// own fingerprints.
    ///
    /// - Parameters:
    ///   - path: a file of the queries' ids, one a line; those that are hidden or not in the run are left out.
    ///   - probes: the numbers of partitions to try.
    /// - Throws: `incompatible` for a flat index, or where the fingerprints were dropped; `badInput` when no query is there.
    package static func measure(
        _ directory: RunDirectory, queriesIn path: String, count: Int, probes: [Int], workers: Int
    ) throws -> RunRecall {
        let opened = try OpenGeneration(directory: directory, modelPath: nil, workers: workers)
        let parts = opened.parts
        guard let model = try IndexModel.read(try parts.only(IndexTrainStage.name)) else {
            throw RunError(.incompatible, "\(directory.path): its index is flat, and so exact")
        }
        let made = try parts.all(ProjectStage.name)
        guard made.allSatisfy({ RunDirectory.size(of: $0.path(ArtifactFile.fingerprints)) != nil }) else {
            throw RunError(
                .incompatible,
                "\(directory.path): the fingerprints were dropped; build the run with retention.project=keep")
        }
        let fingerprints = try ShardedColumn.fingerprints(made)
        let ids = Set(try RowFilter.ids(path))
        var others = opened.live.set ?? RowSet(allOf: fingerprints.rows)
        var held: [Int] = []
        for row in 0..<fingerprints.rows where others.contains(row) {
            if ids.contains(try opened.finder.corpus.source(row: row, withText: false).id) { held.append(row) }
        }
        guard !held.isEmpty else { throw RunError(.badInput, "\(path): none of the ids is in the run") }
        for row in held { others.remove(row) }
        let queries = Matrix(
            rows: held.count, columns: fingerprints.width, elements: try fingerprints.floats(held, releases: true))
        let index = try PartitionedIndex(
            model: model, slices: try parts.all(MergeStage.name).map { $0.path(ArtifactFile.segment) })
        let table = try HeldOutRecall.table(
            queries, of: fingerprints, index: index, among: others, count: count, probes: probes, workers: workers)
        return RunRecall(
            table: table, queries: held.count, rows: others.population, segments: opened.generation.segments.count,
            partitions: model.partitions)
    }
}

/// What an index finds of the neighbours that an exact search of the same fingerprints finds.
enum HeldOutRecall {
    /// - Parameters:
    ///   - queries: `[queries × width]`.
    ///   - others: the rows that may be found.
    ///   - candidates: how many rows a search returns; `count` where nil.
    ///   - advance: called with numbers of rows that the exact search has passed.
    /// - Throws: `IndexError`, `StorageError`.
    static func table(
        _ queries: Matrix, of fingerprints: ShardedColumn, index: PartitionedIndex, among others: RowSet, count: Int,
        candidates: Int? = nil, probes: [Int], workers: Int, advance: (Int) -> Void = { _ in }
    ) throws -> RecallTable {
        var scan = ExactScan(queries, count: count, metric: index.metric, filter: others)
        try fingerprints.forEachBlock(of: EmbeddingBlocks.blockRows) { firstRow, block in
            scan.add(block, firstRow: firstRow, workers: workers)
            advance(block.count / fingerprints.width)
        }
        return try index.recall(
            queries, exact: scan.rows, count: count, candidates: candidates, probes: probes, filter: others,
            workers: workers)
    }
}
