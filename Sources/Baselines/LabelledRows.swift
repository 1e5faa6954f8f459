package import Kernels
internal import Probing

/// Embeddings with their pseudo-labels: a corpus, or a batch of outputs.
package struct LabelledRows: Sendable, Hashable {
    /// `[count × d]`.
    package let embeddings: Matrix
    /// `[count]`.
    package let labels: [UInt32]

    package init(embeddings: Matrix, labels: [UInt32]) {
        precondition(embeddings.rows == labels.count, "\(labels.count) labels for \(embeddings.rows) rows")
        self.embeddings = embeddings
        self.labels = labels
    }

    package var count: Int { labels.count }
    package var dimension: Int { embeddings.columns }

    /// A copy of some rows.
    package func rows(_ range: Range<Int>) -> LabelledRows {
        LabelledRows(embeddings: embeddings.rows(range), labels: Array(labels[range]))
    }

    /// A copy of some rows, in the order given.
    package func rows(_ chosen: [Int]) -> LabelledRows {
        var elements: [Float] = []
        elements.reserveCapacity(chosen.count * dimension)
        for row in chosen { elements.append(contentsOf: embeddings.elements[embeddings.range(ofRow: row)]) }
        return LabelledRows(
            embeddings: Matrix(rows: chosen.count, columns: dimension, elements: elements),
            labels: chosen.map { labels[$0] })
    }

    /// - Throws: `wrongDimension`, `labelOutOfRange`, `notFinite`.
    func validate(dimension: Int, classes: Int? = nil) throws(BaselineError) {
        guard self.dimension == dimension else { throw .wrongDimension(expected: dimension, found: self.dimension) }
        for row in 0..<count {
            if let classes, labels[row] >= classes {
                throw .labelOutOfRange(row: row, label: labels[row], classes: classes)
            }
            let span = embeddings.elements.span.extracting(embeddings.range(ofRow: row))
            guard dot(span, span).isFinite else { throw .notFinite(row: row) }
        }
    }
}
