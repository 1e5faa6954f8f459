/// The distribution of p-values over outputs without a source, against the uniform one that honest p-values have.
package struct CalibrationCurve: Hashable, Sendable {
    /// The share of null outputs with a p-value of at most `x`, at each distinct p-value, rising; from (0, 0) to (1, 1).
    package let points: [CurvePoint]
    /// The largest distance of the curve from the diagonal (Kolmogorov's), on either side of each step; 0 without values.
    package let distance: Double
    package let count: Int

    /// - Parameter nullValues: p-values in `0 ... 1`.
    /// - Complexity: O(n log n).
    package init(nullValues: some Sequence<Double>) {
        let sorted = nullValues.sorted()
        var points = [CurvePoint(x: 0, y: 0)]
        var distance = 0.0
        for (index, value) in sorted.enumerated() where index + 1 == sorted.count || sorted[index + 1] > value {
            let share = Double(index + 1) / Double(sorted.count)
            distance = max(distance, abs(share - value), abs(points[points.count - 1].y - value))
            points.append(CurvePoint(x: value, y: share))
        }
        if !sorted.isEmpty, sorted[sorted.count - 1] < 1 { points.append(CurvePoint(x: 1, y: 1)) }
        (self.points, self.distance, count) = (points, distance, sorted.count)
    }
}
