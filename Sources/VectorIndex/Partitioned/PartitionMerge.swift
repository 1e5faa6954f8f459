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
    private var block: CodeBlock
    private var records: [UInt8]
    private var rows: [UInt32]

    init(_ codes: PartitionCodes) {
        self.codes = codes
        block = CodeBlock(codes)
        records = [UInt8](repeating: 0, count: PartitionCodes.blockRows * codes.recordBytes)
        rows = [UInt32](repeating: 0, count: PartitionCodes.blockRows)
    }

    var count: Int { block.count }
    var isFull: Bool { block.isFull }

    mutating func append(_ row: PartRows.Row) {
        let place = count * codes.recordBytes
        unsafe records.withUnsafeMutableBytes {
            unsafe ($0.baseAddress! + place).copyMemory(
                from: row.record, byteCount: codes.recordBytes)
        }
        rows[block.count] = row.row
        unsafe block.append(hot: row.hot, factors: row.factors)
    }

    /// Writes the block, absent vectors as zeros, and empties it.
    mutating func write(to writer: ShardWriter, partition: Int) throws(StorageError) {
        for index in count * codes.recordBytes..<records.count { records[index] = 0 }
        for lane in count..<rows.count { rows[lane] = 0 }
        block.seal()
        try writer.append("warm", values: records)
        try writer.append("hot", values: block.bytes)
        try writer.append("row", values: rows)
        try writer.append("partition", value: UInt32(partition))
        try writer.append("count", value: UInt8(count))
        block.removeAll()
    }
}
