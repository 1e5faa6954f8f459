internal import Storage

/// An inverted file: for each word the rows that have it, memory-mapped. Rows are numbered in the order of the corpus.
///
/// Opening checks the files against each other; chunks are checked when they are first read; ``verify()`` checks everything.
package struct PostingsIndex: Sendable {
    /// How many rows it holds.
    package let rows: Int
    /// All words of all rows.
    package let tokens: Int
    /// Pairs of a word and a row that has it.
    package let postings: Int
    let terms: SortedColumn
    let lists: ShardReader
    let lengths: ShardReader
    let largestCounts: LargestCounts
    let frequentWords: FrequentWordCache
    private let keptLengths: Once<RowLengths>

    /// - Parameter folder: that of the three files (see ``PostingsFormat``).
    /// - Throws: `damaged`.
    /// - Complexity: reads the words' ids once, for their checksums.
    package init(folder: String) throws(IndexError) {
        self = try indexed { () throws(StorageError) in try PostingsIndex(opening: folder) }
    }

    private init(opening folder: String) throws(StorageError) {
        let words = try ShardReader(
            path: "\(folder)/\(PostingsFormat.termsFile)", expectedKind: PostingsFormat.termsKind)
        lists = try ShardReader(
            path: "\(folder)/\(PostingsFormat.postingsFile)", expectedKind: PostingsFormat.postingsKind)
        lengths = try ShardReader(path: "\(folder)/\(PostingsFormat.rowsFile)", expectedKind: PostingsFormat.rowsKind)
        func size(_ name: String) throws(StorageError) -> Int {
            guard let value = words.attributes[name].flatMap(Int.init), value >= 0 else {
                throw StorageError(.corrupt, path: words.path, "it does not say how many \(name) there are")
            }
            return value
        }
        rows = try size("rows")
        tokens = try size("tokens")
        postings = try size("postings")
        for (reader, expected) in [(lengths, rows), (lists, postings)] where reader.rows != expected {
            throw StorageError(
                .corrupt, path: reader.path,
                "it has \(reader.rows) rows, but \(words.path) says \(expected); build the index again")
        }
        terms = try SortedColumn(words, column: PostingsFormat.term)
        largestCounts = LargestCounts(words: words.rows)
        frequentWords = FrequentWordCache()
        keptLengths = Once()
        var last: [UInt64] = [0]
        if words.rows > 0 { try words.read(PostingsFormat.end, rows: words.rows - 1..<words.rows, into: &last) }
        guard last[0] == UInt64(postings) else { throw Self.damagedEnds(words.path) }
    }

    /// Distinct words.
    package var words: Int { terms.reader.rows }

    /// Words a row; 0 without rows.
    package var meanLength: Double { rows == 0 ? 0 : Double(tokens) / Double(rows) }

    /// In how many rows a word is.
    package func documents(with term: UInt32) throws(IndexError) -> Int {
        try indexed { () throws(StorageError) in try place(of: term)?.postings.count ?? 0 }
    }

    /// Where a word stands.
    struct Place {
        /// Its position among the words.
        let word: Int
        let postings: Range<Int>
    }

    /// Where a word and its postings are; nil where no row has it.
    ///
    /// - Complexity: O(log words)
    func place(of term: UInt32) throws(StorageError) -> Place? {
        guard let row = try terms.row(of: term) else { return nil }
        var ends: [UInt64] = []
        try terms.reader.read(PostingsFormat.end, rows: max(0, row - 1)..<row + 1, into: &ends)
        let start = row == 0 ? 0 : ends[0]
        guard let end = ends.last, start <= end, end <= UInt64(postings) else {
            throw Self.damagedEnds(terms.reader.path)
        }
        return Place(word: row, postings: Int(start)..<Int(end))
    }

    /// The counts of a frequent word, for lookups here and there.
    func frequentCounts(of place: Place) throws(StorageError) -> FrequentWordCounts {
        try frequentWords.counts(of: place.word) { () throws(StorageError) in
            let lists = lists
            let rows = try lists.values(PostingsFormat.row, as: UInt32.self, rows: place.postings)
            let counts = try lists.values(PostingsFormat.count, as: UInt8.self, rows: place.postings)
            guard let made = FrequentWordCounts(rows: self.rows, postings: rows, counts: counts) else {
                throw damagedRows(near: place.postings.lowerBound)
            }
            return made
        }
    }

    /// Its rows in blocks, in their order.
    var blocks: some Sequence<Range<Int>> {
        let rows = rows
        return stride(from: 0, to: rows, by: PostingSums.capacity).lazy.map {
            $0..<min($0 + PostingSums.capacity, rows)
        }
    }

    /// How many words each row has, for lookups here and there.
    func rowLengths() throws(StorageError) -> RowLengths {
        try keptLengths.get { () throws(StorageError) in
            let lengths = self.lengths
            return RowLengths(try lengths.values(PostingsFormat.length, as: UInt32.self))
        }
    }

    static func damagedEnds(_ path: String) -> StorageError {
        StorageError(.corrupt, path: path, "the ends of its words' postings make no sense; build the index again")
    }

    func damagedRows(near posting: Int) -> StorageError {
        StorageError(
            .corrupt, path: lists.path, "the rows near posting \(posting) make no sense; build the index again")
    }
}

extension PostingsIndex {
    /// Whether a row of some has any word.
    ///
    /// - Parameter rows: of the index.
    /// - Complexity: O(postings)
    package func hasWords(in rows: RowSet) throws(IndexError) -> Bool {
        precondition(rows.count == self.rows, "the set speaks of the rows of the index")
        return try indexed { () throws(StorageError) in
            let (lists, lengths) = (lists, lengths)
            let counts = try lengths.values(PostingsFormat.length, as: UInt32.self)
            for row in counts.indices where counts[row] > 0 && rows.contains(row) { return true }
            let found = try lists.values(PostingsFormat.row, as: UInt32.self)
            for posting in found.indices {
                guard found[posting] < UInt32(self.rows) else { throw damagedRows(near: posting) }
                if rows.contains(Int(found[posting])) { return true }
            }
            return false
        }
    }

    /// Checks every byte, and that words and rows rise, are in range, and fit each other.
    ///
    /// - Throws: `damaged`.
    package func verify() throws(IndexError) { try indexed { () throws(StorageError) in try verifyFiles() } }

    private func verifyFiles() throws(StorageError) {
        let (words, lists, lengths) = (terms.reader, self.lists, self.lengths)
        for reader in [words, lists, lengths] { try reader.verify() }
        try terms.verify()
        let ends = try words.values(PostingsFormat.end, as: UInt64.self)
        let rows = try lists.values(PostingsFormat.row, as: UInt32.self)
        let counts = try lists.values(PostingsFormat.count, as: UInt8.self)
        var start = 0
        for term in ends.indices {
            guard let end = Int(exactly: ends[term]), end > start, end <= rows.count else {
                throw Self.damagedEnds(words.path)
            }
            for posting in start..<end {
                guard rows[posting] < self.rows, posting == start || rows[posting - 1] < rows[posting],
                    counts[posting] > 0
                else { throw damagedRows(near: posting) }
            }
            start = end
        }
        let values = try lengths.values(PostingsFormat.length, as: UInt32.self)
        var sum = 0
        for row in values.indices { sum += Int(values[row]) }
        guard sum == tokens else {
            throw StorageError(
                .corrupt, path: lengths.path, "its rows have \(sum) words, but \(words.path) says \(tokens)")
        }
    }
}
