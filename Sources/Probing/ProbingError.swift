/// Why a probe cannot be trained or evaluated on some rows.
package enum ProbingError: Error, Hashable, CustomStringConvertible {
    /// Rows of another dimension than the probe's.
    case dimensionMismatch(expected: Int, found: Int)
    /// One label a row is needed.
    case labelCount(rows: Int, labels: Int)
    /// A label that names no class; `row` counts from 0 in the block that was given.
    case labelOutOfRange(row: Int, label: UInt32, classes: Int)
    /// A softmax over fewer than two classes has no gradient.
    case tooFewClasses(Int)
    /// No rows to train on.
    case noRows
    /// The loss is not a finite number: a row has a NaN, an infinity or values too large.
    case notFinite(iteration: Int)

    package var description: String {
        switch self {
        case .dimensionMismatch(let expected, let found):
            "the rows have dimension \(found) and the probe \(expected): both must come from one embedder"
        case .labelCount(let rows, let labels): "\(labels) labels for \(rows) rows: one label a row is needed"
        case .labelOutOfRange(let row, let label, let classes):
            "row \(row) has label \(label), but there are \(classes) classes (0 … \(classes - 1))"
        case .tooFewClasses(let classes):
            "a probe needs at least 2 classes and got \(classes): are the rows all the same?"
        case .noRows: "there are no rows to train the probe on"
        case .notFinite(let iteration):
            "the probe's loss is not a finite number at iteration \(iteration): look for NaN or infinite values in the rows"
        }
    }
}
