package import Kernels

extension PartitionModel {
    /// Trains the partitions: k-means into cells, k-means of each cell into its share of partitions, then passes over the
    /// whole sample in which a row may go to any partition.
    ///
    /// The result depends on the arguments and the kernel level, not on `workers`.
    ///
    /// - Parameters:
    ///   - sample: `[rows × dimension]`, at least one row; ``PartitionSettings/sampleRows(corpusRows:dimension:)`` says how
    ///     many are wanted.
    ///   - corpusRows: how many rows the index is for.
    ///   - fingerprintIdentity: names everything the vectors were made with.
    /// - Throws: `notFiniteRow`.
    /// - Complexity: O(rows · partitions · dimension / 32) a pass or so; two copies of the sample.
    package static func train(
        sample: Matrix, corpusRows: Int, settings: PartitionSettings = PartitionSettings(), metric: Metric,
        seed: UInt64, fingerprintIdentity: String, workers: Int
    ) throws(IndexError) -> PartitionModel {
        precondition(sample.rows > 0, "a model is trained on one row at least")
        let bad = Parallel.map(count: sample.rows, blockSize: 4096, workers: workers) { rows in
            rows.first { row in
                let vector = sample.elements.span.extracting(sample.range(ofRow: row))
                return !dot(vector, vector).isFinite
            }
        }
        if let row = bad.lazy.compactMap(\.self).first { throw .notFiniteRow(row: row) }
        let origin = mean(sample, workers: workers)
        let rotation = Rotation(dimension: sample.columns, seed: seed)
        let width = rotation.paddedDimension
        var rotated = Matrix(rows: sample.rows, columns: width)
        var output = rotated.elements.mutableSpan
        Parallel.fill(&output, width: width, count: sample.rows, blockSize: 1024, workers: workers) { rows, part in
            let elements = rows.lowerBound * sample.columns..<rows.upperBound * sample.columns
            rotation.rotate(sample.elements.span.extracting(elements), lessOrigin: origin.span, into: &part)
        }

        let wanted = min(settings.count(forRows: corpusRows, dimension: sample.columns), sample.rows)
        let tree = PartitionTree(
            rotated, partitions: wanted, iterations: settings.iterations, seed: seed, workers: workers)
        var model = PartitionModel(
            dimension: sample.columns, metric: metric, bits: settings.bits, seed: seed,
            fingerprintIdentity: fingerprintIdentity, meanSquaredDistance: 0, origin: origin,
            centroids: tree.centroids, identity: "")
        for _ in 0..<settings.refinements {
            let pass = model.pass(over: rotated, workers: workers)
            model = model.moved(to: pass, identity: "")
        }
        let last = model.pass(over: rotated, workers: workers)
        return model.moved(to: last, identity: nil)
    }

    private static func mean(_ sample: Matrix, workers: Int) -> [Float] {
        let width = sample.columns
        let sums = Parallel.map(count: sample.rows, blockSize: 4096, workers: workers) { rows in
            var sum = [Float](repeating: 0, count: width)
            var span = sum.mutableSpan
            let labels = [UInt32](repeating: 0, count: rows.count)
            let block = sample.elements.span.extracting(rows.lowerBound * width..<rows.upperBound * width)
            addRows(block, dimension: width, labels: labels.span, to: &span)
            return sum
        }
        var total = [Double](repeating: 0, count: width)
        for sum in sums { for index in 0..<width { total[index] += Double(sum[index]) } }
        return total.map { Float($0 / Double(sample.rows)) }
    }

    /// The means of a sample's partitions.
    private struct Pass {
        let centroids: Matrix
        let meanSquaredDistance: Double
    }

    /// One pass of Lloyd's iteration; a partition that no row chose keeps its centroid.
    private func pass(over sample: Matrix, workers: Int) -> Pass {
        let width = paddedDimension
        var labels = [UInt32](repeating: 0, count: sample.rows)
        var distances = [Float](repeating: 0, count: sample.rows)
        var labelSpan = labels.mutableSpan
        var distanceSpan = distances.mutableSpan
        Parallel.fill(
            &labelSpan, width: 1, &distanceSpan, width: 1, count: sample.rows, blockSize: 2048, workers: workers
        ) { rows, labels, distances in
            let block = sample.elements.span.extracting(rows.lowerBound * width..<rows.upperBound * width)
            assign(block, labels: &labels, distances: &distances)
        }
        let members = Self.members(labels, count: partitions)
        var result = Matrix(rows: partitions, columns: width)
        var output = result.elements.mutableSpan
        Parallel.fill(&output, width: width, count: partitions, blockSize: 16, workers: workers) { range, part in
            for partition in range {
                let target = (partition - range.lowerBound) * width
                let rows = members[partition]
                for index in 0..<width {
                    part[target + index] = rows.isEmpty ? centroids.elements[partition * width + index] : 0
                }
                for row in rows {
                    for index in 0..<width { part[target + index] += sample.elements[row * width + index] }
                }
                guard !rows.isEmpty else { continue }
                for index in 0..<width { part[target + index] /= Float(rows.count) }
            }
        }
        let total = distances.reduce(0) { $0 + Double($1) }
        return Pass(
            centroids: result, meanSquaredDistance: total / Double(sample.rows))
    }

    private static func members(_ labels: [UInt32], count: Int) -> [[Int]] {
        var members = [[Int]](repeating: [], count: count)
        for (row, label) in labels.enumerated() { members[Int(label)].append(row) }
        return members
    }

    /// The model with a pass' centroids.
    private func moved(to pass: Pass, identity: String?) -> PartitionModel {
        PartitionModel(
            dimension: dimension, metric: metric, bits: bits, seed: seed, fingerprintIdentity: fingerprintIdentity,
            meanSquaredDistance: pass.meanSquaredDistance, origin: origin, centroids: pass.centroids,
            identity: identity)
    }
}
