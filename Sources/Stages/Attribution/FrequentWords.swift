internal import Probing
internal import Storage

/// Words that so many texts of a corpus have that sharing one says little, in whatever language it is.
enum FrequentWords {
    /// Rows that are looked through. A word of a twentieth of all rows is missed with a probability of 10⁻¹¹.
    private static let sample = 512
    /// In a small corpus a share of the rows is a matter of chance: this many rows have to have the word, too.
    private static let leastDocuments = 20.0

    /// - Parameters:
    ///   - rows: of the corpus.
    ///   - share: of the rows that have the word.
    /// - Returns: lower-cased.
    static func find(
        _ frequencies: TokenFrequencies, corpus: CorpusRows, rows: Int, share: Double
    ) throws(StorageError) -> Set<String> {
        let least = max(share * Double(rows), leastDocuments)
        let tokenizer = WordTokenizer()
        var isFrequent: [UInt32: Bool] = [:]
        var result: Set<String> = []
        let wanted = min(rows, sample)
        for place in 0..<wanted {
            let text = try corpus.source(row: place * rows / wanted, withText: true).text
            for word in tokenizer.words(of: text) where isFrequent[word.id] == nil {
                let documents = try frequencies.entry(word.id)?.documents ?? 0
                isFrequent[word.id] = Double(documents) > least
                guard Double(documents) > least else { continue }
                let start = text.utf8.index(text.startIndex, offsetBy: word.range.lowerBound)
                let end = text.utf8.index(text.startIndex, offsetBy: word.range.upperBound)
                result.insert(text[start..<end].lowercased())
            }
        }
        return result
    }
}
