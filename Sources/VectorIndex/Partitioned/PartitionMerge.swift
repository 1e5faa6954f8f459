internal import CKernels
internal import Storage

/// Merges parts into slices. One merge may write many slices, from several threads: parts stay open in between.
package struct PartitionMerge: Sendable {
    /// The model's identity, which all parts share.
    package let identity: String
    /// Rows of all parts.
    package let rows: Int
    private let model: PartitionModel
    private let parts: [(reader: ShardReader, firstRow: Int)]

    /// - Parameters:
    ///   - parts: paths, in the order of their rows.
    ///   - firstRows: of each part, where its rows begin in the segment; nil where they follow one another.
    /// - Throws: `mismatch` for a part of another model; `damaged`.
    package init(model: PartitionModel, parts paths: [String], firstRows: [Int]? = nil) throws(IndexError) {
        precondition(firstRows?.count ?? paths.count == paths.count)
        var parts: [(reader: ShardReader, firstRow: Int)] = []
        var rows = 0
        for (index, path) in paths.enumerated() {
            let reader = try indexed { () throws(StorageError) in
                try ShardReader(path: path, expectedKind: PartitionPart.kind)
            }
            let found = reader.attributes["identity"] ?? "none"
            guard found == model.identity else {
                throw .mismatch(path: path, attribute: "identity", expected: model.identity, found: found)
            }
            parts.append((reader, firstRows?[index] ?? rows))
            rows += reader.rows
        }
        self.model = model
        self.parts = parts
        self.rows = rows
        identity = model.identity
    }

    /// Writes one slice: streams its partitions' rows from every part, then reads the file again and checks it.
    ///
    /// - Parameters:
    ///   - partitions: the slice's.
    ///   - onRows: is told how many rows each partition had.
    /// - Returns: the slice's vectors.
    /// - Throws: `damaged`.
    /// - Complexity: one pass over the rows; memory for a chunk.
    @discardableResult
    package func write(
        _ partitions: Range<Int>, to path: String, onRows: (Int) -> Void = { _ in }
    ) throws(IndexError) -> Int {
        precondition(partitions.lowerBound >= 0 && partitions.upperBound <= model.partitions)
        do {
            return try merge(partitions, to: path, onRows: onRows)
        } catch {
            throw .damaged(error)
        }
    }

    private func merge(
        _ partitions: Range<Int>, to path: String, onRows: (Int) -> Void
    ) throws(StorageError) -> Int {
        let codes = model.codes
        var sources: [PartRows] = []
        for part in parts { sources.append(try PartRows(part.reader, part.firstRow, partitions, codes)) }
        let writer = try ShardWriter(
            path: path, kind: PartitionSlice.kind,
            columns: [
                ColumnDescription("warm", .uint8, width: codes.recordBytes * PartitionCodes.blockRows),
                ColumnDescription("hot", .uint8, width: codes.blockBytes),
                ColumnDescription("row", .uint32, width: PartitionCodes.blockRows),
                ColumnDescription("partition", .uint32),
                ColumnDescription("count", .uint8),
            ], chunkRows: PartitionSlice.chunkRows,
            attributes: [
                "identity": identity, "first_partition": "\(partitions.lowerBound)",
                "end_partition": "\(partitions.upperBound)",
            ])
        var block = SliceBlock(codes)
        var total = 0
        for partition in partitions {
            var rows = 0
            for index in sources.indices {
                while let row = sources[index].next(of: partition) {
                    block.append(row)
                    rows += 1
                    if block.isFull { try block.write(to: writer, partition: partition) }
                }
            }
            if block.count > 0 { try block.write(to: writer, partition: partition) }
            onRows(rows)
            total += rows
        }
        for source in sources { try source.checkEnd() }
        _ = try writer.finish()
        try ShardReader(path: path, expectedKind: PartitionSlice.kind).verify()
        return total
    }
}

/// A block that is being filled.
private struct SliceBlock {
    private let codes: PartitionCodes
    private(set) var count = 0
    private var records: [UInt8]
    private var hot: [UInt8]
    private var block: [UInt8]
    private var rows: [UInt32]

    init(_ codes: PartitionCodes) {
        let size = PartitionCodes.blockRows
        self.codes = codes
        records = [UInt8](repeating: 0, count: size * codes.recordBytes)
        hot = [UInt8](repeating: 0, count: size * codes.hotBytes)
        block = [UInt8](repeating: 0, count: codes.blockBytes)
        rows = [UInt32](repeating: 0, count: size)
    }

    var isFull: Bool { count == PartitionCodes.blockRows }

    mutating func append(_ row: PartRows.Row) {
        unsafe records.withUnsafeMutableBytes {
            unsafe ($0.baseAddress! + count * codes.recordBytes).copyMemory(
                from: row.record, byteCount: codes.recordBytes)
        }
        unsafe hot.withUnsafeMutableBytes {
            unsafe ($0.baseAddress! + count * codes.hotBytes).copyMemory(from: row.hot, byteCount: codes.hotBytes)
        }
        unsafe block.withUnsafeMutableBytes {
            for factor in 0..<3 {
                let offset = 4 * codes.width + 4 * (factor * PartitionCodes.blockRows + count)
                unsafe $0.storeBytes(of: row.factors[factor], toByteOffset: offset, as: Float.self)
            }
        }
        rows[count] = row.row
        count += 1
    }

    /// Writes the block, absent vectors as zeros, and empties it.
    mutating func write(to writer: ShardWriter, partition: Int) throws(StorageError) {
        let size = PartitionCodes.blockRows
        for index in count * codes.recordBytes..<records.count { records[index] = 0 }
        for lane in count..<size {
            rows[lane] = 0
            for factor in 0..<3 {
                let offset = 4 * codes.width + 4 * (factor * size + lane)
                for byte in 0..<4 { block[offset + byte] = 0 }
            }
        }
        unsafe ck_rabitq_pack(hot, count, codes.width, &block)
        try writer.append("warm", values: records)
        try writer.append("hot", values: block)
        try writer.append("row", values: rows)
        try writer.append("partition", value: UInt32(partition))
        try writer.append("count", value: UInt8(count))
        count = 0
    }
}
