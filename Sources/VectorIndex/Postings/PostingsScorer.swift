/// What a row is worth to a query that shares words with it: a sum over the words, and a part for the row's length.
///
///     score(row) = Σ_terms contribution(term, count, length) + rowScore(length)
///
/// Contributions are positive, never fall with the count and never rise with the length; without ``readsLengths`` each further
/// occurrence brings no more than the one before. The part for the length never rises with it; a row is as long as all its
/// words' counts at least. Rows that share no word with the query are never found.
package protocol PostingsScorer: Sendable {
    associatedtype Query: Sendable
    /// A word of a query, prepared.
    associatedtype Term: Sendable

    /// Whether contributions depend on the length of the row.
    static var readsLengths: Bool { get }

    /// The query's distinct words.
    func ids(of query: Query) -> [UInt32]

    /// - Parameters:
    ///   - position: of the word among ``ids(of:)``.
    ///   - documents: in how many rows the word is, at least 1.
    func term(_ position: Int, of query: Query, documents: Int) -> Term

    /// - Parameters:
    ///   - count: 0 … 255; 0 only without ``readsLengths``, and then it brings nothing.
    ///   - length: of the row; 0 unless ``readsLengths``.
    func contribution(of term: Term, count: UInt8, length: UInt32) -> Float

    /// Never positive.
    func rowScore(of query: Query, length: UInt32) -> Float

    func lengthCost(of query: Query) -> LengthCost
}

/// What a row's length costs at least: either so much for each of its words, or so much in all where it is longer than that
/// holds for.
package struct LengthCost: Sendable {
    let eachWord: Float
    let beyond: Float

    static let none = LengthCost(eachWord: 0, beyond: 0)
}
