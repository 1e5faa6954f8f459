internal import Kernels

/// A partition that a query looks into.
struct PartitionProbe: Sendable, Hashable {
    let partition: Int
    /// What a key begins with: ‖q − c‖², or −⟨q, c⟩.
    let offset: Float
    /// ‖q − c‖.
    let distance: Float
}

extension PartitionModel {
    /// The nearest partitions of each query, nearest first, by the index' own metric; of equally near ones the first.
    ///
    /// Cells are compared first, then the partitions of the nearest cells: an eighth of them, and more for many probes.
    /// Each product has the same bits in any batch, so the result does not depend on it.
    ///
    /// - Parameter queries: rotated, row-major `[count × padded dimension]`.
    func nearest(_ queries: Span<Float>, count: Int, probes: Int) -> [[PartitionProbe]] {
        let near = nearestCells(
            queries, count: count, cells: cellsToVisit(probes: probes), metric: metric)
        var best = [TopCandidates](repeating: TopCandidates(capacity: min(probes, partitions)), count: count)
        let (norms, products) = (squaredNorms.partitions, originProducts.partitions)
        visit(queries, cells: near) { children, members, dots in
            for (index, query) in members.enumerated() {
                let row = dots.extracting(index * children.count..<(index + 1) * children.count)
                let first = UInt32(children.lowerBound)
                switch metric {
                case .l2:
                    best[query].offer(dots: row, bias: norms.span.extracting(children), factor: -2, first: first)
                case .innerProduct:
                    best[query].offer(dots: row, bias: negated(products, children).span, factor: -1, first: first)
                }
            }
        }
        return (0..<count).map { query in
            let vector = queries.extracting(query * paddedDimension..<(query + 1) * paddedDimension)
            let squaredNorm = dot(vector, vector)
            let shift = metric == .l2 ? squaredNorm : -dot(vector, rotatedOrigin.span) - squaredOriginNorm
            return best[query].sorted.map { candidate in
                let partition = Int(candidate.row)
                // Both keys lead back to ⟨q, c⟩.
                let squaredDistance =
                    metric == .l2
                    ? candidate.key + squaredNorm
                    : squaredNorm + norms[partition] + 2 * (candidate.key + products[partition])
                let distance = max(0, squaredDistance).squareRoot()
                return PartitionProbe(partition: partition, offset: candidate.key + shift, distance: distance)
            }
        }
    }

    /// The nearest partition of each vector by Euclidean distance, and the squared distance to it.
    ///
    /// - Parameters:
    ///   - vectors: rotated, row-major `[count × padded dimension]`.
    ///   - labels: written.
    ///   - distances: written; NaN for a vector that is not finite.
    func assign(
        _ vectors: Span<Float>, labels: inout MutableSpan<UInt32>, distances: inout MutableSpan<Float>
    ) {
        let count = labels.count
        let near = nearestCells(vectors, count: count, cells: cellsToAssign, metric: .l2)
        var bestKeys = [Float](repeating: .infinity, count: count)
        var found = [UInt32](repeating: 0, count: count)
        var local: [UInt32] = []
        let halfNorms = squaredNorms.partitions.map { $0 / 2 }
        visit(vectors, cells: near) { children, members, dots in
            if local.count < members.count { local = [UInt32](repeating: 0, count: members.count) }
            let norms = halfNorms.span.extracting(children)
            var span = local.mutableSpan
            var output = span._mutatingExtracting(0..<members.count)
            nearestLabels(dots: dots, halfNorms: norms, into: &output)
            for (index, row) in members.enumerated() where local[index] != .max {
                let child = Int(local[index])
                let key = norms[child] - dots[index * children.count + child]
                let label = UInt32(children.lowerBound + child)
                if key < bestKeys[row] || (key == bestKeys[row] && label < found[row]) {
                    (bestKeys[row], found[row]) = (key, label)
                }
            }
        }
        for row in 0..<count {
            labels[row] = found[row]
            let vector = vectors.extracting(row * paddedDimension..<(row + 1) * paddedDimension)
            distances[row] = max(0, 2 * bestKeys[row] + dot(vector, vector))
            if !bestKeys[row].isFinite { distances[row] = .nan }
        }
    }

    private var squaredOriginNorm: Float { dot(rotatedOrigin.span, rotatedOrigin.span) }

    private func cellsToVisit(probes: Int) -> Int {
        let forProbes = (6 * probes * cells.rows + partitions - 1) / partitions
        return min(cells.rows, max(4, (cells.rows + 7) / 8, forProbes))
    }

    private var cellsToAssign: Int { min(cells.rows, max(4, (cells.rows + 15) / 16)) }

    private func negated(_ values: [Float], _ range: Range<Int>) -> [Float] { values[range].map { -$0 } }

    /// For each cell the vectors that are to be compared with its partitions, in rising order.
    private func nearestCells(_ vectors: Span<Float>, count: Int, cells wanted: Int, metric: Metric) -> [[Int]] {
        var members = [[Int]](repeating: [], count: cells.rows)
        guard wanted < cells.rows else { return members.map { _ in Array(0..<count) } }
        let biases = metric == .l2 ? squaredNorms.cells : originProducts.cells.map { -$0 }
        let step = 256
        var dots = [Float](repeating: 0, count: min(step, count) * cells.rows)
        for start in stride(from: 0, to: count, by: step) {
            let end = min(count, start + step)
            var output = dots.mutableSpan
            blockDots(
                vectors.extracting(start * paddedDimension..<end * paddedDimension), rows: end - start,
                cells.elements.span, count: cells.rows, dimension: paddedDimension, into: &output)
            for row in start..<end {
                var best = TopCandidates(capacity: wanted)
                let span = dots.span.extracting((row - start) * cells.rows..<(row - start + 1) * cells.rows)
                best.offer(dots: span, bias: biases.span, factor: metric == .l2 ? -2 : -1, first: 0)
                for candidate in best.sorted { members[Int(candidate.row)].append(row) }
            }
        }
        return members
    }

    /// Calls `body` for each cell that has members, with the products of its members and its partitions, block by block.
    private func visit(
        _ vectors: Span<Float>, cells members: [[Int]],
        _ body: (_ children: Range<Int>, _ members: ArraySlice<Int>, _ dots: Span<Float>) -> Void
    ) {
        let width = paddedDimension
        var gathered: [Float] = []
        var dots: [Float] = []
        for cell in members.indices where !members[cell].isEmpty {
            let children = firstPartitions[cell]..<firstPartitions[cell + 1]
            guard !children.isEmpty else { continue }
            let centroids = centroids.elements.span.extracting(
                children.lowerBound * width..<children.upperBound * width)
            for start in stride(from: 0, to: members[cell].count, by: 128) {
                let block = members[cell][start..<min(members[cell].count, start + 128)]
                gathered.removeAll(keepingCapacity: true)
                for row in block {
                    gathered.append(vectors.extracting(row * width..<(row + 1) * width))
                }
                if dots.count < block.count * children.count {
                    dots = [Float](repeating: 0, count: block.count * children.count)
                }
                var output = dots.mutableSpan
                blockDots(
                    gathered.span, rows: block.count, centroids, count: children.count, dimension: width,
                    into: &output)
                body(children, block, dots.span.extracting(0..<block.count * children.count))
            }
        }
    }
}

extension [Float] {
    fileprivate mutating func append(_ values: Span<Float>) {
        unsafe values.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}
