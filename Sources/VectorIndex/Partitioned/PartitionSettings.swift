/// How vectors are partitioned and coded.
package struct PartitionSettings: Codable, Hashable, Sendable {
    /// How many partitions; nil takes them from the number of rows (``partitions(forRows:dimension:)``).
    package var partitions: Int?
    /// Bits of a code, 1 to 8: one is scanned, the others rank what the scan leaves.
    package var bits: Int
    /// Rows to train on for each partition.
    package var samplesPerPartition: Int
    /// The most bytes of the training sample, whatever the partitions.
    package var largestSample: Int
    /// Passes of k-means in each of the two levels.
    package var iterations: Int
    /// Passes over the whole sample after that, with rows free to leave their cell.
    package var refinements: Int

    package init(
        partitions: Int? = nil, bits: Int = 6, samplesPerPartition: Int = 64, largestSample: Int = 2 << 30,
        iterations: Int = 6, refinements: Int = 3
    ) {
        precondition((1...8).contains(bits), "a code has 1 to 8 bits, not \(bits)")
        precondition(partitions ?? 1 > 0 && samplesPerPartition > 0 && iterations > 0 && refinements >= 0)
        self.partitions = partitions
        self.bits = bits
        self.samplesPerPartition = samplesPerPartition
        self.largestSample = largestSample
        self.iterations = iterations
        self.refinements = refinements
    }

    /// One for ¾ · dimension − 76 rows up to 10⁶ (116 at 256 dimensions, 236 at 416; at least 64), for 610 at 10⁷ and for
    /// 763 at 10⁸: with 256 dimensions 8,620, 16,393 and 131,061 partitions.
    ///
    /// Fewer rows a partition are fewer rows read for a recall, but each partition wastes half a block of bytes. The line
    /// goes through the numbers that measured best at half a million rows of 256 and of 416 dimensions (`docs/index.md`).
    package static func partitions(forRows rows: Int, dimension: Int) -> Int {
        let (million, tenMillion) = (1_000_000, 10_000_000)
        let few = min(max(64, 3 * dimension / 4 - 76), 610)
        let each =
            switch rows {
            case ..<million: few
            case ..<tenMillion: few + (610 - few) * (rows - million) / (tenMillion - million)
            default: min(763, 610 + 153 * (rows - tenMillion) / 90_000_000)
            }
        return max(1, rows / each)
    }

    /// How many partitions a corpus of so many rows gets.
    package func count(forRows rows: Int, dimension: Int) -> Int {
        partitions ?? Self.partitions(forRows: rows, dimension: dimension)
    }

    /// How many rows to train on.
    package func sampleRows(corpusRows: Int, dimension: Int) -> Int {
        let wanted = max(1024, samplesPerPartition * count(forRows: corpusRows, dimension: dimension))
        return min(corpusRows, wanted, max(1, largestSample / (4 * dimension)))
    }
}
