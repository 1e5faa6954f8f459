internal import Storage
internal import Synchronization

/// An open slice. The checksums of a partition's bytes are checked at its first touch, once in a process.
@safe final class SliceFile: Sendable {
    /// Where a partition's blocks are.
    struct Entry: Sendable, Hashable {
        let partition: Int
        let firstBlock: Int
        var blocks: Int
        /// Vectors.
        var count: Int
    }

    /// A partition in memory, in place; good as long as the slice.
    @unsafe struct View {
        let hot: UnsafePointer<UInt8>
        let warm: UnsafePointer<UInt8>
        let rows: UnsafePointer<UInt32>
    }

    let reader: ShardReader
    let partitions: Range<Int>
    /// The partitions that have vectors, rising.
    let entries: [Entry]
    private let codes: PartitionCodes
    private let readAhead: ReadAhead
    private let checksChecksums: Bool
    private let state: Mutex<State>

    /// - Throws: `mismatch` for a slice of another model; `damaged`.
    /// - Complexity: O(blocks), in the two small columns.
    init(
        path: String, model: PartitionModel, readAhead: ReadAhead, checksChecksums: Bool
    ) throws(IndexError) {
        let reader = try indexed { () throws(StorageError) in
            try ShardReader(path: path, expectedKind: PartitionSlice.kind)
        }
        let facts = reader.attributes
        let found = facts["identity"] ?? "none"
        guard found == model.identity else {
            throw .mismatch(path: path, attribute: "identity", expected: model.identity, found: found)
        }
        guard let first = facts["first_partition"].flatMap({ Int($0) }), first >= 0,
            let end = facts["end_partition"].flatMap({ Int($0) }), end >= first, end <= model.partitions
        else { throw .damaged(StorageError(.corrupt, path: path, "it names no partitions; merge it again")) }
        self.reader = reader
        partitions = first..<end
        codes = model.codes
        self.readAhead = readAhead
        self.checksChecksums = checksChecksums
        do throws(StorageError) {
            guard try reader.column("hot").fixedWidth == codes.blockBytes,
                try reader.column("warm").fixedWidth == codes.recordBytes * PartitionCodes.blockRows,
                try reader.column("row").fixedWidth == PartitionCodes.blockRows
            else {
                throw StorageError(.corrupt, path: path, "its codes are not as wide as its model's; merge it again")
            }
            entries = try Self.entries(reader, partitions: partitions)
        } catch {
            throw .damaged(error)
        }
        state = unsafe Mutex(State(isChecked: [Bool](repeating: false, count: entries.count)))
    }

    private static func entries(
        _ reader: ShardReader, partitions: Range<Int>
    ) throws(StorageError) -> [Entry] {
        let labels = try reader.array("partition", of: UInt32.self)
        let counts = try reader.array("count", of: UInt8.self)
        var entries: [Entry] = []
        for block in labels.indices {
            let (partition, count) = (Int(labels[block]), Int(counts[block]))
            let isSound =
                partitions.contains(partition) && (1...PartitionCodes.blockRows).contains(count)
                && (entries.last.map { $0.partition <= partition } ?? true)
            guard isSound else {
                throw StorageError(.corrupt, path: reader.path, "its block \(block) is out of place; merge it again")
            }
            if let last = entries.last, last.partition == partition {
                guard last.count == last.blocks * PartitionCodes.blockRows else {
                    throw StorageError(
                        .corrupt, path: reader.path, "a block before block \(block) is not full; merge it again")
                }
                entries[entries.count - 1].blocks += 1
                entries[entries.count - 1].count += count
            } else {
                entries.append(Entry(partition: partition, firstBlock: block, blocks: 1, count: count))
            }
        }
        return entries
    }

    /// A partition, which the system is asked to read ahead where it is not in memory.
    ///
    /// - Throws: `corrupt`: a checksum.
    @unsafe func view(of entry: Int) throws(StorageError) -> View {
        let (bases, isChecked) = unsafe state.withLock { unsafe ($0.bases, $0.isChecked[entry]) }
        let first = entries[entry].firstBlock
        let blocks = first..<first + entries[entry].blocks
        if try readAhead.isWanted(
            isFirst: checksChecksums && !isChecked,
            isResident: { () throws(StorageError) in try self.reader.isResident("warm", row: first) })
        {
            for column in ["row", "hot", "warm"] { try self.reader.willNeed(column, rows: blocks) }
        }
        if let bases = unsafe bases, isChecked || !checksChecksums {
            return unsafe View(
                hot: bases.hot + first * codes.blockBytes,
                warm: bases.warm + first * codes.recordBytes * PartitionCodes.blockRows,
                rows: bases.rows + first * PartitionCodes.blockRows)
        }
        let reader = reader
        let view = try unsafe View(
            hot: reader.values("hot", as: UInt8.self, rows: blocks).withUnsafeBufferPointer { $0.baseAddress! },
            warm: reader.values("warm", as: UInt8.self, rows: blocks).withUnsafeBufferPointer { $0.baseAddress! },
            rows: reader.values("row", as: UInt32.self, rows: blocks).withUnsafeBufferPointer { $0.baseAddress! })
        state.withLock {
            $0.isChecked[entry] = true
            unsafe $0.bases = View(
                hot: view.hot - first * codes.blockBytes,
                warm: view.warm - first * codes.recordBytes * PartitionCodes.blockRows,
                rows: view.rows - first * PartitionCodes.blockRows)
        }
        return unsafe view
    }

    @safe private struct State: @unchecked Sendable {
        // Unchecked because of the pointers: they lead into a read-only mapping that lives as long as the reader.
        var isChecked: [Bool]
        /// Where the columns begin.
        var bases: View?
    }
}
