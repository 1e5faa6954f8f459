/// The `weights` fingerprint: for every matrix a sample of its elements and a table over its neurons; 2 to 8 KB a matrix,
/// whatever its size.
package struct WeightFingerprint: Hashable, Sendable, Codable {
    /// The residual stream's units that the tables are taken over; `nil` when no two matrices share an axis.
    package let units: HiddenUnits?
    /// In the order of their names' bytes.
    package let tensors: [TensorFingerprint]
    /// Matrices that were left out, with the reason.
    package let omitted: [Omission]

    package struct Omission: Hashable, Sendable, Codable {
        package let name: String
        package let reason: String
    }
}

/// One matrix of a ``WeightFingerprint``.
package struct TensorFingerprint: Hashable, Sendable, Codable {
    package let name: String
    package let shape: [Int]
    /// As in the safetensors header.
    package let elementType: String
    package let rootMeanSquare: Double
    /// Whether it is an embedding of the vocabulary.
    package let isVocabulary: Bool
    let rows: Int
    let columns: Int
    /// Crossings of pinned rows and columns; `nil` when the matrix is too small.
    let grid: QuantizedScores?
    /// The table of neurons that are rows, when the columns are hidden units.
    let rowTable: QuantizedScores?
    /// The table of neurons that are columns, when the rows are hidden units.
    let columnTable: QuantizedScores?

    /// The grid's sides: an axis of 48 or more gives 48 positions, and so does a vocabulary, which is never smaller.
    var gridSides: (rows: Int, columns: Int) {
        (min(rows, WeightFormat.gridSide), min(columns, WeightFormat.gridSide))
    }
}
