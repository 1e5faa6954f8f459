package import Kernels

/// One pass of Lloyd's iteration: labels, distances, and the sums of each cluster's rows.
package struct LloydPass {
    package private(set) var assignment: Assignment
    /// `[clusters × dimension]`.
    private(set) var sums: [Double]
    /// `[clusters]`.
    private(set) var counts: [Int]
    private(set) var inertia: Double

    /// At most so many partial sums are held at once; part of the order of summation.
    private static let mostBlocks = 16

    /// - Parameter sample: finite numbers only.
    package init(_ sample: Matrix, centroids: Matrix, workers: Int) {
        let width = sample.columns
        let clusters = centroids.rows
        let assigner = CentroidAssigner(centroids: centroids)
        var labels = [UInt32](repeating: 0, count: sample.rows)
        var distances = [Float](repeating: 0, count: sample.rows)
        var labelSpan = labels.mutableSpan
        var distanceSpan = distances.mutableSpan
        let elements = sample.elements.span
        let blockSize = max(1024, (sample.rows + Self.mostBlocks - 1) / Self.mostBlocks)
        let parts = Parallel.fill(
            &labelSpan, width: 1, &distanceSpan, width: 1, count: sample.rows, blockSize: blockSize, workers: workers
        ) { rows, labels, distances -> Part in
            var part = Part(sums: [Float](repeating: 0, count: clusters * width))
            _ = assigner.assignBlock(
                elements.extracting(rows.lowerBound * width..<rows.upperBound * width), labels: &labels,
                distances: &distances
            ) { rows, labels in
                var sums = part.sums.mutableSpan
                addRows(rows, dimension: width, labels: labels, to: &sums)
            }
            for i in distances.indices { part.inertia += Double(distances[i]) }
            return part
        }
        assignment = Assignment(labels: labels, distances: distances)
        sums = [Double](repeating: 0, count: clusters * width)
        inertia = 0
        for part in parts {
            for i in sums.indices { sums[i] += Double(part.sums[i]) }
            inertia += part.inertia
        }
        counts = [Int](repeating: 0, count: clusters)
        for label in labels { counts[Int(label)] += 1 }
    }

    private struct Part: Sendable {
        var sums: [Float]
        var inertia = 0.0
    }

    /// Gives each empty cluster the row that is farthest from its centroid; returns how many got one.
    package mutating func repairEmptyClusters(_ sample: Matrix) -> Int {
        var repairs = 0
        for empty in counts.indices where counts[empty] == 0 {
            var farthest: Int?
            for row in assignment.labels.indices where counts[Int(assignment.labels[row])] > 1 {
                if assignment.distances[row] > (farthest.map { assignment.distances[$0] } ?? 0) { farthest = row }
            }
            guard let farthest else { break }
            move(row: farthest, to: empty, sample)
            repairs += 1
        }
        return repairs
    }

    private mutating func move(row: Int, to cluster: Int, _ sample: Matrix) {
        let width = sample.columns
        let source = Int(assignment.labels[row])
        for (column, value) in sample.row(row).enumerated() {
            sums[source * width + column] -= Double(value)
            sums[cluster * width + column] += Double(value)
        }
        counts[source] -= 1
        counts[cluster] += 1
        assignment.labels[row] = UInt32(cluster)
        assignment.distances[row] = 0
    }

    /// The clusters' means; an empty cluster keeps its centroid.
    package func means(keeping previous: Matrix) -> Matrix {
        var result = previous
        let width = previous.columns
        for cluster in counts.indices where counts[cluster] > 0 {
            for column in 0..<width {
                result[cluster, column] = Float(sums[cluster * width + column] / Double(counts[cluster]))
            }
        }
        return result
    }
}
