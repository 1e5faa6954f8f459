internal import Foundation
internal import Pipeline
internal import Storage

/// How a run has grown since its build: batches, segments, deletions, and whether its models still fit.
package struct GrowthStatus: Sendable, Encodable {
    package struct BatchStatus: Sendable, Encodable {
        package let number: Int
        package let files: [String]
        package let rows: Int
        /// Mean distance of its rows to their centroids, divided by that of the rows that the models were trained on.
        /// Nothing where that is not recorded, or 0.
        package let drift: Double?
    }

    package struct SegmentStatus: Sendable, Encodable {
        package let batches: [Int]
        package let rows: Int
    }

    package let batches: [BatchStatus]
    /// Of how many of the batches the models are.
    package let trainedBatches: Int
    package let segments: [SegmentStatus]
    package let deletedIDs: Int
    package let deletedRows: Int
    package let replacedRows: Int
    /// The generation that `rollback` returns to.
    package let previousGeneration: Int?
    /// Batches of an append that has not come to its end.
    package let unfinishedBatches: Int

    /// A batch whose drift is above this is unlike what the models were trained on.
    static let driftLimit = 1.1

    init(_ generation: Generation, _ directory: RunDirectory) throws(RunError) {
        let growth = generation.growth
        let files = generation.growth.batches.indices.map { growth.files(of: $0) }
        var distances: [Double?] = []
        var rows: [Int] = []
        for own in files {
            let shards = generation.catalog.shards.indices.filter { own.contains(generation.catalog.shards[$0].file) }
            rows.append(shards.reduce(0) { $0 + generation.catalog.shards[$1].rows })
            distances.append(try Self.distance(shards, generation, directory))
        }
        let trained = zip(distances, rows).prefix(growth.trained)
        let trainedRows = trained.reduce(0) { $0 + $1.1 }
        let base =
            trained.contains { $0.0 == nil } || trainedRows == 0
            ? nil : trained.reduce(0) { $0 + ($1.0 ?? 0) * Double($1.1) } / Double(trainedRows)
        batches = growth.batches.enumerated().map { position, batch in
            var drift: Double?
            if let base, base > 0, let distance = distances[position] { drift = distance / base }
            return BatchStatus(
                number: batch.number, files: batch.files.map(\.path), rows: rows[position], drift: drift)
        }
        trainedBatches = growth.trained
        segments = generation.segments.map { segment in
            SegmentStatus(batches: segment.batches.map { growth.batches[$0].number }, rows: segment.rows)
        }
        let deletions = try Deletions.read(directory)
        let live = try LiveRows(generation, deletions, directory)
        (deletedIDs, deletedRows, replacedRows) = (deletions.entries.count, live.deleted, live.replaced)
        previousGeneration = try directory.previousGeneration()?.number
        unfinishedBatches = max(0, (try directory.pendingGrowth()?.batches.count ?? 0) - growth.batches.count)
    }

    /// The mean over some shards' rows.
    private static func distance(
        _ shards: [Int], _ generation: Generation, _ directory: RunDirectory
    ) throws(RunError) -> Double? {
        guard let parts = generation.parts[LabelStage.name] else { return nil }
        var (sum, rows) = (0.0, 0)
        for shard in shards {
            let figures = try directory.artifact(parts[shard]).manifest.figures
            guard case .number(let mean)? = figures[LabelStage.distance] else { return nil }
            sum += mean * Double(generation.catalog.shards[shard].rows)
            rows += generation.catalog.shards[shard].rows
        }
        return rows == 0 ? nil : sum / Double(rows)
    }

    private var rows: Int { batches.reduce(0) { $0 + $1.rows } }
    private var trainedRows: Int { batches.prefix(trainedBatches).reduce(0) { $0 + $1.rows } }

    var text: String {
        var text = ""
        if let previousGeneration {
            text += "previous   generation \(previousGeneration); `gradprint rollback` returns to it\n"
        }
        if deletedIDs + replacedRows > 0 {
            text +=
                "hidden     \(grouped(deletedRows)) rows of \(grouped(deletedIDs)) deleted ids, \(grouped(replacedRows)) rows that later batches replace\n"
        }
        if unfinishedBatches > 0 {
            text += "unfinished an append has not come to its end; give its command again, or any other append\n"
        }
        guard batches.count > 1 else { return text }
        let share = trainedRows == 0 ? 0 : Double(rows - trainedRows) / Double(trainedRows)
        text +=
            "segments   \(segments.map { grouped($0.rows) }.joined(separator: " + ")) rows; the corpus has grown by \(Int((100 * share).rounded())) % since the models and the null distribution were made\n\n"
        text += "batch          rows   drift  files\n"
        for (position, batch) in batches.enumerated() {
            let number = String(batch.number).padding(toLength: 8, withPad: " ", startingAt: 0)
            let drift = batch.drift.map { String(format: "%.3f", $0) } ?? "-"
            let files =
                batch.files.count > 3 ? batch.files.prefix(3) + ["… \(batch.files.count) files"] : batch.files[...]
            text += number + Self.right(grouped(batch.rows), 11) + Self.right(drift, 8) + "  "
            text += files.joined(separator: ", ") + (position < trainedBatches ? "  (trained on)" : "") + "\n"
        }
        let drifted = batches.dropFirst(trainedBatches).filter { ($0.drift ?? 0) > Self.driftLimit }.map(\.number)
        if !drifted.isEmpty {
            let list = drifted.map(String.init).joined(separator: ", ")
            text +=
                "Batch \(list): the samples lie more than 1.1 times as far from the centroids as those that the models were trained on. `gradprint build PIPELINE.yaml --retrain` trains them anew on all batches.\n"
        }
        return text
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(1, width - text.count)) + text
    }
}
