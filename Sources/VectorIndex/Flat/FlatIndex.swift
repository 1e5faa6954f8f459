package import Kernels
internal import Storage

/// The exact index: every query is compared with every vector.
///
/// The reference for other indexes, and the one to use for small corpora. Vectors are scanned in place from
/// memory-mapped segments. A product's bits depend on the dimension alone, and of equal scores the smaller row wins, so
/// the result depends neither on the threads nor on how queries are batched.
///
/// - Complexity: 2·queries·count·dimension operations a search.
package struct FlatIndex: VectorIndex {
    package let count: Int
    package let dimension: Int
    package let metric: Metric
    /// Names everything the vectors were made with.
    package let identity: String
    private let segments: [(reader: FlatSegment.Reader, firstRow: Int)]

    /// - Parameter segments: the files, in the order of their rows; at least one.
    /// - Throws: `mismatch`, `damaged`.
    package init(segments paths: [String]) throws(IndexError) {
        var segments: [(reader: FlatSegment.Reader, firstRow: Int)] = []
        var rows = 0
        for path in paths {
            let reader = try FlatSegment.Reader(path: path)
            try segments.first?.reader.requireLike(reader)
            segments.append((reader, rows))
            rows += reader.rows
        }
        guard let first = segments.first?.reader else { preconditionFailure("an index has at least one segment") }
        self.segments = segments
        count = rows
        dimension = first.dimension
        metric = first.metric
        identity = first.identity
    }

    package func search(
        _ queries: Matrix, count: Int, filter: RowSet?, workers: Int
    ) throws(IndexError) -> [[Neighbor]] {
        precondition(filter.map { $0.count == self.count } ?? true, "a filter speaks of the rows of the index")
        guard queries.columns == dimension else {
            throw .wrongDimension(expected: dimension, found: queries.columns)
        }
        for query in 0..<queries.rows where !queries.row(query).allSatisfy(\.isFinite) {
            throw .notFinite(query: query)
        }
        let available = filter?.population ?? self.count
        guard queries.rows > 0, count > 0, available > 0 else { return Array(repeating: [], count: queries.rows) }
        // Distances from ‖x‖² − 2⟨q, x⟩ are rounded: a few more candidates are kept and measured directly, and where
        // rounding may have hidden a nearer row, every row is.
        let kept = min(available, metric == .l2 ? count + 16 : count)
        let heaps = try scan(queries, capacity: kept, filter: filter, workers: workers)
        var results: [[Neighbor]] = []
        for query in 0..<queries.rows {
            let vector = queries.row(query)
            var neighbors = Array(try order(heaps[query], query: vector).prefix(count))
            if metric == .l2,
                !holdsNearest(neighbors, count: count, available: available, of: heaps[query], query: vector)
            {
                neighbors = try measureAll(vector, count: min(count, available), filter: filter, workers: workers)
            }
            results.append(neighbors)
        }
        return results
    }

    /// Whether no row outside the candidates can be among the nearest, for all that rounding does to their keys.
    ///
    /// A row at squared distance D or less has length r ≤ ‖q‖ + √D and, exactly, the key ‖x‖² − 2⟨q, x⟩ ≤ D − ‖q‖². What
    /// is computed differs from that by at most γ·(r² + 2‖q‖r), γ = steps·2⁻²³ (twice the usual bound of a sum in `steps`
    /// steps). If that is still below the worst key kept, such a row has been kept.
    private func holdsNearest(
        _ neighbors: [Neighbor], count: Int, available: Int, of candidates: TopCandidates, query: [Float]
    ) -> Bool {
        guard candidates.count < available else { return true }
        // A key that overflowed to no number was not kept: then fewer were than could be.
        guard candidates.count == candidates.capacity, neighbors.count == count, let worst = candidates.sorted.last,
            let farthest = neighbors.last
        else {
            return false
        }
        let squaredLength = query.reduce(0) { $0 + Double($1) * Double($1) }
        let gamma = Double(dimension + 16) * 0x1p-23
        let distance = -Double(farthest.score) * (1 + gamma)
        let reach = squaredLength.squareRoot() + distance.squareRoot()
        let error = gamma * (reach * reach + 2 * squaredLength.squareRoot() * reach)
        return distance - squaredLength + error < Double(worst.key)
    }

    /// The nearest rows by direct measurement of every row.
    private func measureAll(
        _ query: [Float], count: Int, filter: RowSet?, workers: Int
    ) throws(IndexError) -> [Neighbor] {
        var best = TopCandidates(capacity: count)
        for (reader, firstRow) in segments {
            let parts = Parallel.map(count: reader.rows, blockSize: 4096, workers: workers) { rows in
                Result { () throws(StorageError) in
                    let vectors = try reader.file.floats(FlatSegment.vectors, rows: rows)
                    var found = TopCandidates(capacity: count)
                    for row in rows where filter?.contains(firstRow + row) ?? true {
                        let start = (row - rows.lowerBound) * dimension
                        let vector = vectors.extracting(start..<start + dimension)
                        let distance = Kernels.squaredDistance(query.span, vector)
                        found.offer(key: distance, row: UInt32(firstRow + row))
                    }
                    return found
                }
            }
            for part in parts { best.merge(try indexed { () throws(StorageError) in try part.get() }) }
        }
        return best.sorted.map { Neighbor(row: Int($0.row), score: -$0.key) }
    }

    /// The `capacity` best rows of each query, in no order.
    private func scan(
        _ queries: Matrix, capacity: Int, filter: RowSet?, workers: Int
    ) throws(IndexError) -> [TopCandidates] {
        let tiles = segments.enumerated().flatMap { number, segment in
            stride(from: 0, to: segment.reader.rows, by: Self.tileRows).map { start in
                (segment: number, rows: start..<min(segment.reader.rows, start + Self.tileRows))
            }
        }
        // One run of tiles a worker: the best of all does not depend on the cut.
        let share = (tiles.count + workers - 1) / workers
        let parts = Parallel.map(count: tiles.count, blockSize: max(1, share), workers: workers) { range in
            Result { () throws(IndexError) in try scan(tiles[range], queries, capacity: capacity, filter: filter) }
        }
        var best: [TopCandidates] = []
        for part in parts {
            let found = try part.get()
            if best.isEmpty {
                best = found
            } else {
                for query in best.indices { best[query].merge(found[query]) }
            }
        }
        return best
    }

    private func scan(
        _ tiles: ArraySlice<(segment: Int, rows: Range<Int>)>, _ queries: Matrix, capacity: Int,
        filter: RowSet?
    ) throws(IndexError) -> [TopCandidates] {
        let allowed = filter?.words ?? []
        var best = [TopCandidates](repeating: TopCandidates(capacity: capacity), count: queries.rows)
        var products = [Float](repeating: 0, count: Self.tileQueries * Self.tileRows)
        for (number, rows) in tiles {
            let (reader, firstRow) = segments[number]
            do {
                let vectors = try reader.file.floats(FlatSegment.vectors, rows: rows)
                let norms = try reader.file.floats(FlatSegment.norms, rows: rows)
                for start in stride(from: 0, to: queries.rows, by: Self.tileQueries) {
                    let tile = start..<min(queries.rows, start + Self.tileQueries)
                    let elements = tile.lowerBound * dimension..<tile.upperBound * dimension
                    var output = products.mutableSpan
                    blockDots(
                        queries.elements.span.extracting(elements), rows: tile.count, vectors, count: rows.count,
                        dimension: dimension, into: &output)
                    for (index, query) in tile.enumerated() {
                        let span = products.span.extracting(index * rows.count..<(index + 1) * rows.count)
                        let first = UInt32(firstRow + rows.lowerBound)
                        // ‖x‖² − 2⟨q, x⟩ orders as the distance does.
                        switch metric {
                        case .l2:
                            best[query].offer(dots: span, bias: norms, factor: -2, first: first, allowed: allowed.span)
                        case .innerProduct:
                            best[query].offer(dots: span, factor: -1, first: first, allowed: allowed.span)
                        }
                    }
                }
            } catch {
                throw .damaged(error)
            }
        }
        return best
    }

    /// The candidates best first, with their scores measured directly.
    private func order(_ candidates: TopCandidates, query: [Float]) throws(IndexError) -> [Neighbor] {
        var neighbors: [Neighbor] = []
        for candidate in candidates.sorted {
            let row = Int(candidate.row)
            let score = metric == .innerProduct ? -candidate.key : -(try squaredDistance(query, toRow: row))
            neighbors.append(Neighbor(row: row, score: score))
        }
        return neighbors.sorted { $0.score != $1.score ? $0.score > $1.score : $0.row < $1.row }
    }

    private func squaredDistance(_ query: [Float], toRow row: Int) throws(IndexError) -> Float {
        let vector = try vector(row: row)
        return Kernels.squaredDistance(query.span, vector.span)
    }

    /// A copy of one vector.
    package func vector(row: Int) throws(IndexError) -> [Float] {
        guard let segment = segments.last(where: { $0.firstRow <= row }) else { preconditionFailure("row \(row)") }
        let local = row - segment.firstRow
        return try indexed { () throws(StorageError) in
            var vector: [Float] = []
            try segment.reader.file.read(FlatSegment.vectors, rows: local..<local + 1, into: &vector)
            return vector
        }
    }

    /// A tile of vectors that stays in a core's cache while queries pass over it.
    private static let tileRows = 256
    private static let tileQueries = 64
}
