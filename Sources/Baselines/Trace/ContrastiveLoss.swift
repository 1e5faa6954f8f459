internal import Kernels

/// Supervised NT-Xent over a batch of unit vectors: for each anchor i with positives P_i, the others of its source,
/// `−1/|P_i| Σ_{p∈P_i} log(exp(z_i·z_p/τ) / Σ_{a≠i} exp(z_i·z_a/τ))`; the mean over the anchors that have positives.
///
/// Source: Khosla et al., "Supervised contrastive learning", 2020, arXiv 2004.11362, equation 2.
struct ContrastiveLoss: Sendable {
    /// In nats; 0 when no anchor has a positive.
    let value: Double
    /// By the vectors, `[batch × outputs]`.
    let gradient: Matrix

    /// - Parameters:
    ///   - vectors: `[batch × outputs]`, of unit length.
    ///   - sources: of each vector.
    ///   - temperature: τ.
    /// - Complexity: 4·batch²·outputs operations.
    init(_ vectors: Matrix, sources: [Int], temperature: Float, workers: Int) {
        let count = vectors.rows
        let members = Dictionary(grouping: 0..<count) { sources[$0] }
        let anchors = (0..<count).count { members[sources[$0]]!.count > 1 }
        // Row i: the derivatives of the anchor's loss by its scaled cosines.
        var derivatives = Matrix(rows: count, columns: count)
        var losses = [Double](repeating: 0, count: count)
        var span = derivatives.elements.mutableSpan
        var lossSpan = losses.mutableSpan
        Parallel.fill(&span, width: count, &lossSpan, width: 1, count: count, blockSize: 32, workers: workers) {
            rows, part, losses in
            let width = vectors.columns
            blockDots(
                vectors.elements.span.extracting(rows.lowerBound * width..<rows.upperBound * width), rows: rows.count,
                vectors.elements.span, count: count, dimension: width, into: &part)
            for row in rows {
                let positives = members[sources[row]]!.filter { $0 != row }
                let offset = (row - rows.lowerBound) * count
                losses[row - rows.lowerBound] = Self.differentiate(
                    &part, offset: offset, anchor: row, count: count, positives: positives, temperature: temperature,
                    share: 1 / Float(max(1, anchors)))
            }
        }
        value = losses.reduce(0, +) / Double(max(1, anchors))
        gradient = Self.pulledBack(derivatives, vectors, temperature: temperature, workers: workers)
    }

    /// Turns one row of cosines into `share·(softmax − positives' shares)`.
    ///
    /// - Returns: the anchor's loss.
    private static func differentiate(
        _ row: inout MutableSpan<Float>, offset: Int, anchor: Int, count: Int, positives: [Int], temperature: Float,
        share: Float
    ) -> Double {
        guard !positives.isEmpty else {
            for index in offset..<offset + count { row[index] = 0 }
            return 0
        }
        var greatest = -Float.infinity
        for other in 0..<count where other != anchor { greatest = max(greatest, row[offset + other]) }
        var loss = 0.0
        for other in positives { loss -= Double((row[offset + other] - greatest) / temperature) }
        loss /= Double(positives.count)
        for other in 0..<count { row[offset + other] = (row[offset + other] - greatest) / temperature }
        var part = row._mutatingExtracting(offset..<offset + count)
        exponential(&part)
        row[offset + anchor] = 0
        var sum = 0.0
        for other in 0..<count { sum += Double(row[offset + other]) }
        for other in 0..<count { row[offset + other] *= share / Float(sum) }
        for other in positives { row[offset + other] -= share / Float(positives.count) }
        return loss + logarithm(sum)
    }

    /// `(G + Gᵀ)·Z/τ`.
    private static func pulledBack(
        _ derivatives: Matrix, _ vectors: Matrix, temperature: Float, workers: Int
    ) -> Matrix {
        let (count, width) = (vectors.rows, vectors.columns)
        var both = Matrix(rows: count, columns: count)
        for row in 0..<count {
            for other in 0..<count {
                // Column `row` of the result's factor, as the outer products want it.
                both[other, row] = (derivatives[row, other] + derivatives[other, row]) / temperature
            }
        }
        var result = Matrix(rows: count, columns: width)
        var span = result.elements.mutableSpan
        addOuterProducts(
            both.elements.span, count: count, vectors.elements.span, rows: count, dimension: width, to: &span)
        return result
    }
}
