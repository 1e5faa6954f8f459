internal import TensorFiles

/// A sample of a matrix's elements: the crossings of 48 pinned rows and 48 pinned columns.
enum GridSample {
    /// Reads the crossings, removes the means of rows and columns, and divides each row and column by its scale, so that
    /// rescaled neurons and gains folded into a matrix change nothing.
    ///
    /// - Returns: `[rows.count × columns.count]`; `nil` when there are too few of them.
    /// - Throws: as ``WeightMatrix/read(rows:of:)``.
    static func scores(
        of matrix: WeightMatrix, rows: [Int], columns: [Int], files: [SafetensorsFile]
    ) throws(LineageError) -> QuantizedScores? {
        guard rows.count > 1, columns.count > 1, (rows.count - 1) * (columns.count - 1) >= WeightFormat.leastGrid else {
            return nil
        }
        var values: [Double] = []
        values.reserveCapacity(rows.count * columns.count)
        for row in rows {
            let weights = try matrix.read(rows: row..<row + 1, of: files)
            for column in columns { values.append(Double(weights[column])) }
        }
        return QuantizedScores(balanced(values, rows: rows.count, columns: columns.count))
    }

    /// Alternates centring and scaling; four rounds bring rows and columns close to mean 0 and variance 1.
    static func balanced(_ values: [Double], rows: Int, columns: Int) -> [Double] {
        var values = doublyCentered(values, rows: rows, columns: columns)
        for _ in 0..<4 {
            for row in 0..<rows { scale(&values, from: row * columns, step: 1, count: columns) }
            for column in 0..<columns { scale(&values, from: column, step: columns, count: rows) }
            values = doublyCentered(values, rows: rows, columns: columns)
        }
        return values
    }

    private static func scale(_ values: inout [Double], from start: Int, step: Int, count: Int) {
        var square = 0.0
        for k in 0..<count { square += values[start + k * step] * values[start + k * step] }
        guard square > 0 else { return }
        let factor = (Double(count) / square).squareRoot()
        for k in 0..<count { values[start + k * step] *= factor }
    }
}
