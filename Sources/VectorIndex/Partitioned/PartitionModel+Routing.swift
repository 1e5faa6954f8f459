internal import Kernels

/// A partition that a query looks into.
struct PartitionProbe: Sendable, Hashable {
    /// Below zero where numbers too large to square left none to choose.
    let partition: Int
    /// What a key begins with: ‖q − c‖², or −⟨q, c⟩.
    let offset: Float
    /// ‖q − c‖.
    let distance: Float
}

/// The partitions that queries look into, as many for each.
struct PartitionProbes: Sendable {
    let queries: Int
    let perQuery: Int
    /// Those of a query together, the nearest first, the others in no order.
    private let probes: [PartitionProbe]

    init(queries: Int, perQuery: Int, _ probes: [PartitionProbe]) {
        precondition(probes.count == queries * perQuery)
        self.queries = queries
        self.perQuery = perQuery
        self.probes = probes
    }

    subscript(query: Int, rank: Int) -> PartitionProbe { probes[query * perQuery + rank] }

    /// The probe at a place, query · ``perQuery`` + rank, and its query.
    subscript(place: Int) -> (query: Int, probe: PartitionProbe) { (place / perQuery, probes[place]) }

    /// The places of probes of some ranks, in the order of their partitions; those of one partition by query.
    ///
    /// - Parameter partitions: how many there are.
    /// - Returns: the places, and where those of each partition begin, with their number behind the last.
    func grouped(ranks: Range<Int>, partitions: Int) -> (places: [UInt32], starts: [Int]) {
        let ranks = ranks.clamped(to: 0..<perQuery)
        var starts = [Int](repeating: 0, count: partitions + 1)
        for query in 0..<queries {
            for rank in ranks where self[query, rank].partition >= 0 { starts[self[query, rank].partition + 1] += 1 }
        }
        for partition in 0..<partitions { starts[partition + 1] += starts[partition] }
        var next = starts
        var places = [UInt32](repeating: 0, count: queries * ranks.count)
        for query in 0..<queries {
            for rank in ranks where self[query, rank].partition >= 0 {
                let partition = self[query, rank].partition
                places[next[partition]] = UInt32(query * perQuery + rank)
                next[partition] += 1
            }
        }
        return (places, starts)
    }
}

extension PartitionModel {
    /// The nearest partition of each vector by Euclidean distance, and the squared distance to it.
    ///
    /// - Parameters:
    ///   - vectors: rotated and finite, row-major `[count × padded dimension]`.
    ///   - labels: written.
    ///   - distances: written.
    func assign(
        _ vectors: Span<Float>, labels: inout MutableSpan<UInt32>, distances: inout MutableSpan<Float>
    ) {
        let width = paddedDimension
        let step = 128
        for start in stride(from: 0, to: labels.count, by: step) {
            let end = min(labels.count, start + step)
            let block = vectors.extracting(start * width..<end * width)
            let prepared = PreparedQueries(block, codes: codes)
            let nearest = routing.nearest(
                block, prepared: prepared, probes: 1, confidence: PartitionedIndex.defaultConfidence)
            for row in start..<end {
                let best = nearest[row - start, 0]
                labels[row] = UInt32(max(0, best.partition))
                distances[row] = best.distance * best.distance
            }
        }
    }
}
