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
            let nearest = routing.nearest(block, prepared: prepared, probes: 1)
            for row in start..<end {
                let best = nearest[row - start][0]
                labels[row] = UInt32(best.partition)
                distances[row] = best.distance * best.distance
            }
        }
    }
}
