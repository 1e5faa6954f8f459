internal import Storage

/// The files of an inverted index: three shard files in one folder.
///
/// `postings.shard`, kind `postings`: for each word, in rising order, the rows that have it.
///
/// | column | type | meaning |
/// |---|---|---|
/// | `row` | uint32, raw | a row that has the word, rising for each word |
/// | `count` | uint8, raw | how often it has it, at least 1; 255 stands for that or more |
///
/// `postings-terms.shard`, kind `postings-terms`: a row for each word. Its attributes `rows`, `tokens` (all words of all
/// rows) and `postings` are the sizes of the other files.
///
/// | column | type | meaning |
/// |---|---|---|
/// | `end` | uint64, raw | where its postings end; they begin where those of the word before end |
/// | `term` | uint32, raw | the word's id, rising |
///
/// `postings-rows.shard`, kind `postings-rows`: `length` (uint32, raw), all words of each row.
package enum PostingsFormat {
    package static let postingsFile = "postings.shard"
    package static let termsFile = "postings-terms.shard"
    package static let rowsFile = "postings-rows.shard"

    static let postingsKind = "postings"
    static let termsKind = "postings-terms"
    static let rowsKind = "postings-rows"

    static let row = "row"
    static let count = "count"
    static let term = "term"
    static let end = "end"
    static let length = "length"

    /// Postings a chunk: 10⁸ texts have some 10⁹ postings, and the directory an entry for each chunk.
    static let chunkPostings = 16_384
}

/// Writes words and their postings, word by word in rising order.
final class PostingsSink {
    private let postings: ShardWriter
    private var rows: [UInt32] = []
    private var counts: [UInt8] = []
    /// 12 bytes a word, so that the sizes are known when the file of words begins.
    private var terms: [UInt32] = []
    private var ends: [UInt64] = []
    private var total = 0

    private static let bufferedPostings = 1 << 16

    init(path: String) throws(StorageError) {
        postings = try ShardWriter(
            path: path, kind: PostingsFormat.postingsKind,
            columns: [ColumnDescription(PostingsFormat.row, .uint32), ColumnDescription(PostingsFormat.count, .uint8)],
            chunkRows: PostingsFormat.chunkPostings)
        rows.reserveCapacity(Self.bufferedPostings)
        counts.reserveCapacity(Self.bufferedPostings)
    }

    /// Appends a posting of the word that ``endTerm(_:)`` names next.
    func append(row: UInt32, count: UInt8) throws(StorageError) {
        rows.append(row)
        counts.append(count)
        if rows.count == Self.bufferedPostings { try flush() }
    }

    /// Ends the postings of a word.
    func endTerm(_ term: UInt32) {
        terms.append(term)
        ends.append(UInt64(total + rows.count))
    }

    private func flush() throws(StorageError) {
        try postings.append(PostingsFormat.row, values: rows)
        try postings.append(PostingsFormat.count, values: counts)
        total += rows.count
        rows.removeAll(keepingCapacity: true)
        counts.removeAll(keepingCapacity: true)
    }

    /// - Parameter path: of the file of words.
    /// - Returns: how many words and postings there are.
    func finish(terms path: String, rows rowCount: Int, tokens: Int) throws(StorageError) -> (words: Int, postings: Int)
    {
        try flush()
        _ = try postings.finish()
        let writer = try ShardWriter(
            path: path, kind: PostingsFormat.termsKind,
            columns: [ColumnDescription(PostingsFormat.end, .uint64), ColumnDescription(PostingsFormat.term, .uint32)],
            attributes: ["rows": "\(rowCount)", "tokens": "\(tokens)", "postings": "\(total)"])
        try writer.append(PostingsFormat.end, values: ends)
        try writer.append(PostingsFormat.term, values: terms)
        _ = try writer.finish()
        return (terms.count, total)
    }
}
