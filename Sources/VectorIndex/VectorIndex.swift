package import Kernels

/// Finds the rows nearest to a query among many vectors of one dimension.
///
/// Rows are numbered from 0 in the order of the corpus. An index may be approximate; ``FlatIndex`` is exact and the
/// reference for others.
package protocol VectorIndex: Sendable {
    /// How many vectors it holds.
    var count: Int { get }
    var dimension: Int { get }
    var metric: Metric { get }
    /// Names everything the vectors were made with: vectors of another identity must not be compared with them.
    var identity: String { get }

    /// The `count` best rows of each query, best first, fewer when the index holds fewer.
    ///
    /// - Parameters:
    ///   - queries: row-major `[queries × dimension]`, all finite.
    ///   - filter: the rows that may be found, of as many as the index holds; all where nil. Others take nobody's place.
    ///   - workers: threads; the result does not depend on it.
    /// - Throws: `wrongDimension`, `notFinite`, `damaged`.
    func search(
        _ queries: Matrix, count: Int, filter: RowSet?, workers: Int
    ) throws(IndexError) -> [[Neighbor]]
}

extension VectorIndex {
    package func search(_ queries: Matrix, count: Int, workers: Int) throws(IndexError) -> [[Neighbor]] {
        try search(queries, count: count, filter: nil, workers: workers)
    }
}

/// What makes one vector nearer than another.
package enum Metric: String, Codable, Sendable, CaseIterable {
    case innerProduct = "inner_product"
    case l2
}

/// A row that a search found.
package struct Neighbor: Hashable, Sendable {
    package let row: Int
    /// The inner product, or minus the squared Euclidean distance: higher is nearer. Equal scores stand in rising order
    /// of rows.
    package let score: Float

    package init(row: Int, score: Float) {
        self.row = row
        self.score = score
    }
}
