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
    ///   - vectors: rotated, row-major `[count × padded dimension]`.
    ///   - labels: written.
    ///   - distances: written; NaN for a vector that is not finite.
    func assign(
        _ vectors: Span<Float>, labels: inout MutableSpan<UInt32>, distances: inout MutableSpan<Float>
    ) {
        let width = paddedDimension
        let step = 128
        for start in stride(from: 0, to: labels.count, by: step) {
            let end = min(labels.count, start + step)
            let block = vectors.extracting(start * width..<end * width)
            let prepared = PreparedQueries(block, codes: codes)
            let nearest = assignment.nearest(block, prepared: prepared, probes: 1)
            for row in start..<end {
                let best = nearest[row - start].first
                labels[row] = UInt32(best?.partition ?? 0)
                distances[row] = best.map { max(0, $0.offset) } ?? .nan
            }
        }
    }
}
