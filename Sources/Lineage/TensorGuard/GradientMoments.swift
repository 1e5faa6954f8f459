internal import Kernels

/// Mean, standard deviation, norm, skewness and excess kurtosis of the gradient of ‖x Wᵀ‖ with respect to W.
///
/// With y = x Wᵀ the gradient is the outer product of u = y/‖y‖ and x, so that the mean of the k-th powers of its elements
/// is the product of the means of u's and x's. It is never made. Its norm is ‖u‖·‖x‖ = ‖x‖: the weights do not enter.
package struct GradientMoments: Hashable, Sendable {
    package let mean: Double
    package let standardDeviation: Double
    package let norm: Double
    package let skewness: Double
    package let kurtosis: Double

    /// - Parameters:
    ///   - y: x Wᵀ, `[rows]`; not all zeros.
    ///   - x: `[columns]`.
    package init(y: [Double], x: [Float]) {
        let length = y.reduce(0) { $0 + $1 * $1 }.squareRoot()
        precondition(length > 0, "x Wᵀ is 0: the norm has no gradient there")
        let u = Self.means(y.map { $0 / length })
        let v = Self.means(x.map(Double.init))
        let raw = zip(u, v).map { $0 * $1 }
        let (m1, m2, m3, m4) = (raw[0], raw[1], raw[2], raw[3])
        let variance = m2 - m1 * m1
        mean = m1
        standardDeviation = max(0, variance).squareRoot()
        norm = (m2 * Double(y.count) * Double(x.count)).squareRoot()
        let third = m3 - 3 * m1 * m2 + 2 * m1 * m1 * m1
        let fourth = m4 - 4 * m1 * m3 + 6 * m1 * m1 * m2 - 3 * m1 * m1 * m1 * m1
        skewness = variance > 0 ? third / (variance * variance.squareRoot()) : 0
        kurtosis = variance > 0 ? fourth / (variance * variance) - 3 : 0
    }

    /// The means of the first four powers.
    private static func means(_ values: [Double]) -> [Double] {
        var sums = [0.0, 0, 0, 0]
        for value in values {
            let square = value * value
            sums[0] += value
            sums[1] += square
            sums[2] += square * value
            sums[3] += square * square
        }
        return sums.map { $0 / Double(values.count) }
    }
}
