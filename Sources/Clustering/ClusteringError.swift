/// Why rows cannot be clustered or assigned.
package enum ClusteringError: Error, Hashable, CustomStringConvertible {
    /// Fewer rows than clusters were given.
    case tooFewRows(rows: Int, clusters: Int)
    /// A row has a NaN or an infinity; `row` counts from 0 in the block that was given.
    case notFinite(row: Int)
    /// A block's rows do not have the centroids' dimension.
    case dimensionMismatch(expected: Int, found: Int)

    package var description: String {
        switch self {
        case .tooFewRows(let rows, let clusters):
            "\(rows) rows cannot be split into \(clusters) clusters: lower the number of clusters or give a larger sample"
        case .notFinite(let row):
            "row \(row) has a value that is not a finite number, so it has no nearest centroid: repair or drop that row"
        case .dimensionMismatch(let expected, let found):
            "the rows have dimension \(found) and the centroids \(expected): both must come from one embedder"
        }
    }
}
