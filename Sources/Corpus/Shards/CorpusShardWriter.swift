internal import Storage

/// Writes a ``CorpusShard``. Beside the chunk of each column it holds 24 bytes a sample in memory, and 44 while it finishes.
package final class CorpusShardWriter {
    private let writer: ShardWriter
    private let content: CorpusShard.Content
    private var hashes: [(hash: IdentifierHash, row: UInt32)] = []

    package struct Summary: Hashable, Sendable {
        package let rows: Int
        package let bytes: Int
    }

    /// Rows so far.
    package var rows: Int { hashes.count }

    /// - Parameters:
    ///   - files: the inputs that places speak of, as reports should name them.
    ///   - attributes: more facts about the shard.
    /// - Throws: `file`.
    package init(
        path: String, content: CorpusShard.Content, files: [String], attributes: [String: String] = [:]
    ) throws(CorpusError) {
        var attributes = attributes
        for (index, file) in files.enumerated() { attributes["file.\(index)"] = file }
        let all = attributes
        writer = try readingFiles { () throws(StorageError) in
            try ShardWriter(
                path: path, kind: CorpusShard.kind, columns: CorpusShard.columns(content),
                chunkRows: CorpusShard.chunkRows, attributes: all)
        }
        self.content = content
    }

    /// Appends a sample to a shard of texts.
    package func append(_ sample: Sample) throws(CorpusError) {
        precondition(content == .texts)
        try readingFiles { () throws(StorageError) in
            try append(text: sample.text, metadata: sample.metadata)
            try append(id: sample.id, place: sample.place)
        }
    }

    /// Appends the passages of a sample to a shard of passages, each with the sample's metadata.
    package func append(_ sample: Sample, cutBy cutter: PassageCutter) throws(CorpusError) {
        precondition(content == .passages)
        for (number, text) in cutter.passages(of: sample.text).enumerated() {
            try append(passage: number, text: text, of: sample)
        }
    }

    /// Appends one passage of a sample, for who spreads the passages of a long text over shards.
    package func append(passage number: Int, text: String, of sample: Sample) throws(CorpusError) {
        precondition(content == .passages)
        try readingFiles { () throws(StorageError) in
            try append(text: text, metadata: sample.metadata)
            try writer.append("document", string: sample.id)
            try writer.append("passage", value: UInt32(number))
            try append(id: PassageCutter.id(document: sample.id, passage: number), place: sample.place)
        }
    }

    /// Writes the index of ids and the end of the file. To be called once.
    package func finish() throws(CorpusError) -> Summary {
        hashes.sort { ($0.hash, $0.row) < ($1.hash, $1.row) }
        return try readingFiles { () throws(StorageError) in
            try writer.append("id_hash", values: hashes.flatMap { [$0.hash.high, $0.hash.low] })
            try writer.append("id_row", values: hashes.map(\.row))
            let summary = try writer.finish()
            return Summary(rows: summary.rows, bytes: summary.bytes)
        }
    }

    private func append(text: String, metadata: String?) throws(StorageError) {
        try writer.append("text", string: text)
        try writer.append("metadata", string: metadata ?? "")
    }

    private func append(id: String, place: Sample.Place) throws(StorageError) {
        precondition(hashes.count < Int(UInt32.max), "a shard has fewer than 2^32 rows")
        try writer.append("id", string: id)
        try writer.append("file", value: UInt32(place.file))
        try writer.append("line", value: UInt64(place.line))
        hashes.append((IdentifierHash(id), UInt32(hashes.count)))
    }
}
