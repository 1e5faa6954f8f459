internal import Foundation

/// TensorGuard's classification: features standardised over all models, Lloyd's algorithm from the bases.
package struct TensorGuardClassifier: Sendable {
    /// Beyond this distance to every base a model is new or unknown. The published code's threshold.
    package static let publishedThreshold = 7.0

    package struct Assignment: Hashable, Sendable, Codable {
        /// The position of the base that the model's cluster began at.
        package let base: Int
        /// The standardised Euclidean distance to that cluster's centre.
        package let distanceToCenter: Double
        /// The nearest base's position, and the distance to it.
        package let nearestBase: Int
        package let distanceToNearest: Double
    }

    /// One for each model, in their order.
    package let assignments: [Assignment]
    /// The standardised features, row by row.
    package let standardized: [[Double]]

    /// - Parameters:
    ///   - models: the features of all models, the bases among them.
    ///   - bases: the positions of the bases in `models`; at least one.
    /// - Complexity: models × bases × 14 a pass; ends when no model changes its cluster.
    package init(models: [TensorGuardFeatures], bases: [Int]) {
        precondition(!bases.isEmpty && bases.allSatisfy { models.indices.contains($0) })
        let rows = Self.standardize(models.map(\.values))
        var centers = bases.map { rows[$0] }
        var labels = rows.map { Self.nearest($0, centers) }
        while true {
            for cluster in centers.indices {
                let members = rows.indices.filter { labels[$0] == cluster }
                guard !members.isEmpty else { continue }
                centers[cluster] = centers[cluster].indices.map { column in
                    members.reduce(0) { $0 + rows[$1][column] } / Double(members.count)
                }
            }
            let next = rows.map { Self.nearest($0, centers) }
            if next == labels { break }
            labels = next
        }
        standardized = rows
        assignments = rows.indices.map { index in
            let nearest = Self.nearest(rows[index], bases.map { rows[$0] })
            return Assignment(
                base: bases[labels[index]], distanceToCenter: Self.distance(rows[index], centers[labels[index]]),
                nearestBase: bases[nearest], distanceToNearest: Self.distance(rows[index], rows[bases[nearest]]))
        }
    }

    /// Mean 0 and variance 1 over the models, feature by feature; a feature that is the same for all becomes 0.
    static func standardize(_ rows: [[Double]]) -> [[Double]] {
        guard let first = rows.first else { return [] }
        var result = rows
        for column in first.indices {
            let values = rows.map { $0[column] }
            let mean = values.reduce(0, +) / Double(values.count)
            let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
            for row in rows.indices { result[row][column] = deviation > 0 ? (rows[row][column] - mean) / deviation : 0 }
        }
        return result
    }

    package static func distance(_ a: [Double], _ b: [Double]) -> Double {
        zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    }

    private static func nearest(_ row: [Double], _ centers: [[Double]]) -> Int {
        var best = 0
        for index in centers.indices where distance(row, centers[index]) < distance(row, centers[best]) { best = index }
        return best
    }
}
