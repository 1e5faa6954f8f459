internal import Kernels

/// An estimate with the interval that holds it.
package struct Estimate: Hashable, Sendable {
    package let value: Double
    package let lower: Double
    package let upper: Double

    package init(value: Double, lower: Double, upper: Double) {
        precondition(lower <= upper, "an interval from \(lower) to \(upper)")
        (self.value, self.lower, self.upper) = (value, lower, upper)
    }
}

/// Percentile intervals of a mean, by drawing the queries again with replacement.
///
/// Two methods are compared on the same queries, so what is drawn again is the difference on each query; the spread that
/// both share drops out. Resamples come in blocks with a generator each, so that the same values and seed give the same
/// interval for any number of workers.
///
/// Source: Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3 (percentile interval).
package struct PairedBootstrap: Hashable, Sendable {
    package var seed: UInt64
    package var resamples: Int
    /// The share of resamples that lie in the interval.
    package var level: Double
    package var workers: Int

    private static let blockSize = 100

    package init(seed: UInt64, resamples: Int = 10_000, level: Double = 0.95, workers: Int = 1) {
        precondition(resamples > 0, "an interval takes one resample at least")
        precondition(level > 0 && level < 1, "a level lies between 0 and 1, not \(level)")
        (self.seed, self.resamples, self.level, self.workers) = (seed, resamples, level, workers)
    }

    /// The mean of one value for each query.
    ///
    /// - Parameter values: finite, fewer than 2³² of them.
    /// - Returns: nil without values.
    /// - Complexity: O(resamples × values); some seconds for 10,000 × 10⁵ on one core.
    package func mean(of values: [Double]) -> Estimate? {
        guard !values.isEmpty else { return nil }
        precondition(UInt64(values.count) <= UInt64(UInt32.max), "\(values.count) values are too many to draw from")
        let means = Parallel.map(count: resamples, blockSize: Self.blockSize, workers: workers) { rows in
            var generator = SeededGenerator(seed: seed, stream: UInt64(rows.lowerBound / Self.blockSize))
            return rows.map { _ in Self.resampledMean(values, &generator) }
        }.joined().sorted()
        let tail = (1 - level) / 2
        return Estimate(
            value: values.reduce(0, +) / Double(values.count), lower: quantile(tail, of: means),
            upper: quantile(1 - tail, of: means))
    }

    /// The difference `second − first` of a metric's means.
    ///
    /// - Parameters:
    ///   - first: of the method compared with.
    ///   - second: of the method in question, on the same queries in the same order.
    package func difference(
        _ metric: RankingMetric, from first: [RankingOutcome], to second: [RankingOutcome]
    ) -> Estimate? {
        precondition(first.count == second.count, "\(first.count) and \(second.count) queries do not pair up")
        return mean(of: zip(first, second).map { $1.value(metric) - $0.value(metric) })
    }

    /// Two 32-bit indices of each random word; the bias of `values.count / 2³²` is far below the interval's own noise.
    private static func resampledMean(_ values: [Double], _ generator: inout SeededGenerator) -> Double {
        let values = values.span
        let bound = UInt64(values.count)
        func draw(_ bits: UInt64) -> Double { values[Int((bits &* bound) >> 32)] }
        var sum = 0.0
        for _ in 0..<values.count / 2 {
            let word = generator.next()
            sum += draw(word >> 32) + draw(word & 0xffff_ffff)
        }
        if values.count % 2 == 1 { sum += draw(generator.next() >> 32) }
        return sum / Double(values.count)
    }
}

/// The quantile of a rising list, between its two nearest elements (type 7 of Hyndman & Fan 1996).
func quantile(_ share: Double, of sorted: [Double]) -> Double {
    let position = share * Double(sorted.count - 1)
    let below = Int(position)
    let above = min(below + 1, sorted.count - 1)
    return sorted[below] + (position - Double(below)) * (sorted[above] - sorted[below])
}
