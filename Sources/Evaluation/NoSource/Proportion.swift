/// A share of counted cases, with Wilson's score interval.
package struct Proportion: Hashable, Sendable {
    package let count: Int
    package let total: Int

    package init(count: Int, of total: Int) {
        precondition(count >= 0 && count <= total, "\(count) of \(total) is no share")
        (self.count, self.total) = (count, total)
    }

    /// 0 without cases.
    package var rate: Double { total == 0 ? 0 : Double(count) / Double(total) }

    /// The interval that holds the true share at about 95 %, also for few cases and for shares near 0 and 1; `0 ... 1`
    /// without cases.
    ///
    /// Source: Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927.
    package var interval: ClosedRange<Double> {
        guard total > 0 else { return 0...1 }
        let z = 1.959963984540054
        let n = Double(total)
        let centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
        let half = z / (1 + z * z / n) * (rate * (1 - rate) / n + z * z / (4 * n * n)).squareRoot()
        return (count == 0 ? 0 : max(0, centre - half))...(count == total ? 1 : min(1, centre + half))
    }

    package var estimate: Estimate { Estimate(value: rate, lower: interval.lowerBound, upper: interval.upperBound) }
}
