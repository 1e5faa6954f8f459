package import Kernels
internal import Storage

/// What every file of a partitioned index shares: the centroids, the rotation and the codes' shape.
///
/// Everything lives in one rotated space: a vector x becomes R(x − o), o the sample's mean, padded to a multiple of 32.
package struct PartitionModel: Sendable {
    package let dimension: Int
    package let metric: Metric
    /// Bits of a code.
    package let bits: Int
    package let seed: UInt64
    /// Names everything the vectors were made with.
    package let fingerprintIdentity: String
    /// Of the training sample: the mean of its rows' squared distances to their centroids.
    package let meanSquaredDistance: Double
    /// SHA-256 over all of the above and every centroid: parts of another identity do not fit together.
    package let identity: String

    /// The sample's mean, `[dimension]`.
    package let origin: [Float]
    /// `[partitions × padded dimension]`.
    package let centroids: Matrix
    package let rotation: Rotation
    /// R·o, `[padded dimension]`.
    let rotatedOrigin: [Float]
    /// Finds the partition a vector belongs to, and those that a query looks into.
    let routing: CentroidScan

    package var partitions: Int { centroids.rows }
    package var paddedDimension: Int { rotation.paddedDimension }

    /// - Parameter identity: computed where nil.
    init(
        dimension: Int, metric: Metric, bits: Int, seed: UInt64, fingerprintIdentity: String,
        meanSquaredDistance: Double, origin: [Float], centroids: Matrix, identity: String? = nil
    ) {
        self.dimension = dimension
        self.metric = metric
        self.bits = bits
        self.seed = seed
        self.fingerprintIdentity = fingerprintIdentity
        self.meanSquaredDistance = meanSquaredDistance
        self.origin = origin
        self.centroids = centroids
        rotation = Rotation(dimension: dimension, seed: seed)
        precondition(centroids.columns == rotation.paddedDimension && centroids.rows > 0)
        let zero = [Float](repeating: 0, count: dimension)
        let rotatedOrigin = rotation.rotated(origin.span, lessOrigin: zero.span)
        self.rotatedOrigin = rotatedOrigin
        routing = CentroidScan(centroids, rotatedOrigin: rotatedOrigin, metric: metric)
        self.identity =
            identity
            ?? Self.identity(
                facts: [
                    "partition-model 1", "\(dimension)", metric.rawValue, "\(bits)", "\(seed)", fingerprintIdentity,
                ], numbers: [origin, centroids.elements])
    }

    /// The vectors as the index sees them.
    ///
    /// - Parameter vectors: row-major `[count × dimension]`.
    /// - Returns: row-major `[count × padded dimension]`.
    func rotated(_ vectors: Span<Float>, workers: Int) -> [Float] {
        let count = vectors.count / dimension
        precondition(vectors.count == count * dimension)
        var output = [Float](repeating: 0, count: count * paddedDimension)
        var span = output.mutableSpan
        Parallel.fill(&span, width: paddedDimension, count: count, blockSize: 1024, workers: workers) { rows, part in
            let block = vectors.extracting(rows.lowerBound * dimension..<rows.upperBound * dimension)
            rotation.rotate(block, lessOrigin: origin.span, into: &part)
        }
        return output
    }

    private static func identity(facts: [String], numbers: [[Float]]) -> String {
        let sums = numbers.map { Digest.sha256($0.span.rawBytes) }
        return Digest.sha256((facts + sums).joined(separator: "\n"))
    }
}
