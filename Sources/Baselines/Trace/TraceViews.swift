package import Kernels

/// Other embeddings of some of the corpus' rows (of their texts with words left out, say): positives of those rows.
package struct TraceViews: Sendable {
    /// `[views × d]`.
    package let embeddings: Matrix
    /// The row that each view is of.
    package let rowOf: [Int]

    package init(embeddings: Matrix, rowOf: [Int]) {
        precondition(embeddings.rows == rowOf.count, "\(rowOf.count) row numbers for \(embeddings.rows) views")
        self.embeddings = embeddings
        self.rowOf = rowOf
    }
}

/// Draws a view of a row: one of those given, or else the embedding with coordinates left out and noise added.
struct ViewSampler: Sendable {
    private let corpus: Matrix
    private let given: Matrix?
    private let viewsOfRow: [[Int]]
    private let dropout: Float
    private let noise: Float

    /// - Throws: `wrongDimension`, `viewOutOfRange`, `notFinite`.
    init(corpus: Matrix, views: TraceViews?, dropout: Float, noise: Float) throws(BaselineError) {
        self.corpus = corpus
        self.dropout = dropout
        self.noise = noise
        given = views?.embeddings
        var viewsOfRow = [[Int]](repeating: [], count: views == nil ? 0 : corpus.rows)
        if let views {
            let labels = [UInt32](repeating: 0, count: views.rowOf.count)
            try LabelledRows(embeddings: views.embeddings, labels: labels).validate(dimension: corpus.columns)
            for (view, row) in views.rowOf.enumerated() {
                guard corpus.rows > row, row >= 0 else {
                    throw .viewOutOfRange(view: view, row: row, rows: corpus.rows)
                }
                viewsOfRow[row].append(view)
            }
        }
        self.viewsOfRow = viewsOfRow
    }

    func draw(row: Int, _ generator: inout SeededGenerator) -> [Float] {
        if let given, let view = viewsOfRow[row].randomElement(using: &generator) { return given.row(view) }
        var result = corpus.row(row)
        let length = dot(result.span, result.span).squareRoot()
        let deviation = noise * length / Float(max(1, result.count)).squareRoot()
        for index in result.indices {
            let isKept = generator.uniform() >= dropout
            result[index] = (isKept ? result[index] / (1 - dropout) : 0) + deviation * generator.normal()
        }
        return result
    }
}
