package import Storage

/// How often each word comes in a corpus: the trained token probe, whose p(t) is a word's share of all words.
///
/// Made by a ``Builder`` in memory, or opened from its file, which stays memory-mapped.
package struct TokenFrequencies: Sendable {
    /// What is known of one word.
    package struct Entry: Hashable, Sendable {
        /// How often it comes in all texts.
        package let count: Int
        /// In how many texts it comes.
        package let documents: Int

        package init(count: Int, documents: Int) {
            self.count = count
            self.documents = documents
        }
    }

    /// Texts.
    package let rows: Int
    /// All words of all texts.
    package let tokens: Int
    let table: Table

    /// Columns in rising order of ids.
    enum Table: Sendable {
        case memory(ids: [UInt32], counts: [UInt64], documents: [UInt32])
        case file(SortedColumn)
    }

    /// Distinct words.
    package var words: Int {
        switch table {
        case .memory(let ids, _, _): ids.count
        case .file(let ids): ids.reader.rows
        }
    }

    /// Words a text; 0 without texts.
    package var meanLength: Double { rows == 0 ? 0 : Double(tokens) / Double(rows) }

    /// What is known of a word; nil for one that the corpus does not have.
    ///
    /// - Throws: `corrupt`, from a damaged file.
    /// - Complexity: O(log words)
    package func entry(_ id: UInt32) throws(StorageError) -> Entry? {
        switch table {
        case .memory(let ids, let counts, let documents):
            var (low, high) = (0, ids.count)
            while low < high {
                let middle = (low + high) / 2
                if ids[middle] < id { low = middle + 1 } else { high = middle }
            }
            guard low < ids.count, ids[low] == id else { return nil }
            return Entry(count: Int(counts[low]), documents: Int(documents[low]))
        case .file(let ids):
            guard let row = try ids.row(of: id) else { return nil }
            let reader = ids.reader
            let counts = try reader.values(TokenFrequencyFile.counts, as: UInt64.self, rows: row..<row + 1)
            let documents = try reader.values(TokenFrequencyFile.documents, as: UInt32.self, rows: row..<row + 1)
            return Entry(count: Int(clamping: counts[0]), documents: Int(documents[0]))
        }
    }

    /// p(t): the word's share of all words; of a word that the corpus does not have, half of what one occurrence would be.
    ///
    /// - Throws: `corrupt`, from a damaged file.
    package func probability(_ id: UInt32) throws(StorageError) -> Double {
        let count = try entry(id).map { Double($0.count) } ?? 0.5
        return count / Double(max(1, tokens))
    }
}
