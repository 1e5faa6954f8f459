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
        /// The same of its fingerprints and the partitions of the index. Nothing for a flat index.
        package let indexDrift: Double?
    }

    package struct SegmentStatus: Sendable, Encodable {
        package let batches: [Int]
        package let rows: Int
    }

    package let batches: [BatchStatus]
    /// Of how many of the batches the models are.
    package let trainedBatches: Int
    package let segments: [SegmentStatus]
    /// How well the partitions of the index still fit; nothing for a flat index.
    package let indexDrift: IndexDrift?
    package let deletedIDs: Int
    package let deletedRows: Int
    package let replacedRows: Int
    /// The generation that `rollback` returns to.
    package let previousGeneration: Int?
    /// Batches of an append that has not come to its end.
    package let unfinishedBatches: Int

    /// A batch whose drift is above this is unlike what the models were trained on. `docs/growing.md` says what it is based
    /// on.
    static let driftLimit = 1.1

    init(_ generation: Generation, _ directory: RunDirectory) throws(RunError) {
        let growth = generation.growth
        let files = generation.growth.batches.indices.map { growth.files(of: $0) }
        let shards = files.map { own in
            generation.catalog.shards.indices.filter { own.contains(generation.catalog.shards[$0].file) }
        }
        let rows = shards.map { $0.reduce(0) { $0 + generation.catalog.shards[$1].rows } }
        var distances: [Double?] = []
        for own in shards { distances.append(try Self.distance(own, generation, directory)) }
        let index = try IndexDrift.read(generation, shards: shards, directory)
        indexDrift = index?.drift
        let trained = zip(distances, rows).prefix(growth.trained)
        let trainedRows = trained.reduce(0) { $0 + $1.1 }
        let base =
            trained.contains { $0.0 == nil } || trainedRows == 0
            ? nil : trained.reduce(0) { $0 + ($1.0 ?? 0) * Double($1.1) } / Double(trainedRows)
        batches = growth.batches.enumerated().map { position, batch in
            var drift: Double?
            if let base, base > 0, let distance = distances[position] { drift = distance / base }
            var indexDrift: Double?
            if let index, let square = index.squares[position] {
                indexDrift = square.squareRoot() / index.drift.trainedDistance
            }
            return BatchStatus(
                number: batch.number, files: batch.files.map(\.path), rows: rows[position], drift: drift,
                indexDrift: indexDrift)
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
        if let indexDrift { text += indexDrift.text }
        guard batches.count > 1 else { return text }
        let share = trainedRows == 0 ? 0 : Double(rows - trainedRows) / Double(trainedRows)
        text +=
            "segments   \(segments.map { grouped($0.rows) }.joined(separator: " + ")) rows; the corpus has grown by \(Int((100 * share).rounded())) % since the models and the null distribution were made\n\n"
        let hasIndexDrift = indexDrift != nil
        text += "batch          rows   drift" + (hasIndexDrift ? "   index" : "") + "  files\n"
        for (position, batch) in batches.enumerated() {
            let number = String(batch.number).padding(toLength: 8, withPad: " ", startingAt: 0)
            let files =
                batch.files.count > 3 ? batch.files.prefix(3) + ["… \(batch.files.count) files"] : batch.files[...]
            text += number + Self.right(grouped(batch.rows), 11) + Self.right(Self.ratio(batch.drift), 8)
            text += (hasIndexDrift ? Self.right(Self.ratio(batch.indexDrift), 8) : "") + "  "
            text += files.joined(separator: ", ") + (position < trainedBatches ? "  (trained on)" : "") + "\n"
        }
        if let advice { text += advice }
        return text
    }

    /// When to train anew; nothing while the models fit.
    private var advice: String? {
        let appended = batches.dropFirst(trainedBatches)
        func list(_ drift: KeyPath<BatchStatus, Double?>, above limit: Double) -> String? {
            let drifted = appended.filter { ($0[keyPath: drift] ?? 0) > limit }.map { String($0.number) }
            return drifted.isEmpty ? nil : drifted.joined(separator: ", ")
        }
        var reasons: [String] = []
        if let drifted = list(\.drift, above: Self.driftLimit) {
            reasons.append(
                "Batch \(drifted): the samples lie more than \(Self.driftLimit) times as far from the centroids of the labels as those that the models were trained on."
            )
        }
        if indexDrift?.advisesRetraining == true {
            let drifted = list(\.indexDrift, above: IndexDrift.limit).map { "Batch \($0)" } ?? "All that was appended"
            reasons.append(
                "\(drifted): the fingerprints lie more than \(IndexDrift.limit) times as far from the partitions' centroids as those that they were trained for, so a search may find fewer of their neighbours than its recall says."
            )
        }
        guard !reasons.isEmpty else { return nil }
        return reasons.joined(separator: "\n")
            + "\n`gradprint build PIPELINE.yaml --retrain` trains the models anew on all batches.\n"
    }

    private static func ratio(_ value: Double?) -> String { value.map { String(format: "%.3f", $0) } ?? "-" }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(1, width - text.count)) + text
    }
}
