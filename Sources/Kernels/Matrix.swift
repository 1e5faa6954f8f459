/// A dense row-major matrix that owns its elements.
package struct Matrix: Sendable, Hashable {
    package let rows: Int
    package let columns: Int
    /// Row-major `[rows × columns]`.
    package var elements: [Float]

    package init(rows: Int, columns: Int, repeating value: Float = 0) {
        self.init(rows: rows, columns: columns, elements: [Float](repeating: value, count: rows * columns))
    }

    package init(rows: Int, columns: Int, elements: [Float]) {
        precondition(elements.count == rows * columns, "\(elements.count) elements for \(rows) × \(columns)")
        self.rows = rows
        self.columns = columns
        self.elements = elements
    }

    package subscript(row: Int, column: Int) -> Float {
        get { elements[row * columns + column] }
        set { elements[row * columns + column] = newValue }
    }

    /// The elements' range of one row in ``elements``.
    package func range(ofRow row: Int) -> Range<Int> { row * columns..<(row + 1) * columns }

    /// A copy of one row.
    package func row(_ row: Int) -> [Float] { Array(elements[range(ofRow: row)]) }

    /// `self · otherᵀ`, `[rows × other.rows]`.
    package func multipliedByTranspose(of other: Matrix) -> Matrix {
        precondition(columns == other.columns)
        var result = Matrix(rows: rows, columns: other.rows)
        var span = result.elements.mutableSpan
        BLAS.multiply(
            elements.span, other.elements.span, transposeB: true, into: &span, m: rows, n: other.rows, k: columns)
        return result
    }
}

extension Matrix {
    /// Scales each row to a Euclidean length; a row of zeros stays.
    package mutating func scaleRows(to length: Double) {
        for row in 0..<rows {
            let range = range(ofRow: row)
            let square = dot(elements.span.extracting(range), elements.span.extracting(range))
            if (1e-30...1e30).contains(square) {
                let scale = Float(length / Double(square).squareRoot())
                for index in range { elements[index] *= scale }
                continue
            }
            // Squares that leave a float's precise range are summed in double precision.
            let sum = range.reduce(0.0) { $0 + Double(elements[$1]) * Double(elements[$1]) }
            guard sum > 0 else { continue }
            let scale = length / sum.squareRoot()
            for index in range { elements[index] = Float(Double(elements[index]) * scale) }
        }
    }
}
