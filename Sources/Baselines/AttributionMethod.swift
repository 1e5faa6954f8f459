package import Kernels
package import VectorIndex

/// A way to score every row of a corpus for an output, from embeddings and pseudo-labels alone.
///
/// A method is prepared once from a corpus; then a batch of outputs is turned into a ``Query``, and blocks of rows are
/// scored with it. Higher is better. A score does not depend on the block of rows that it is computed in.
///
/// Matrix products run on several threads at once: set ``BLAS`` to one thread, as for ``Parallel``.
package protocol AttributionMethod: Sendable {
    /// What a batch of outputs becomes before rows are scored.
    associatedtype Query: Sendable

    /// As tables name it.
    var name: String { get }
    /// The rows of the corpus.
    var rowCount: Int { get }

    /// - Parameter outputs: embeddings of the corpus' dimension, labels of the probe's classes.
    /// - Throws: `wrongDimension`, `labelOutOfRange`, `notFinite`, `influence`.
    func prepare(_ outputs: LabelledRows, workers: Int) throws(BaselineError) -> Query

    /// The scores of some rows for each output, `[outputs × rows.count]`, on this thread.
    func scores(_ query: Query, rows: Range<Int>) -> Matrix

    /// The `count` best rows of each output, best first, equal scores in rising order of rows; fewer when there are
    /// fewer. The result does not depend on `workers`.
    ///
    /// - Throws: as ``prepare(_:workers:)``.
    func rank(_ outputs: LabelledRows, count: Int, workers: Int) throws(BaselineError) -> [[Neighbor]]
}

/// Outputs that are prepared together, and rows that are scored together: what bounds the memory.
private let outputsAtOnce = 64
private let rowsAtOnce = 256
private let rowsInBlock = 1024

extension AttributionMethod {
    package func rank(_ outputs: LabelledRows, count: Int, workers: Int) throws(BaselineError) -> [[Neighbor]] {
        var result: [[Neighbor]] = []
        for start in stride(from: 0, to: outputs.count, by: outputsAtOnce) {
            let batch = outputs.rows(start..<min(outputs.count, start + outputsAtOnce))
            let query = try prepare(batch, workers: workers)
            let parts = Parallel.map(count: rowCount, blockSize: rowsInBlock, workers: workers) { block in
                best(query, outputs: batch.count, rows: block, count: count)
            }
            for output in 0..<batch.count {
                var best = TopCandidates(capacity: min(max(0, count), rowCount))
                for part in parts { best.merge(part[output]) }
                result.append(best.sorted.map { Neighbor(row: Int($0.row), score: -$0.key) })
            }
        }
        return result
    }

    private func best(_ query: Query, outputs: Int, rows: Range<Int>, count: Int) -> [TopCandidates] {
        let capacity = min(max(0, count), rows.count)
        var best = [TopCandidates](repeating: TopCandidates(capacity: capacity), count: outputs)
        for start in stride(from: rows.lowerBound, to: rows.upperBound, by: rowsAtOnce) {
            let tile = start..<min(rows.upperBound, start + rowsAtOnce)
            let scores = scores(query, rows: tile)
            for output in 0..<outputs {
                best[output].offer(
                    dots: scores.elements.span.extracting(scores.range(ofRow: output)), factor: -1,
                    first: UInt32(start))
            }
        }
        return best
    }

    /// Calls `body` with the scores of one tile of rows after another, `[outputs × tile.count]`.
    func forEachTile(_ query: Query, _ body: (_ rows: Range<Int>, _ scores: Matrix) -> Void) {
        for start in stride(from: 0, to: rowCount, by: rowsAtOnce) {
            let tile = start..<min(rowCount, start + rowsAtOnce)
            body(tile, scores(query, rows: tile))
        }
    }
}

/// A method whose score is the inner product of an output's vector with a row's.
protocol VectorMethod: AttributionMethod where Query == Matrix {
    /// `[rows × width]`.
    var vectors: Matrix { get }
}

extension VectorMethod {
    package var rowCount: Int { vectors.rows }

    package func scores(_ query: Matrix, rows: Range<Int>) -> Matrix {
        let width = vectors.columns
        var result = Matrix(rows: query.rows, columns: rows.count)
        var span = result.elements.mutableSpan
        blockDots(
            query.elements.span, rows: query.rows,
            vectors.elements.span.extracting(rows.lowerBound * width..<rows.upperBound * width), count: rows.count,
            dimension: width, into: &span)
        return result
    }
}
