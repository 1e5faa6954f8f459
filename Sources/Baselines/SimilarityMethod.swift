package import Kernels

/// The cosine of the embeddings: corroboration without a probe, and what other methods must beat.
package struct SimilarityMethod: VectorMethod {
    package let name = "similarity"
    /// Of unit length, or zero.
    let vectors: Matrix

    /// - Throws: `noRows`, `notFinite`.
    package init(corpus: LabelledRows) throws(BaselineError) {
        guard corpus.count > 0 else { throw .noRows }
        try corpus.validate(dimension: corpus.dimension)
        vectors = corpus.embeddings.normalised
    }

    package func prepare(_ outputs: LabelledRows, workers: Int) throws(BaselineError) -> Matrix {
        try outputs.validate(dimension: vectors.columns)
        return outputs.embeddings.normalised
    }
}

extension Matrix {
    /// The rows at unit length; a row of zeros stays one.
    var normalised: Matrix {
        var result = self
        for row in 0..<rows {
            let range = range(ofRow: row)
            let span = elements.span.extracting(range)
            let length = dot(span, span).squareRoot()
            guard length > 0 else { continue }
            for index in range { result.elements[index] /= length }
        }
        return result
    }
}
