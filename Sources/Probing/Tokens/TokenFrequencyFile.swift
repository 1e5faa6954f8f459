package import Storage

/// The file of ``TokenFrequencies``: a shard file of kind `frequencies`, a row for each distinct word.
///
/// | column | type | meaning |
/// |---|---|---|
/// | `id` | uint32, raw | the word, rising |
/// | `count` | uint64, raw | how often it comes in all texts |
/// | `documents` | uint32, raw | in how many texts it comes |
///
/// Attributes: `rows`, the number of texts; `tokens`, all their words.
package enum TokenFrequencyFile {
    package static let kind = "frequencies"
    static let ids = "id"
    static let counts = "count"
    static let documents = "documents"
}

extension TokenFrequencies {
    /// Opens a file.
    ///
    /// - Throws: as ``ShardReader/init(path:expectedKind:cacheBytes:)``; `corrupt` where the ids do not rise or an attribute
    ///   is missing.
    /// - Complexity: reads the ids once, for their checksums.
    package init(path: String) throws(StorageError) {
        let reader = try ShardReader(path: path, expectedKind: TokenFrequencyFile.kind)
        guard let rows = reader.attributes["rows"].flatMap(Int.init), rows >= 0,
            let tokens = reader.attributes["tokens"].flatMap(Int.init), tokens >= 0
        else { throw StorageError(.corrupt, path: path, "it names no rows or no tokens; build it again") }
        self.init(
            rows: rows, tokens: tokens, table: .file(try SortedColumn(reader, column: TokenFrequencyFile.ids)))
    }

    /// Writes the file of frequencies that a builder made.
    ///
    /// - Throws: `noSpace`, `permissionDenied`, `inputOutput`.
    package func write(to path: String) throws(StorageError) {
        guard case .memory(let ids, let counts, let documents) = table else {
            preconditionFailure("these frequencies are in a file already")
        }
        let writer = try ShardWriter(
            path: path, kind: TokenFrequencyFile.kind,
            columns: [
                ColumnDescription(TokenFrequencyFile.counts, .uint64),
                ColumnDescription(TokenFrequencyFile.ids, .uint32),
                ColumnDescription(TokenFrequencyFile.documents, .uint32),
            ],
            attributes: ["rows": "\(rows)", "tokens": "\(tokens)"])
        try writer.append(TokenFrequencyFile.counts, values: counts)
        try writer.append(TokenFrequencyFile.ids, values: ids)
        try writer.append(TokenFrequencyFile.documents, values: documents)
        _ = try writer.finish()
    }

    /// Checks a file completely: every byte, that ids rise, and that counts are possible.
    ///
    /// - Throws: `corrupt`.
    package static func verify(path: String) throws(StorageError) {
        let frequencies = try TokenFrequencies(path: path)
        guard case .file(let ids) = frequencies.table else { return }
        let reader = ids.reader
        try reader.verify()
        try ids.verify()
        let counts = try reader.values(TokenFrequencyFile.counts, as: UInt64.self)
        let documents = try reader.values(TokenFrequencyFile.documents, as: UInt32.self)
        var sum: UInt64 = 0
        for row in counts.indices {
            let (total, overflow) = sum.addingReportingOverflow(counts[row])
            guard !overflow, documents[row] > 0, UInt64(documents[row]) <= counts[row],
                documents[row] <= frequencies.rows
            else {
                throw StorageError(.corrupt, path: path, "the counts of row \(row) are impossible; build it again")
            }
            sum = total
        }
        // Less where a text's count saturated.
        guard sum <= frequencies.tokens else {
            throw StorageError(
                .corrupt, path: path, "it counts \(sum) words and has \(frequencies.tokens); build it again")
        }
    }
}
