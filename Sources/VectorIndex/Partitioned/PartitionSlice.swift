internal import Storage

/// A contiguous range of a segment's partitions: a shard file of kind `partition-slice`, one row for each block of 32
/// vectors of one partition. `docs/index.md` has it byte by byte.
///
/// | column | type | meaning |
/// |---|---|---|
/// | `warm` | uint8 `[32 · record bytes]` | the warm records of the block's vectors |
/// | `hot` | uint8 `[block bytes]` | their hot codes, interleaved, and factors |
/// | `row` | uint32 `[32]` | their rows in the segment |
/// | `partition` | uint32 | rising |
/// | `count` | uint8 | vectors in the block, 1 to 32; all but a partition's last block are full |
package enum PartitionSlice {
    package static let kind = "partition-slice"
    static let chunkRows = 32

    /// The ranges of partitions that a segment is cut into: a function of the numbers alone.
    ///
    /// About 32 MB each, 64 MB from 8 GB on, and at most 256 partitions where there are more than that.
    ///
    /// - Parameters:
    ///   - rows: of the segment.
    ///   - partitions: of the model.
    ///   - dimension: of the vectors.
    ///   - bits: of a code.
    package static func slices(rows: Int, partitions: Int, dimension: Int, bits: Int) -> [Range<Int>] {
        let codes = PartitionCodes(width: (dimension + 31) / 32 * 32, bits: bits)
        // Blocks are padded by half of one as a rule.
        let vectorBytes = codes.recordBytes + codes.blockBytes / PartitionCodes.blockRows + 4
        let bytes = (rows + partitions * PartitionCodes.blockRows / 2) * vectorBytes
        let target = bytes < 8 << 30 ? 32 << 20 : 64 << 20
        let wanted = max(1, (bytes + target - 1) / target)
        let each = max(1, (partitions + wanted - 1) / wanted)
        return stride(from: 0, to: partitions, by: each).map { $0..<min(partitions, $0 + each) }
    }

    /// The partitions of one of `count` slices of about one size; the last ones may have none.
    package static func range(_ index: Int, of count: Int, partitions: Int) -> Range<Int> {
        let each = (partitions + count - 1) / count
        return min(partitions, index * each)..<min(partitions, (index + 1) * each)
    }
}
