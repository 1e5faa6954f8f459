package import Pipeline
package import Storage

/// The embeddings of the sentences of any rows of the corpus, read from their shards in place. May be used from many threads.
package struct SentenceRows: Sendable {
    private let dimension: Int
    private let shards: [SentenceFile.Rows]
    private let places: RowPlaces

    package var rows: Int { places.rows }

    /// - Parameters:
    ///   - artifacts: those of the stage of sentences, all shards in order.
    ///   - dimension: of the corpus' embeddings.
    /// - Throws: as ``ShardReader/init(path:expectedKind:cacheBytes:reads:)``, and `mismatch` for another dimension.
    package init(_ artifacts: [Artifact], dimension: Int) throws(StorageError) {
        var shards: [SentenceFile.Rows] = []
        for artifact in artifacts {
            let reader = try SentenceFile.reader(artifact.path(ArtifactFile.sentences))
            let found = try SentenceFile.dimension(reader)
            guard found == dimension else {
                throw StorageError(
                    .mismatch, path: reader.path,
                    "its vectors have \(found) dimensions and the embeddings \(dimension); build the run again")
            }
            shards.append(try SentenceFile.Rows(reader))
        }
        self.shards = shards
        places = RowPlaces(shards.map(\.count))
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
        precondition(vector.count == dimension, "\(vector.count) numbers for \(dimension)")
        let place = places.place(of: row)
        return try shards.span[place.file].nearest(place.row, to: vector)
    }

    /// Asks for what reading a row soon needs, or for where that lies.
    func prefetch(row: Int, placeOnly: Bool) {
        let place = places.place(of: row)
        shards.span[place.file].prefetch(place.row, placeOnly: placeOnly)
    }
}
