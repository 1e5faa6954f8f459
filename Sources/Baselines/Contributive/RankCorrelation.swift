/// Spearman's rank correlation.
package enum RankCorrelation {
    /// The correlation of the ranks, equal values sharing the mean of their ranks; 0 when all values of a side are equal,
    /// or there are fewer than two.
    ///
    /// - Complexity: O(n·log n).
    package static func spearman(_ a: [Double], _ b: [Double]) -> Double {
        precondition(a.count == b.count)
        let (x, y) = (ranks(a), ranks(b))
        // The mean of the ranks 0 … n − 1, ties or not.
        let mean = Double(a.count - 1) / 2
        var (xy, xx, yy) = (0.0, 0.0, 0.0)
        for index in x.indices {
            let (dx, dy) = (x[index] - mean, y[index] - mean)
            xy += dx * dy
            xx += dx * dx
            yy += dy * dy
        }
        return xx > 0 && yy > 0 ? xy / (xx * yy).squareRoot() : 0
    }

    /// From 0; equal values share the mean of their ranks.
    static func ranks(_ values: [Double]) -> [Double] {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var result = [Double](repeating: 0, count: values.count)
        var start = 0
        while start < order.count {
            var end = start + 1
            while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
            for index in start..<end { result[order[index]] = Double(start + end - 1) / 2 }
            start = end
        }
        return result
    }
}
