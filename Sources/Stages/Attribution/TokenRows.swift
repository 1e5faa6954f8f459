package import Pipeline
package import Probing
package import Storage

/// The words of any rows of the corpus, read from their shards in place. May be used from many threads.
package struct TokenRows: Sendable {
    private let shards: [TokenFile.Rows]
    private let places: RowPlaces

    package var rows: Int { places.rows }

    /// - Parameter artifacts: those of the tokenize stage, all shards in order.
    /// - Throws: as ``ShardReader/init(path:expectedKind:cacheBytes:reads:)``.
    package init(_ artifacts: [Artifact]) throws(StorageError) {
        var shards: [TokenFile.Rows] = []
        for artifact in artifacts { shards.append(try TokenFile.Rows(try TokenFile.reader(artifact))) }
        self.shards = shards
        places = RowPlaces(shards.map(\.count))
    }

    /// The words of one row.
    ///
    /// - Throws: `corrupt`.
    /// - Complexity: O(words + log shards)
    package func bag(row: Int) throws(StorageError) -> TokenBag {
        var bag = TokenBag(ids: [], counts: [], length: 0)
        try read(row: row, into: &bag)
        return bag
    }

    /// The same into a bag whose memory is used again.
    package func read(row: Int, into bag: inout TokenBag) throws(StorageError) {
        let place = places.place(of: row)
        try shards.span[place.file].read(place.row, into: &bag)
    }

    /// One of several rows that are read in turn; what the next ones need is asked for.
    func read(_ rows: [Int], at position: Int, into bag: inout TokenBag) throws(StorageError) {
        LookAhead.ask(at: position, of: rows.count) { position, placeOnly in
            let place = places.place(of: rows[position])
            shards.span[place.file].prefetch(place.row, placeOnly: placeOnly)
        }
        try read(row: rows[position], into: &bag)
    }
}
