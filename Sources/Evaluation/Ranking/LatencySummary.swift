/// How long queries took.
package struct LatencySummary: Hashable, Sendable {
    package let queries: Int
    package let mean: Double
    /// The median.
    package let p50: Double
    /// What 99 of 100 queries stay within.
    package let p99: Double

    /// - Parameter milliseconds: one finite value for each query, in any order.
    /// - Returns: nil without values.
    /// - Complexity: O(n log n).
    package init?(milliseconds: [Double]) {
        guard !milliseconds.isEmpty else { return nil }
        let sorted = milliseconds.sorted()
        queries = sorted.count
        mean = sorted.reduce(0, +) / Double(sorted.count)
        p50 = quantile(0.5, of: sorted)
        p99 = quantile(0.99, of: sorted)
    }
}
