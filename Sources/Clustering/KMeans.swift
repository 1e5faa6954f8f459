package import Kernels

/// k-means: k-means++ seeding (Arthur & Vassilvitskii, SODA 2007) and Lloyd's iteration, on a sample held in memory.
///
/// The result depends on the sample, the parameters and the kernel level alone, not on `workers`: rows are split into
/// fixed blocks and partial sums are added in block order, in double precision.
package enum KMeans {
    /// Trains centroids.
    ///
    /// Seeds are distinct points, so a sample with fewer distinct rows than `clusters` gives a model with one centroid for
    /// each distinct row: `model.centroids.rows < clusters` says so.
    ///
    /// A cluster that loses its last row gets the row farthest from its own centroid (the first of several), taken from a
    /// cluster with more than one row; `model.repairs` counts these.
    ///
    /// - Parameters:
    ///   - sample: `[rows × dimension]`.
    ///   - clusters: at least 1 and at most the number of rows.
    ///   - iterations: the most passes over the sample.
    ///   - tolerance: training has converged when a pass lowers the inertia by no more than this share of it.
    /// - Throws: `tooFewRows`; `notFinite` with the sample's first bad row.
    /// - Complexity: O(rows · clusters · dimension) a pass, and as much for the seeding.
    package static func train(
        sample: Matrix, clusters: Int, seed: UInt64, iterations: Int = 25, tolerance: Double = 1e-4, workers: Int = 1
    ) throws(ClusteringError) -> KMeansModel {
        precondition(clusters > 0 && iterations > 0 && tolerance >= 0)
        guard sample.rows >= clusters else { throw .tooFewRows(rows: sample.rows, clusters: clusters) }
        if let row = firstNotFinite(sample, workers: workers) { throw .notFinite(row: row) }
        var centroids = seeds(sample, count: clusters, seed: seed, workers: workers)
        var inertia: [Double] = []
        var repairs = 0
        var converged = false
        while inertia.count < iterations, !converged {
            var pass = LloydPass(sample, centroids: centroids, workers: workers)
            repairs += pass.repairEmptyClusters(sample)
            centroids = pass.means(keeping: centroids)
            if let previous = inertia.last { converged = previous - pass.inertia <= tolerance * previous }
            inertia.append(pass.inertia)
        }
        return KMeansModel(centroids: centroids, inertia: inertia, converged: converged, repairs: repairs)
    }

    private static func firstNotFinite(_ sample: Matrix, workers: Int) -> Int? {
        let width = sample.columns
        let elements = sample.elements.span
        return Parallel.map(count: sample.rows, blockSize: 4096, workers: workers) { rows -> Int? in
            rows.first { row in
                let x = elements.extracting(row * width..<(row + 1) * width)
                // One reduction finds any NaN or infinity; a norm that overflows is as useless.
                return !dot(x, x).isFinite
            }
        }.lazy.compactMap(\.self).first
    }

    /// k-means++: each further seed is a row drawn with a probability that is proportional to its squared distance from
    /// the seeds so far. Ends early when every row is a seed's double.
    private static func seeds(_ sample: Matrix, count: Int, seed: UInt64, workers: Int) -> Matrix {
        let width = sample.columns
        var generator = SeededGenerator(seed: seed)
        var distances = [Float](repeating: .infinity, count: sample.rows)
        var chosen = [generator.integer(below: sample.rows)]
        let blockSize = 4096
        while chosen.count < count {
            let elements = sample.elements.span
            let last = elements.extracting(sample.range(ofRow: chosen.last!))
            var span = distances.mutableSpan
            let sums = Parallel.fill(&span, width: 1, count: sample.rows, blockSize: blockSize, workers: workers) {
                rows, part in
                var sum = 0.0
                for row in rows {
                    let distance = squaredDistance(elements.extracting(row * width..<(row + 1) * width), last)
                    part[row - rows.lowerBound] = min(part[row - rows.lowerBound], distance)
                    sum += Double(part[row - rows.lowerBound])
                }
                return sum
            }
            guard let next = draw(distances, sums: sums, blockSize: blockSize, &generator) else { break }
            chosen.append(next)
        }
        return Matrix(rows: chosen.count, columns: width, elements: chosen.flatMap { sample.row($0) })
    }

    /// A row with a probability that is proportional to its weight, or nothing when all weights are 0.
    private static func draw(
        _ weights: [Float], sums: [Double], blockSize: Int, _ generator: inout SeededGenerator
    ) -> Int? {
        var left = sums.reduce(0, +) * (Double(generator.next() >> 11) * 0x1p-53)
        guard let lastBlock = sums.lastIndex(where: { $0 > 0 }) else { return nil }
        var block = 0
        while block < lastBlock, left >= sums[block] {
            left -= sums[block]
            block += 1
        }
        var last: Int?
        for row in block * blockSize..<min(weights.count, (block + 1) * blockSize) where weights[row] > 0 {
            last = row
            left -= Double(weights[row])
            if left < 0 { break }
        }
        return last
    }
}

/// Trained centroids, and how the training went.
package struct KMeansModel: Sendable, Hashable {
    /// `[clusters × dimension]`; fewer rows than were asked for when the sample had fewer distinct rows.
    package let centroids: Matrix
    /// For each pass the sum of the sample's squared distances to the centroids that the pass began with.
    package let inertia: [Double]
    package let converged: Bool
    /// How often an empty cluster was given a new centroid.
    package let repairs: Int

    /// Passes over the sample.
    package var iterations: Int { inertia.count }
    /// Labels rows with these centroids.
    package var assigner: CentroidAssigner { CentroidAssigner(centroids: centroids) }
}
