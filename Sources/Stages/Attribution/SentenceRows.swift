package import Pipeline
package import Storage

/// The embeddings of the sentences of any rows of the corpus, read from their shards in place. May be used from many threads.
package struct SentenceRows: Sendable {
    package let rows: Int
    private let dimension: Int
    private let readers: [ShardReader]
    private let firstRows: [Int]

    /// - Parameters:
    ///   - artifacts: those of the stage of sentences, all shards in order.
    ///   - dimension: of the corpus' embeddings.
    /// - Throws: as ``ShardReader/init(path:expectedKind:cacheBytes:reads:)``, and `mismatch` for another dimension.
    package init(_ artifacts: [Artifact], dimension: Int) throws(StorageError) {
        var (readers, firstRows, rows): ([ShardReader], [Int], Int) = ([], [], 0)
        for artifact in artifacts {
            let reader = try SentenceFile.reader(artifact.path(ArtifactFile.sentences))
            let found = try SentenceFile.dimension(reader)
            guard found == dimension else {
                throw StorageError(
                    .mismatch, path: reader.path,
                    "its vectors have \(found) dimensions and the embeddings \(dimension); build the run again")
            }
            readers.append(reader)
            firstRows.append(rows)
            rows += reader.rows
        }
        (self.readers, self.firstRows, self.rows) = (readers, firstRows, rows)
        self.dimension = dimension
    }

    /// The sentence of a row that is nearest to a vector, by its number, and their cosine; nothing for a row of one sentence.
    ///
    /// - Parameter vector: of length 1, or 0 and then each cosine is 0.
    /// - Throws: `corrupt`.
    /// - Complexity: O(sentences · dimension + log shards)
    package func nearest(
        row: Int, to vector: Span<Float>
    ) throws(StorageError) -> (sentence: Int, cosine: Float)? {
        precondition((0..<rows).contains(row) && vector.count == dimension, "row \(row) of \(rows)")
        // The last shard that begins at or before the row and has rows.
        var (low, high) = (0, firstRows.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if firstRows[middle] <= row { low = middle } else { high = middle }
        }
        return try SentenceFile.nearest(readers[low], row: row - firstRows[low], to: vector)
    }
}
