internal import Clustering
internal import Kernels

/// Two levels of k-means: about √partitions cells, each with partitions in proportion to its rows.
struct PartitionTree {
    /// `[partitions × columns]`, those of a cell together. Fewer than asked for when the sample has fewer distinct rows.
    let centroids: Matrix

    /// - Parameter sample: finite, at least `partitions` rows.
    init(_ sample: Matrix, partitions: Int, iterations: Int, seed: UInt64, workers: Int) {
        let wanted = partitions < 64 ? 1 : Int(Double(partitions).squareRoot().rounded())
        // A cell's centroid needs no more rows than this.
        var generator = SeededGenerator(seed: seed, stream: 0x6365_6c6c)
        let chosen = generator.sample(256 * wanted, below: sample.rows)
        let top = Self.kMeans(
            sample.rows(chosen), clusters: wanted, seed: seed, iterations: iterations + 4, workers: workers)
        var labels = [UInt32](repeating: 0, count: sample.rows)
        var distances = [Float](repeating: 0, count: sample.rows)
        var labelSpan = labels.mutableSpan
        var distanceSpan = distances.mutableSpan
        Self.finite { () throws(ClusteringError) in
            try CentroidAssigner(centroids: top).assign(
                sample.elements.span, labels: &labelSpan, distances: &distanceSpan, workers: workers)
        }
        let members = Self.members(labels, count: top.rows)
        let shares = Self.shares(of: partitions, among: members.map(\.count))
        let children = Parallel.map(count: top.rows, blockSize: 1, workers: workers) { range in
            let cell = range.lowerBound
            guard shares[cell] > 0 else { return Matrix(rows: 0, columns: sample.columns) }
            return Self.kMeans(
                sample.rows(members[cell]), clusters: shares[cell], seed: seed &+ UInt64(cell), iterations: iterations,
                workers: 1)
        }
        centroids = Matrix(
            rows: children.reduce(0) { $0 + $1.rows }, columns: sample.columns, elements: children.flatMap(\.elements))
    }

    /// Splits `total` in proportion to `counts` by largest remainders; a share is at least 1 where there is a row, and
    /// at most its count.
    static func shares(of total: Int, among counts: [Int]) -> [Int] {
        let rows = counts.reduce(0, +)
        var shares = counts.map { $0 == 0 ? 0 : min($0, max(1, total * $0 / max(1, rows))) }
        let order = counts.indices.sorted {
            let (a, b) = (total * counts[$0] % max(1, rows), total * counts[$1] % max(1, rows))
            return a != b ? a > b : $0 < $1
        }
        var left = total - shares.reduce(0, +)
        while left > 0 {
            let before = left
            for cell in order where left > 0 && shares[cell] < counts[cell] {
                shares[cell] += 1
                left -= 1
            }
            if left == before { break }
        }
        return shares
    }

    private static func members(_ labels: [UInt32], count: Int) -> [[Int]] {
        var members = [[Int]](repeating: [], count: count)
        for (row, label) in labels.enumerated() { members[Int(label)].append(row) }
        return members
    }

    private static func kMeans(
        _ sample: Matrix, clusters: Int, seed: UInt64, iterations: Int, workers: Int
    ) -> Matrix {
        finite { () throws(ClusteringError) in
            try KMeans.train(
                sample: sample, clusters: clusters, seed: seed, iterations: iterations, tolerance: 1e-3,
                workers: workers)
        }.centroids
    }

    /// What clustering refuses cannot occur here: the sample is finite and has enough rows.
    private static func finite<Value>(_ body: () throws(ClusteringError) -> Value) -> Value {
        do {
            return try body()
        } catch {
            preconditionFailure("\(error)")
        }
    }
}

extension Matrix {
    fileprivate func rows(_ chosen: [Int]) -> Matrix {
        var gathered: [Float] = []
        gathered.reserveCapacity(chosen.count * columns)
        for row in chosen { gathered.append(contentsOf: elements[range(ofRow: row)]) }
        return Matrix(rows: chosen.count, columns: columns, elements: gathered)
    }
}
