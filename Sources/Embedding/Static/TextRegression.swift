package import Kernels

/// Changes tokens' outputs so that weighted sums of them come near to what the transformer makes of whole texts.
///
/// By itself a token says what it means without any context. Texts say what their tokens contribute: over texts t with
/// counts n, with weights w, and with s the length of a text's sum before,
///
///     minimise  Σ_t ‖ Σ_i √n_ti w_i x_i / s_t − y_t ‖²  +  λ Σ_i ‖ x_i − c o_i ‖²
///
/// where o are the outputs less their mean, y the transformer's embeddings of the texts less theirs, at length 1, and c
/// brings the sums of o nearest to y. A token that no text has stays as it is but for c. λ is `strength / median(s)²`, so
/// `strength` is how many texts of middle length it takes to move a token half-way.
///
/// The idea is that of Tokenlearn (model2vec's "potion" tables), which follows the gradient of a mean of rows instead.
/// Columns are independent systems of normal equations, solved by conjugate gradients with the diagonal as preconditioner
/// (Saad, "Iterative Methods for Sparse Linear Systems", 2nd ed., algorithms 8.4 and 9.1).
package struct TextRegression: Sendable {
    /// Rows of token counts, of which each token comes once in a row.
    package struct Texts: Sendable {
        /// Where each text begins in ``tokens`` and ``roots``; one more than there are texts.
        package private(set) var starts = [0]
        package private(set) var tokens: [Int32] = []
        /// √n of a token that comes n times.
        package private(set) var roots: [Float] = []

        package init() {}

        package var count: Int { starts.count - 1 }

        /// Adds a text by its tokens, in any order.
        package mutating func append(_ ids: [Int32]) {
            let ids = ids.sorted()
            var start = 0
            while start < ids.count {
                var end = start + 1
                while end < ids.count, ids[end] == ids[start] { end += 1 }
                tokens.append(ids[start])
                roots.append(Float(end - start).squareRoot())
                start = end
            }
            starts.append(tokens.count)
        }
    }

    /// The new outputs, `[tokens × hidden]`; their mean is not the old one.
    package let outputs: Matrix
    /// The mean cosine of the texts' sums with the transformer's embeddings, before and after.
    package let cosines: (before: Double, after: Double)

    /// - Parameters:
    ///   - outputs: `[tokens × hidden]`, less their mean.
    ///   - weights: w, one for each token, none negative.
    ///   - texts: their tokens are rows of `outputs`.
    ///   - embeddings: `[texts × hidden]`, the transformer's. A text whose sum is zero is left out.
    ///   - strength: above 0.
    /// - Returns: nil where no text has a sum other than zero.
    /// - Complexity: 4 · steps · (entries of texts) · hidden, the same bits for any number of workers and on any
    ///   processor.
    package init?(
        _ outputs: Matrix, weights: [Double], texts: Texts, embeddings: Matrix, strength: Double, workers: Int
    ) {
        precondition(outputs.rows == weights.count && embeddings.rows == texts.count && strength > 0)
        precondition(embeddings.columns == outputs.columns, "texts and tokens are of one transformer")
        let sums = TokenSums(texts, weights: weights)
        let old = sums.applied(to: outputs, workers: workers)
        let lengths = (0..<old.rows).map { Self.length(old, $0) }
        let used = lengths.filter { $0 > 0 }.sorted()
        guard !used.isEmpty else { return nil }
        let targets = Self.targets(embeddings, lengths)
        let before = Self.meanCosine(old, targets, lengths)
        let median = used[used.count / 2]
        let system = NormalEquations(
            sums: sums.divided(by: lengths), ridge: Float(strength / (median * median)), rows: outputs.rows)
        // The mean cosine is the scale that brings sums at length 1 nearest to their targets.
        self.outputs = system.solved(from: outputs, scaledBy: Float(before), targets: targets, workers: workers)
        let new = sums.applied(to: self.outputs, workers: workers)
        cosines = (before, Self.meanCosine(new, targets, (0..<new.rows).map { Self.length(new, $0) }))
    }

    /// The new outputs at the geometric mean of their old and their new lengths.
    ///
    /// Ridge regression makes what few texts have shorter than what many have, and a token that is rare in the texts to
    /// learn from is often the one that tells two texts apart.
    ///
    /// - Parameter before: `[tokens × hidden]`, the outputs that the fit began with.
    package func outputs(temperedBy before: Matrix) -> Matrix {
        precondition(before.rows == outputs.rows && before.columns == outputs.columns)
        var result = outputs
        for row in 0..<outputs.rows {
            let (new, old) = (Self.length(outputs, row), Self.length(before, row))
            guard new > 0 else { continue }
            let scale = Float((old / new).squareRoot())
            for index in result.range(ofRow: row) { result.elements[index] *= scale }
        }
        return result
    }

    /// Less the mean of those that are used, at length 1; the others are zero.
    private static func targets(_ embeddings: Matrix, _ lengths: [Double]) -> Matrix {
        var mean = [Double](repeating: 0, count: embeddings.columns)
        var used = 0.0
        for row in 0..<embeddings.rows where lengths[row] > 0 {
            used += 1
            for column in 0..<embeddings.columns { mean[column] += Double(embeddings[row, column]) }
        }
        var result = Matrix(rows: embeddings.rows, columns: embeddings.columns)
        for row in 0..<embeddings.rows where lengths[row] > 0 {
            for column in 0..<embeddings.columns {
                result[row, column] = Float(Double(embeddings[row, column]) - mean[column] / used)
            }
            let length = length(result, row)
            guard length > 0 else { continue }
            for index in result.range(ofRow: row) { result.elements[index] /= Float(length) }
        }
        return result
    }

    private static func length(_ matrix: Matrix, _ row: Int) -> Double {
        matrix.range(ofRow: row).reduce(0.0) {
            $0 + Double(matrix.elements[$1]) * Double(matrix.elements[$1])
        }.squareRoot()
    }

    /// Over the texts with a length.
    private static func meanCosine(_ sums: Matrix, _ targets: Matrix, _ lengths: [Double]) -> Double {
        var (total, used) = (0.0, 0.0)
        for row in 0..<sums.rows where lengths[row] > 0 {
            var product = 0.0
            for index in sums.range(ofRow: row) {
                product += Double(sums.elements[index]) * Double(targets.elements[index])
            }
            total += product / lengths[row]
            used += 1
        }
        return used > 0 ? total / used : 0
    }
}
