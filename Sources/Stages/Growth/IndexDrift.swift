internal import Foundation
internal import Kernels
internal import Pipeline
internal import Probing
internal import Storage
internal import VectorIndex

/// How far rows lie from the centroids of a partitioned index, now and when it was trained.
///
/// A distance is the root of the mean squared distance of rows to their partition's centroid, as `shard-index` records it
/// for each shard; rows that are zero, such as those that a purge has erased, do not count. A drift is a distance divided by that of the trained batches' rows. The sample's own distance, which
/// k-means has made small, is told beside it: drifts against it would be above 1 from the first day.
package struct IndexDrift: Sendable, Encodable {
    /// Of the rows of the trained batches.
    package let trainedDistance: Double
    /// Of the sample that the centroids were trained on, at the end of the training.
    package let sampleDistance: Double
    /// Of the rows that were appended since; nothing where there are none.
    package let appendedDistance: Double?
    /// `appendedDistance / trainedDistance`.
    package let appended: Double?
    /// Of all rows of the run.
    package let overall: Double
    /// Whether one of the batches that were appended, or all of them together, have drifted beyond ``limit``.
    package let advisesRetraining: Bool

    /// - Parameter batches: the mean squared distance and the rows of each batch.
    /// - Returns: nothing where distances are not recorded, or 0.
    init?(batches: [(square: Double?, rows: Int)], trained: Int, sampleDistance: Double?) {
        func distance(_ batches: some Sequence<(square: Double?, rows: Int)>) -> Double? {
            var (sum, rows) = (0.0, 0)
            for batch in batches {
                guard let square = batch.square else { continue }
                sum += square * Double(batch.rows)
                rows += batch.rows
            }
            return rows == 0 ? nil : (sum / Double(rows)).squareRoot()
        }
        guard let base = distance(batches.prefix(trained)), base > 0, let sampleDistance,
            let all = distance(batches)
        else { return nil }
        (trainedDistance, self.sampleDistance) = (base, sampleDistance)
        appendedDistance = distance(batches.dropFirst(trained))
        appended = appendedDistance.map { $0 / base }
        overall = all / base
        let drifts = batches.dropFirst(trained).compactMap { $0.square.map { $0.squareRoot() / base } }
        advisesRetraining = (drifts + [appended ?? 0]).contains { $0 > Self.limit }
    }

    /// Above this a batch is unlike what the partitions were trained on; `docs/growing.md` says what it is based on.
    static let limit = 1.05

    /// Of a generation; nothing for a flat index.
    ///
    /// - Parameter shards: of each batch, their places in the catalog.
    static func read(
        _ generation: Generation, shards: [[Int]], _ directory: RunDirectory
    ) throws(RunError) -> (drift: IndexDrift, squares: [Double?])? {
        guard let parts = generation.parts[ShardIndexStage.name],
            let model = generation.parts[IndexTrainStage.name]?.first
        else { return nil }
        let training = try directory.artifact(model).manifest.figures
        guard training["kind"] == .text("partitioned") else { return nil }
        var squares: [Double?] = []
        for own in shards {
            var (sum, rows) = (0.0, 0)
            for shard in own {
                let count = generation.catalog.shards[shard].rows
                let figures = try directory.artifact(parts[shard]).manifest.figures
                guard case .number(let distance)? = figures[figure] else { continue }
                sum += distance * distance * Double(count)
                rows += count
            }
            squares.append(rows > 0 ? sum / Double(rows) : nil)
        }
        var sample: Double?
        if case .number(let distance)? = training[figure] { sample = distance }
        let rows = shards.map { $0.reduce(0) { $0 + generation.catalog.shards[$1].rows } }
        let drift = IndexDrift(
            batches: zip(squares, rows).map { ($0, $1) }, trained: generation.growth.trained, sampleDistance: sample)
        return drift.map { ($0, squares) }
    }

    /// What `shard-index` records of a shard; nothing where all its embeddings are zero, as those of erased rows are.
    ///
    /// - Parameters:
    ///   - vectors: the shard's fingerprints.
    ///   - embedding: how many numbers of a fingerprint, its first, are the embedding.
    static func distance(
        _ part: PartitionPart.Summary, of vectors: Span<Float>, embedding: Int, model: PartitionModel
    ) -> Double? {
        let empty = (0..<part.rows).filter { row in
            let vector = vectors.extracting(row * model.dimension..<row * model.dimension + embedding)
            return dot(vector, vector) == 0
        }
        guard empty.count < part.rows else { return nil }
        guard let first = empty.first else { return part.meanSquaredDistance.squareRoot() }
        // All of them lie in the same place: without an embedding there is no signature but the bias' own.
        let blank = vectors.extracting(first * model.dimension..<(first + 1) * model.dimension)
        let place = model.rotation.rotated(blank, lessOrigin: model.origin.span)
        let own = (0..<model.partitions).reduce(Double.infinity) { nearest, partition in
            let centroid = model.centroids.row(partition)
            return min(nearest, zip(place, centroid).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) })
        }
        let sum = part.meanSquaredDistance * Double(part.rows) - own * Double(empty.count)
        return max(0, sum / Double(part.rows - empty.count)).squareRoot()
    }

    /// The figure of `index-train` and `shard-index` that holds a distance.
    static let figure = "distance"

    /// One line of `status`.
    var text: String {
        func three(_ value: Double) -> String { String(format: "%.3f", value) }
        let base = "\(three(trainedDistance)) when the partitions were trained (their sample: \(three(sampleDistance)))"
        guard let appended, let appendedDistance else {
            return "index      rows lie \(base) from their centroids\n"
        }
        return
            "index      rows lie \(base) from their centroids; those appended since \(three(appendedDistance)), drift \(three(appended)); all rows: drift \(three(overall))\n"
    }
}
