/// What a row is worth to a query that shares words with it: a sum over the words, and a part for the row's length.
///
///     score(row) = Σ_terms contribution(term, count, length) + rowScore(length)
///
/// Contributions are positive. Rows that share no word with the query are never found.
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

    /// What a row gains that has the word once: the order in which a budget is spent.
    func weight(of term: Term) -> Float

    /// - Parameters:
    ///   - count: 1 … 255.
    ///   - length: of the row; 0 unless ``readsLengths``.
    func contribution(of term: Term, count: UInt8, length: UInt32) -> Float

    func rowScore(of query: Query, length: UInt32) -> Float
}
