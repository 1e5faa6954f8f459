internal import Foundation

/// Small integers that stand for numbers of unit variance: 32 steps a standard deviation, cut at ±3.97.
struct QuantizedScores: Hashable, Sendable, Codable {
    let values: [Int8]
    private static let steps = 32.0

    /// - Parameter scores: of any scale; divided by their root mean square.
    init(_ scores: [Double]) {
        let square = scores.reduce(0) { $0 + $1 * $1 }
        let scale = square > 0 ? Self.steps / (square / Double(scores.count)).squareRoot() : 0
        values = scores.map { Int8(max(-127, min(127, ($0 * scale).rounded()))) }
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let data = Data(base64Encoded: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "scores that are not base64")
        }
        values = data.map { Int8(bitPattern: $0) }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(Data(values.map { UInt8(bitPattern: $0) }).base64EncodedString())
    }
}

/// Sets the means of all rows and columns of a matrix to 0.
///
/// For two such matrices, and one of them with its rows and its columns shuffled at random, the correlation has the mean 0
/// and exactly the variance 1/((rows − 1)(columns − 1)), whatever the matrices hold: both lie in an irreducible
/// representation of S_rows × S_columns of that dimension (Schur orthogonality). This is the null that a match is
/// measured against.
package func doublyCentered(_ matrix: [Double], rows: Int, columns: Int) -> [Double] {
    var result = matrix
    for row in 0..<rows {
        let range = row * columns..<(row + 1) * columns
        let mean = result[range].reduce(0, +) / Double(columns)
        for index in range { result[index] -= mean }
    }
    for column in 0..<columns {
        var mean = 0.0
        for row in 0..<rows { mean += result[row * columns + column] }
        mean /= Double(rows)
        for row in 0..<rows { result[row * columns + column] -= mean }
    }
    return result
}

/// The off-diagonal part of a symmetric matrix with the sums of its rows removed (U-centring).
///
/// The inner product of two of them is the unbiased HSIC, their correlation the unbiased CKA. With the labels of one
/// shuffled at random its mean is 0 and its variance exactly 1/(n(n − 3)/2), by the argument at ``doublyCentered``.
/// Source: Székely & Rizzo 2014, section 3; Nguyen, Raghu & Kornblith 2021.
///
/// - Parameter matrix: row-major `[n × n]`, symmetric; the diagonal is not read.
/// - Returns: row-major `[n × n]`, with zeros on the diagonal and rows that sum to 0.
package func uCentered(_ matrix: [Double], n: Int) -> [Double] {
    precondition(n > 3 && matrix.count == n * n)
    var sums = [Double](repeating: 0, count: n)
    for i in 0..<n { for j in 0..<n where i != j { sums[i] += matrix[i * n + j] } }
    let total = sums.reduce(0, +) / Double((n - 1) * (n - 2))
    var result = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
        for j in 0..<n where i != j {
            result[i * n + j] = matrix[i * n + j] - (sums[i] + sums[j]) / Double(n - 2) + total
        }
    }
    return result
}

/// The standard normal's upper tail, P(Z ≥ z).
package func upperTail(_ z: Double) -> Double { 0.5 * erfc(z / 2.0.squareRoot()) }

/// The z whose upper tail is `p`; bisection on ``upperTail(_:)``, within ±38.
package func upperQuantile(_ p: Double) -> Double {
    var (low, high) = (-38.0, 38.0)
    for _ in 0..<80 {
        let middle = (low + high) / 2
        if upperTail(middle) > p { low = middle } else { high = middle }
    }
    return (low + high) / 2
}
