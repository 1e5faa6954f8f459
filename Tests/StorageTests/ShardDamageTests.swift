import Storage
import TestSupport
import Testing

@Suite struct ShardDamageTests {
    /// Three columns, three chunks, padding between columns, an attribute.
    private func tinyFile(_ folder: TemporaryFolder) throws -> String {
        let path = folder.path("tiny.shard")
        let writer = try ShardWriter(
            path: path, kind: "tiny",
            columns: [
                ColumnDescription("vector", .float32, width: 2),
                .variable("text", codec: .zstd(3)),
                ColumnDescription("label", .uint32, codec: Codec("lz4+shuffle")!),
            ], chunkRows: 2, attributes: ["digest": "abc"])
        try writer.append("vector", floats: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].span)
        for text in ["one", "", "three", "vier", "fünf"] { try writer.append("text", string: text) }
        try writer.append("label", values: [UInt32(7), 8, 9, 10, 1 << 31].span)
        _ = try writer.finish()
        return path
    }

    private func check(_ path: String) throws(StorageError) {
        try ShardReader(path: path, expectedKind: "tiny").verify()
    }

    /// A change of layout or of codec parameters shows here. The compressed columns depend on the versions of the libraries,
    /// so what is pinned is a file without them.
    @Test func goldenBytes() throws {
        let folder = TemporaryFolder()
        let writer = try ShardWriter(
            path: folder.path("golden"), kind: "golden",
            columns: [
                ColumnDescription("a", .uint32), .variable("b"),
                ColumnDescription("c", .float16, width: 2, codec: Codec("raw+shuffle")!),
            ],
            chunkRows: 2, attributes: ["k": "v", "a": "α"])
        try writer.append("a", values: [UInt32(1), 2, 3].span)
        for text in ["x", "", "yz"] { try writer.append("b", string: text) }
        try writer.append("c", floats: [0, 1, 2, 3, 4, 5].span)
        _ = try writer.finish()
        let bytes = TemporaryFolder.contents(folder.path("golden"))
        #expect(bytes.count == 768)
        let header: [UInt8] =
            Array("GRADSHRD".utf8) + [1, 0, 0, 0, 2, 0, 0, 0] + Array("golden".utf8) + [UInt8](repeating: 0, count: 10)
            + [3, 0, 0, 0, 0, 0, 0, 0] + [0, 1, 0, 0, 0, 0, 0, 0]
        #expect(Array(bytes[..<48]) == header)
        #expect(Array(bytes[64..<76]) == [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0])
        #expect(
            Array(bytes[128..<151]) == [0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0x78, 0, 0, 0, 0, 2, 0, 0, 0, 0x79, 0x7a])
        #expect(Array(bytes[192..<204]) == [0, 0, 0, 0, 0, 0x3c, 0x40, 0x42, 0, 0, 0x44, 0x45])
        #expect(Digest.sha256(bytes.rawBytes) == "b5258149707626e1dcdb0671db42d84ee7b93f3959e1d463b903cb03dcde7e4d")
    }

    @Test func everyTruncationIsFound() throws {
        let folder = TemporaryFolder()
        let path = try tinyFile(folder)
        try check(path)
        let bytes = TemporaryFolder.contents(path)
        for count in (0..<bytes.count).reversed() {
            TemporaryFolder.cut(path, to: count)
            let error = #expect(throws: StorageError.self, "\(count) bytes") {
                try ShardReader(path: path, expectedKind: "tiny")
            }
            #expect(error?.kind == .corrupt)
        }
        let longer = folder.write(bytes + [0], to: "longer")
        #expect(throws: StorageError.self) { try check(longer) }
    }

    @Test(arguments: [0x01, 0x80, 0xff, 0x10] as [UInt8])
    func everyChangedByteIsFound(pattern: UInt8) throws {
        let folder = TemporaryFolder()
        let path = try tinyFile(folder)
        let bytes = TemporaryFolder.contents(path)
        for index in bytes.indices {
            TemporaryFolder.overwrite(path, at: index, with: [bytes[index] ^ pattern])
            #expect(throws: StorageError.self, "byte \(index)") { try check(path) }
            TemporaryFolder.overwrite(path, at: index, with: [bytes[index]])
        }
        try check(path)
    }

    /// Damage in the data is found by whoever reads that chunk, and by nobody else.
    @Test(arguments: [ShardReader.Reads.inOrder, .scattered])
    func aDamagedChunkIsFoundOnReading(_ reads: ShardReader.Reads) throws {
        let folder = TemporaryFolder()
        var bytes = TemporaryFolder.contents(try tinyFile(folder))
        bytes[64 + 8 * 2] ^= 1
        let reader = try ShardReader(path: folder.write(bytes, to: "x"), expectedKind: "tiny", reads: reads)
        #expect(try reader.floats("vector", rows: 0..<2).count == 4)
        let error = #expect(throws: StorageError.self) { _ = try reader.floats("vector", rows: 1..<3).count }
        #expect(
            error?.message.hasPrefix("the chunk 1 of column 'vector' at offset 80 is damaged: its CRC-32C is 0x")
                == true)
    }

    /// The same of a row of a column that was found once; and asking for rows ahead neither fails nor hides it.
    @Test func aDamagedChunkIsFoundInARawColumn() throws {
        let folder = TemporaryFolder()
        let writer = try ShardWriter(path: folder.path("x"), kind: "x", columns: [.variable("text")], chunkRows: 2)
        for text in ["one", "two", "three", "four", "five"] { try writer.append("text", string: text) }
        _ = try writer.finish()
        let sound = TemporaryFolder.contents(folder.path("x"))
        // Chunks of two rows: three offsets, then the texts. The second begins behind 12 + 6 bytes.
        for offset in 64 + 18..<64 + 18 + 21 {
            for pattern in [0x01, 0xff] as [UInt8] {
                var bytes = sound
                bytes[offset] ^= pattern
                let reader = try ShardReader(path: folder.write(bytes, to: "damaged"), expectedKind: "x")
                let text = try reader.rawColumn("text", of: nil)
                for row in 0..<5 {
                    for placeOnly in [true, false] { reader.prefetch(text, row: row, placeOnly: placeOnly) }
                }
                #expect(try reader.bytes(text, row: 1).byteCount == 3)
                #expect(throws: StorageError.self, "byte \(offset)") { _ = try reader.bytes(text, row: 2).byteCount }
                #expect(throws: StorageError.self, "again") { _ = try reader.bytes(text, row: 3).byteCount }
                #expect(try reader.bytes(text, row: 4).byteCount == 4)
            }
        }
    }

    /// Every field of the directory set to nonsense, with checksums put right: refused, never a crash.
    @Test func forgedDirectoriesAreRefused() throws {
        let folder = TemporaryFolder()
        let path = try tinyFile(folder)
        let bytes = TemporaryFolder.contents(path)
        let start = Int(bytes.rawBytes.integer(at: 40, as: UInt64.self))
        let count = Int(bytes.rawBytes.integer(at: 48, as: UInt64.self))
        let end = bytes.count - 64
        for offset in start..<start + count {
            for pattern in [0x01, 0x7f, 0xff] as [UInt8] {
                var forged = bytes
                forged[offset] ^= pattern
                var sum: [UInt8] = []
                sum.appendInteger(CRC32C.checksum(Array(forged[start..<start + count]).rawBytes))
                forged.replaceSubrange(end + 32..<end + 36, with: sum)
                sum = []
                sum.appendInteger(CRC32C.checksum(Array(forged[end..<end + 60]).rawBytes))
                forged.replaceSubrange(end + 60..<end + 64, with: sum)
                TemporaryFolder.overwrite(path, at: start, with: Array(forged[start...]))
                // A changed name or attribute is another sound file; a changed level is not seen in the data.
                guard let reader = try? ShardReader(path: path, expectedKind: nil) else { continue }
                do {
                    try reader.verify()
                } catch {
                    continue
                }
                #expect(reader.rows == 5)
                for column in reader.columns where column.width == .variable {
                    #expect(try reader.strings(column.name, rows: 0..<5).count == 5)
                }
            }
        }
    }

    @Test func otherKindsAndVersionsAreRefused() throws {
        let folder = TemporaryFolder()
        let path = try tinyFile(folder)
        let kind = #expect(throws: StorageError.self) { try ShardReader(path: path, expectedKind: "corpus") }
        #expect(kind?.kind == .mismatch)
        #expect(kind?.message == "is a shard file of kind 'tiny', but 'corpus' is needed here")
        var bytes = TemporaryFolder.contents(path)
        bytes[8] = 2
        let newer = #expect(throws: StorageError.self) {
            try ShardReader(path: folder.write(bytes, to: "new"), expectedKind: "tiny")
        }
        #expect(newer?.kind == .tooNew)
        bytes[8] = 0
        let older = #expect(throws: StorageError.self) {
            try ShardReader(path: folder.write(bytes, to: "old"), expectedKind: "tiny")
        }
        #expect(older?.kind == .tooOld)
        let missing = #expect(throws: StorageError.self) { try ShardReader(path: folder.path("no"), expectedKind: nil) }
        #expect(missing?.kind == .notFound)
        let other = #expect(throws: StorageError.self) {
            try ShardReader(path: folder.write(Array("{\"id\": 1}\n".utf8), to: "j"), expectedKind: nil)
        }
        #expect(other?.message == "is not a shard file: it does not begin with GRADSHRD")
    }
}
