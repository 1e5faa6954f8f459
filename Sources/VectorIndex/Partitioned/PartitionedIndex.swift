internal import Storage

/// The approximate index for many vectors: an inverted file with RaBitQ codes.
///
/// A search looks into the partitions nearest to the query. One bit a dimension gives each vector there an estimate and a
/// lower bound; those whose bound is among the best are ranked by all bits, and the best of them, if the caller wants, by
/// their exact vectors. What is found depends neither on the workers nor on how queries are batched: kept are the rows
/// with the smallest keys, a key being the greatest of what a row may be passed over for and its estimate, which no order
/// of reading changes.
///
/// Files are memory-mapped and nothing is kept for a single row, so an index may be larger than memory.
///
/// Source: Gao & Long, "RaBitQ", SIGMOD 2024, arXiv 2405.12497; Gao et al., arXiv 2409.09913 for more bits; André et al.,
/// VLDB 2015, for scans of blocks with tables in registers. `docs/index.md` has the estimator and the files.
package struct PartitionedIndex: VectorIndex {
    /// One merge's files.
    package struct Segment: Sendable, Hashable {
        /// Paths of its slices, in the order of their partitions.
        package let slices: [String]
        /// Where its rows begin in the index.
        package let firstRow: Int

        package init(slices: [String], firstRow: Int) {
            self.slices = slices
            self.firstRow = firstRow
        }
    }

    /// How many vectors it holds.
    package let count: Int
    package let model: PartitionModel
    /// How many partitions a search reads unless it is told.
    package let probes: Int
    package var dimension: Int { model.dimension }
    package var metric: Metric { model.metric }
    package var identity: String { model.fingerprintIdentity }

    let files: [SliceFile]
    /// For each partition its places in the files, in the order of the segments.
    let places: [[Place]]
    /// The most vectors that a partition has in one file.
    let largest: Int

    struct Place: Sendable {
        let file: Int32
        let entry: Int32
        let count: Int32
        let firstRow: UInt32

        /// Whether any of its rows may be kept: to know it takes far less than to look at the codes.
        ///
        /// - Parameters:
        ///   - words: a bit for each row.
        ///   - rows: how many rows have one.
        @unsafe func hasRow(of view: SliceFile.View, among words: UnsafeBufferPointer<UInt64>, count rows: Int) -> Bool
        {
            for index in 0..<Int(count) {
                let row = unsafe Int(firstRow &+ view.rows[index])
                if row < rows, unsafe words[row / 64] >> UInt64(row % 64) & 1 == 1 { return true }
            }
            return false
        }
    }

    /// - Parameters:
    ///   - model: the path of the model's file.
    ///   - probes: how many partitions ``search(_:count:filter:workers:)`` reads; ``recall(_:exact:count:candidates:probes:filter:workers:)``
    ///     measures what that finds.
    ///   - checksChecksums: whether a partition's checksums are checked at its first touch; leave it on unless the files
    ///     have just been checked.
    /// - Throws: `mismatch` for a slice of another model; `damaged`, also where slices leave out a partition.
    /// - Complexity: O(blocks); no vector is touched.
    package init(
        model path: String, segments: [Segment], probes: Int = 32, checksChecksums: Bool = true
    ) throws(IndexError) {
        try self.init(
            model: PartitionModel(path: path), segments: segments, probes: probes, checksChecksums: checksChecksums)
    }

    package init(
        model: PartitionModel, segments: [Segment], probes: Int = 32, checksChecksums: Bool = true
    ) throws(IndexError) {
        precondition(probes > 0)
        var files: [SliceFile] = []
        var places = [[Place]](repeating: [], count: model.partitions)
        var (count, largest) = (0, 0)
        let readAhead = ReadAhead()
        for segment in segments {
            var next = 0
            var rows = 0
            for slice in segment.slices {
                let file = try SliceFile(
                    path: slice, model: model, readAhead: readAhead, checksChecksums: checksChecksums)
                guard file.partitions.lowerBound == next else {
                    throw .damaged(
                        StorageError(
                            .mismatch, path: slice,
                            "begins with partition \(file.partitions.lowerBound), but partition \(next) comes next; name the slices of a segment in their order"
                        ))
                }
                next = file.partitions.upperBound
                for (index, entry) in file.entries.enumerated() {
                    places[entry.partition].append(
                        Place(
                            file: Int32(files.count), entry: Int32(index), count: Int32(entry.count),
                            firstRow: UInt32(segment.firstRow)))
                    rows += entry.count
                    largest = max(largest, entry.count)
                }
                files.append(file)
            }
            guard next == model.partitions else {
                throw .damaged(
                    StorageError(
                        .mismatch, path: segment.slices.last ?? "a segment without slices",
                        "ends before partition \(next), but the model has \(model.partitions); name all slices of the segment"
                    ))
            }
            count += rows
        }
        self.model = model
        self.probes = probes
        self.files = files
        self.places = places
        self.count = count
        self.largest = largest
    }

    /// - Parameter slices: paths, those of a segment in the order of their partitions, segments in the order of their rows.
    package init(
        model: PartitionModel, slices: [String], probes: Int = 32, checksChecksums: Bool = true
    ) throws(IndexError) {
        var segments: [Segment] = []
        var own: [String] = []
        var (firstRow, rows) = (0, 0)
        for slice in slices {
            let file = try SliceFile(
                path: slice, model: model, readAhead: ReadAhead(), checksChecksums: checksChecksums)
            if file.partitions.lowerBound == 0, !own.isEmpty {
                segments.append(Segment(slices: own, firstRow: firstRow))
                own = []
                firstRow = rows
            }
            own.append(slice)
            rows += file.entries.reduce(0) { $0 + $1.count }
        }
        if !own.isEmpty { segments.append(Segment(slices: own, firstRow: firstRow)) }
        try self.init(model: model, segments: segments, probes: probes, checksChecksums: checksChecksums)
    }

    /// How unevenly rows are spread: K · Σ rows² / (Σ rows)², 1 where every partition has as many. A query that falls in a
    /// partition as often as rows do scans so many times the mean.
    package var imbalance: Double {
        let rows = places.map { $0.reduce(0.0) { $0 + Double($1.count) } }
        return Double(rows.count) * rows.reduce(0) { $0 + $1 * $1 } / max(1, Double(count) * Double(count))
    }

    /// Checks every byte of every slice.
    ///
    /// - Throws: `damaged`.
    package func verify() throws(IndexError) {
        for file in files { try indexed { () throws(StorageError) in try file.reader.verify() } }
    }
}
