package import Kernels

/// Labels rows with their nearest centroid, block after block, so that a corpus streams through.
package struct CentroidAssigner: Sendable {
    /// `[clusters × dimension]`.
    package let centroids: Matrix
    private let halfNorms: [Float]

    package init(centroids: Matrix) {
        precondition(centroids.rows > 0, "there is no nearest of no centroids")
        self.centroids = centroids
        halfNorms = (0..<centroids.rows).map { row in
            let centroid = centroids.elements.span.extracting(centroids.range(ofRow: row))
            return dot(centroid, centroid) / 2
        }
    }

    /// Labels a block of rows.
    ///
    /// - Parameters:
    ///   - rows: row-major `[labels.count × dimension]`.
    ///   - labels: written: each row's nearest centroid, the first of several equally near.
    ///   - distances: written: the squared Euclidean distance to it, computed from the differences.
    /// - Throws: `dimensionMismatch`; `notFinite` with the block's first bad row (what was written is then void).
    /// - Complexity: O(rows · clusters · dimension). The result does not depend on `workers` or on the blocks.
    package func assign(
        _ rows: Span<Float>, labels: inout MutableSpan<UInt32>, distances: inout MutableSpan<Float>, workers: Int = 1
    ) throws(ClusteringError) {
        let dimension = centroids.columns
        guard rows.count == labels.count * dimension else {
            throw .dimensionMismatch(expected: dimension, found: labels.count == 0 ? 0 : rows.count / labels.count)
        }
        let firstBad = Parallel.fill(
            &labels, width: 1, &distances, width: 1, count: labels.count, blockSize: 2048, workers: workers
        ) { range, labels, distances in
            assignBlock(
                rows.extracting(range.lowerBound * dimension..<range.upperBound * dimension), labels: &labels,
                distances: &distances
            ).map { range.lowerBound + $0 }
        }.lazy.compactMap(\.self).first
        if let firstBad { throw .notFinite(row: firstBad) }
    }

    /// Labels the rows of a matrix.
    package func assign(_ rows: Matrix, workers: Int = 1) throws(ClusteringError) -> Assignment {
        var labels = [UInt32](repeating: 0, count: rows.rows)
        var distances = [Float](repeating: 0, count: rows.rows)
        guard rows.columns == centroids.columns else {
            throw .dimensionMismatch(expected: centroids.columns, found: rows.columns)
        }
        var labelSpan = labels.mutableSpan
        var distanceSpan = distances.mutableSpan
        try assign(rows.elements.span, labels: &labelSpan, distances: &distanceSpan, workers: workers)
        return Assignment(labels: labels, distances: distances)
    }

    /// Labels one block on this thread and returns the first row without a finite distance.
    func assignBlock(
        _ rows: Span<Float>, labels: inout MutableSpan<UInt32>, distances: inout MutableSpan<Float>,
        visit: (_ rows: Span<Float>, _ labels: Span<UInt32>) -> Void = { _, _ in }
    ) -> Int? {
        let dimension = centroids.columns
        let clusters = centroids.rows
        let count = labels.count
        // As many rows as stay in the second-level cache while they are read again for the distances and the sums.
        let step = max(12, min(count, min(65_536 / max(1, dimension), (1 << 18) / clusters)))
        var dots = [Float](repeating: 0, count: step * clusters)
        var firstBad: Int?
        for start in stride(from: 0, to: count, by: step) {
            let end = min(count, start + step)
            let part = rows.extracting(start * dimension..<end * dimension)
            var dotSpan = dots.mutableSpan
            blockDots(
                part, rows: end - start, centroids.elements.span, count: clusters, dimension: dimension, into: &dotSpan)
            var partLabels = labels._mutatingExtracting(start..<end)
            nearestLabels(dots: dots.span, halfNorms: halfNorms.span, into: &partLabels)
            for row in start..<end {
                let label = labels[row]
                guard label != .max else {
                    firstBad = firstBad ?? row
                    continue
                }
                let x = rows.extracting(row * dimension..<(row + 1) * dimension)
                let distance = squaredDistance(
                    x, centroids.elements.span.extracting(centroids.range(ofRow: Int(label))))
                distances[row] = distance
                if !distance.isFinite { firstBad = firstBad ?? row }
            }
            if firstBad == nil { visit(part, labels.span.extracting(start..<end)) }
        }
        return firstBad
    }
}

/// Labels of a block of rows.
package struct Assignment: Sendable, Hashable {
    /// `[rows]`, each a row of the centroids.
    package var labels: [UInt32]
    /// `[rows]`, squared Euclidean.
    package var distances: [Float]

    package init(labels: [UInt32], distances: [Float]) {
        self.labels = labels
        self.distances = distances
    }
}
