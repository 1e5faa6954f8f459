import Storage
import TestSupport
import Testing

@Suite struct ShardRoundTripTests {
    static let codecs = ["raw", "raw+shuffle", "lz4", "lz4+shuffle", "zstd:1", "zstd:3+shuffle"]
    static let rowCounts = [0, 1, 3, 4, 5, 8, 9, 17]

    /// Every element type, at each row count around the chunk of four rows, read whole, in part and in place.
    @Test(arguments: codecs, rowCounts)
    func everyElementType(codecName: String, rows: Int) throws {
        let codec = try #require(Codec(codecName))
        try check(rows: rows, codec: codec, width: 1) { UInt8(truncatingIfNeeded: $0 * 7) }
        try check(rows: rows, codec: codec, width: 3) { Int32(truncatingIfNeeded: $0 * -70_001) }
        try check(rows: rows, codec: codec, width: 1) { UInt32(truncatingIfNeeded: $0 &* 0x9e37_79b9) }
        try check(rows: rows, codec: codec, width: 2) { Int64($0) * -5_000_000_000 }
        try check(rows: rows, codec: codec, width: 5) { UInt64($0) &* 0x9e37_79b9_7f4a_7c15 }
        try check(rows: rows, codec: codec, width: 3) { Float16($0) / 8 }
        try check(rows: rows, codec: codec, width: 7) { Float($0) * 0.37 - 1 }
        try check(rows: rows, codec: codec, width: 2) { Double($0) / 3 }
    }

    private func check<T: ShardElement & ExpressibleByIntegerLiteral & Equatable>(
        rows: Int, codec: Codec, width: Int, _ value: (Int) -> T
    ) throws {
        let folder = TemporaryFolder()
        let values = (0..<rows * width).map(value)
        let writer = try ShardWriter(
            path: folder.path("a.shard"), kind: "test",
            columns: [
                ColumnDescription("before", .uint8), ColumnDescription("v", T.element, width: width, codec: codec),
            ],
            chunkRows: 4, attributes: ["digest": "α", "a": ""])
        for row in 0..<rows { try writer.append("before", value: UInt8(row)) }
        // In two calls that do not end at a chunk's border.
        let half = rows / 2 * width
        try writer.append("v", values: Array(values[..<half]).span)
        try writer.append("v", values: Array(values[half...]).span)
        let summary = try writer.finish()
        #expect(summary.rows == rows)
        #expect(folder.names == ["a.shard"])

        let reader = try ShardReader(path: folder.path("a.shard"), expectedKind: "test")
        #expect(reader.fileBytes == summary.bytes)
        #expect(reader.attributes == ["digest": "α", "a": ""])
        #expect(reader.columns[1] == ColumnDescription("v", T.element, width: width, codec: codec))
        var read: [T] = []
        try reader.read("v", rows: 0..<rows, into: &read)
        #expect(read == values)
        for lower in 0...rows {
            for upper in lower...rows {
                try reader.read("v", rows: lower..<upper, into: &read)
                #expect(read == Array(values[lower * width..<upper * width]))
            }
        }
        let scattered = try ShardReader(path: folder.path("a.shard"), expectedKind: "test", reads: .scattered)
        for row in (0..<rows).reversed() {
            try scattered.read("v", rows: row..<row + 1, into: &read)
            #expect(read == Array(values[row * width..<(row + 1) * width]))
        }
        if codec.isVerbatim {
            let span = try reader.values("v", as: T.self)
            #expect(span.count == values.count)
            for index in span.indices { #expect(span[index] == values[index]) }
        } else {
            let error = #expect(throws: StorageError.self) { _ = try reader.values("v", as: T.self).count }
            #expect(error?.kind == .mismatch)
        }
        try reader.verify()
    }

    @Test(arguments: ["raw", "lz4", "zstd:5"], rowCounts)
    func byteStrings(codecName: String, rows: Int) throws {
        let folder = TemporaryFolder()
        let texts = (0..<rows).map { $0 % 3 == 0 ? "" : String(repeating: "té\($0)", count: $0 * $0) }
        let writer = try ShardWriter(
            path: folder.path("t"), kind: "texts",
            columns: [.variable("text", codec: Codec(codecName)!), .variable("id")], chunkRows: 4)
        for (row, text) in texts.enumerated() {
            try writer.append("text", string: text)
            try writer.append("id", string: "\(row)")
        }
        _ = try writer.finish()
        // A cache of one chunk, so that chunks are decoded again.
        let reader = try ShardReader(path: folder.path("t"), expectedKind: nil, cacheBytes: 0)
        #expect(try reader.strings("text", rows: 0..<rows) == texts)
        for row in texts.indices.reversed() {
            #expect(try reader.string("text", row: row) == texts[row])
            #expect(try reader.string("id", row: row) == "\(row)")
        }
        var seen: [Int] = []
        try reader.forEachBytes("text", rows: min(1, rows)..<rows) { row, bytes in
            seen.append(row)
            #expect(bytes.copied() == Array(texts[row].utf8))
        }
        #expect(seen == Array(min(1, rows)..<rows))
        try reader.verify()
    }

    @Test func floatsConvertToTheColumnsType() throws {
        let folder = TemporaryFolder()
        let values: [Float] = [0, -0.0, 1, 65504, 70000, 0.1, 6e-8, -3e-8, .infinity, 1e-30]
        let writer = try ShardWriter(
            path: folder.path("f"), kind: "f",
            columns: [
                ColumnDescription("half", .float16, width: 2), ColumnDescription("double", .float64, width: 2),
                ColumnDescription("single", .float32, width: 2),
            ], chunkRows: 2)
        for name in ["half", "double", "single"] { try writer.append(name, floats: values.span) }
        _ = try writer.finish()
        let reader = try ShardReader(path: folder.path("f"), expectedKind: "f")
        var read: [Float] = []
        try reader.read("half", rows: 0..<5, into: &read)
        #expect(read == values.map { Float(Float16($0)) })
        try reader.read("double", rows: 1..<4, into: &read)
        #expect(read == Array(values[2..<8]))
        try reader.read("single", rows: 0..<5, into: &read)
        #expect(read == values)
        #expect(try reader.floats("single", rows: 3..<5).count == 4)
    }

    /// A column that was found once gives each row as the other ways do, whatever was asked for ahead.
    @Test func rawColumnsGiveTheSameRows() throws {
        let folder = TemporaryFolder()
        let writer = try ShardWriter(
            path: folder.path("raw"), kind: "raw",
            columns: [
                ColumnDescription("half", .float16, width: 2), ColumnDescription("double", .float64, width: 2),
                ColumnDescription("single", .float32, width: 2), .variable("text"),
                ColumnDescription("packed", .uint32, codec: .zstd(3)),
            ], chunkRows: 3)
        for row in 0..<8 {
            for name in ["half", "double", "single"] { try writer.append(name, floats: [Float(row), -0.1].span) }
            try writer.append("text", string: String(repeating: "ä", count: row % 4))
            try writer.append("packed", value: UInt32(row))
        }
        _ = try writer.finish()
        let reader = try ShardReader(path: folder.path("raw"), expectedKind: "raw")
        for (name, element) in [("half", ElementType.float16), ("double", .float64), ("single", .float32)] {
            let column = try reader.rawColumn(name, of: element)
            for row in (0..<8).reversed() {
                for placeOnly in [true, false] { reader.prefetch(column, row: row, placeOnly: placeOnly) }
                var found: [Float] = [7, 7]
                var span = found.mutableSpan
                try reader.read(column, row: row, into: &span)
                var expected: [Float] = []
                try reader.read(name, rows: row..<row + 1, into: &expected)
                #expect(found == expected, "\(name), row \(row)")
            }
        }
        let text = try reader.rawColumn("text", of: nil)
        for row in 0..<8 {
            for placeOnly in [true, false] { reader.prefetch(text, row: row, placeOnly: placeOnly) }
            #expect(try reader.bytes(text, row: row).copied() == reader.bytes("text", row: row))
        }
        #expect(throws: StorageError.self) { try reader.rawColumn("packed", of: .uint32) }
        #expect(throws: StorageError.self) { try reader.rawColumn("none", of: nil) }
        #expect(throws: StorageError.self) { try reader.rawColumn("text", of: .uint8) }
        #expect(throws: StorageError.self) { try reader.rawColumn("single", of: .float16) }
        #expect(throws: StorageError.self) { try reader.rawColumn("single", of: nil) }
    }

    @Test func columnsOfDifferentLengthsAreRefused() throws {
        let folder = TemporaryFolder()
        do {
            let writer = try ShardWriter(
                path: folder.path("x"), kind: "x",
                columns: [ColumnDescription("a", .uint8), ColumnDescription("b", .uint8)])
            try writer.append("a", value: UInt8(1))
            let error = #expect(throws: StorageError.self) { try writer.finish() }
            #expect(error?.message == "cannot be finished: column 'a' has 1 rows, but 'b' has 0")
        }
        // Neither the file nor its columns stay behind.
        #expect(folder.names == [])
    }

    @Test func wrongRequestsAreRefused() throws {
        let folder = TemporaryFolder()
        let writer = try ShardWriter(
            path: folder.path("x"), kind: "x", columns: [ColumnDescription("a", .uint8), .variable("b")])
        _ = try writer.finish()
        let reader = try ShardReader(path: folder.path("x"), expectedKind: "x")
        var floats: [Float] = []
        #expect(throws: StorageError.self) { try reader.read("a", rows: 0..<0, into: &floats) }
        #expect(throws: StorageError.self) { try reader.read("b", rows: 0..<0, into: &floats) }
        #expect(throws: StorageError.self) { try reader.strings("a", rows: 0..<0) }
        let error = #expect(throws: StorageError.self) { try reader.column("z") }
        #expect(error?.message == "has no column 'z'; it has 'a', 'b'")
    }
}
