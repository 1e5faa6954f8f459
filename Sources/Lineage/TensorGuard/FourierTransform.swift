internal import Foundation

/// The discrete Fourier transform of any length, by Bluestein's algorithm on a power of two.
///
/// Source: Bluestein 1970, "A linear filtering approach to the computation of discrete Fourier transform".
package struct FourierTransform {
    private let count: Int
    private let padded: Int
    /// e^(−iπk²/n).
    private let chirp: [(Double, Double)]

    package init(count: Int) {
        precondition(count > 0)
        self.count = count
        var padded = 1
        while padded < 2 * count { padded *= 2 }
        self.padded = padded
        chirp = (0..<count).map { k in
            // k² mod 2n keeps the angle exact.
            let angle = Double.pi * Double(k * k % (2 * count)) / Double(count)
            return (cos(angle), -sin(angle))
        }
    }

    /// X_k = Σ_j x_j e^(∓2πijk/n), not scaled.
    package func transform(_ x: [(Double, Double)], isInverse: Bool = false) -> [(Double, Double)] {
        precondition(x.count == count)
        let input = isInverse ? x.map { ($0.0, -$0.1) } : x
        var a = [(Double, Double)](repeating: (0, 0), count: padded)
        var b = a
        for k in 0..<count {
            a[k] = Self.product(input[k], chirp[k])
            let conjugate = (chirp[k].0, -chirp[k].1)
            b[k] = conjugate
            if k > 0 { b[padded - k] = conjugate }
        }
        Self.radix2(&a, sign: -1)
        Self.radix2(&b, sign: -1)
        for k in 0..<padded { a[k] = Self.product(a[k], b[k]) }
        Self.radix2(&a, sign: 1)
        return (0..<count).map { k in
            let value = Self.product(a[k], chirp[k])
            let scaled = (value.0 / Double(padded), value.1 / Double(padded))
            return isInverse ? (scaled.0, -scaled.1) : scaled
        }
    }

    private static func product(_ a: (Double, Double), _ b: (Double, Double)) -> (Double, Double) {
        (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
    }

    /// In place, for a power of two.
    private static func radix2(_ x: inout [(Double, Double)], sign: Double) {
        let n = x.count
        var j = 0
        for i in 1..<max(n, 1) {
            var bit = n >> 1
            while j & bit != 0 {
                j ^= bit
                bit >>= 1
            }
            j |= bit
            if i < j { x.swapAt(i, j) }
        }
        var length = 2
        while length <= n {
            let half = length / 2
            let roots = (0..<half).map { k in
                let angle = sign * 2 * Double.pi * Double(k) / Double(length)
                return (cos(angle), sin(angle))
            }
            for start in stride(from: 0, to: n, by: length) {
                for k in 0..<half {
                    let odd = product(x[start + k + half], roots[k])
                    let even = x[start + k]
                    x[start + k] = (even.0 + odd.0, even.1 + odd.1)
                    x[start + k + half] = (even.0 - odd.0, even.1 - odd.1)
                }
            }
            length *= 2
        }
    }
}
