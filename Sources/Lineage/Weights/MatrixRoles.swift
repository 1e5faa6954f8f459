/// What a model's matrices are, told from their shapes alone: names can be changed.
struct MatrixRoles: Sendable {
    /// The length of the residual stream: the axis that most matrices have. `nil` when no two matrices share one.
    let hidden: Int?
    /// The vocabulary's size: the longest other axis of a matrix that has the hidden axis, when at most two matrices (input
    /// and output embedding) have it. `nil` when there is none.
    let vocabulary: Int?

    /// A vocabulary has at least this many tokens.
    private static let leastVocabulary = 512

    init(_ shapes: [(rows: Int, columns: Int)]) {
        var counts: [Int: Int] = [:]
        for shape in shapes { for axis in Set([shape.rows, shape.columns]) { counts[axis, default: 0] += 1 } }
        guard let most = counts.max(by: { ($0.value, $0.key) < ($1.value, $1.key) }), most.value > 1 else {
            hidden = nil
            vocabulary = nil
            return
        }
        let hidden = most.key
        self.hidden = hidden
        var others: [Int: Int] = [:]
        for shape in shapes where shape.rows != shape.columns && (shape.rows == hidden || shape.columns == hidden) {
            others[shape.rows == hidden ? shape.columns : shape.rows, default: 0] += 1
        }
        let longest = others.max { $0.key < $1.key }
        vocabulary = longest.flatMap {
            $0.value <= 2 && $0.key >= Self.leastVocabulary && $0.key > hidden ? $0.key : nil
        }
    }

    /// Whether the matrix is an embedding of the vocabulary, and whether its tokens are the columns.
    func isVocabulary(rows: Int, columns: Int) -> Bool {
        guard let hidden, let vocabulary else { return false }
        return rows == vocabulary && columns == hidden || rows == hidden && columns == vocabulary
    }

    /// The positions that a grid sample of the matrix is taken at.
    func positions(rows: Int, columns: Int) -> (rows: [Int], columns: [Int]) {
        let isVocabulary = isVocabulary(rows: rows, columns: columns)
        func axis(_ length: Int) -> [Int] {
            isVocabulary && length == vocabulary
                ? WeightFormat.vocabularyPositions(length: length) : WeightFormat.positions(length: length)
        }
        return (axis(rows), axis(columns))
    }
}
