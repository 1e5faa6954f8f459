import Foundation
import Storage
import TestSupport
import Testing

/// Erased rows are blank, and every other row, the attributes and the layout stay.
@Suite struct ShardEraserTests {
    private let folder = TemporaryFolder()

    private let columns = [
        ColumnDescription.variable("text", codec: .zstd()), ColumnDescription("wide", .float32, width: 3),
        ColumnDescription("half", .float16, codec: .lz4),
        ColumnDescription("count", .uint64, codec: Codec(.zstd(level: 3), shuffle: true)),
        ColumnDescription.variable("raw"),
    ]

    private func write(rows: Int, chunkRows: Int) throws -> String {
        let path = "\(folder.path)/in.shard"
        let writer = try ShardWriter(
            path: path, kind: "test", columns: columns, chunkRows: chunkRows, attributes: ["key": "value"])
        for row in 0..<rows {
            try writer.append("text", string: "text \(row)")
            try writer.append("wide", floats: [Float(row) + 0.5, -1, 2])
            try writer.append("half", floats: [Float(row % 50) + 1])
            try writer.append("count", value: UInt64(row) << 40 | 1)
            try writer.append("raw", string: row % 5 == 0 ? "" : String(repeating: "r", count: row % 7 + 1))
        }
        _ = try writer.finish()
        return path
    }

    @Test(arguments: [4, 32, 1000], [[], [0], [99], [3, 4, 31, 32, 33, 64, 98], Array(0..<100)])
    func rowsAreBlankAndOthersStay(chunkRows: Int, erased: [Int]) throws {
        let reader = try ShardReader(path: try write(rows: 100, chunkRows: chunkRows), expectedKind: "test")
        let path = "\(folder.path)/out.shard"
        try ShardEraser.copy(reader, to: path, erasing: erased)
        let copy = try ShardReader(path: path, expectedKind: "test")
        try copy.verify()
        #expect(copy.rows == 100 && copy.columns == columns && copy.attributes == reader.attributes)
        #expect(copy.chunkRows == chunkRows)
        for row in 0..<100 {
            let isErased = erased.contains(row)
            #expect(try copy.string("text", row: row) == (isErased ? "" : "text \(row)"))
            #expect(try copy.string("raw", row: row) == (isErased ? "" : reader.string("raw", row: row)))
            var (wide, half, count): ([Float], [Float], [UInt64]) = ([], [], [])
            try copy.read("wide", rows: row..<row + 1, into: &wide)
            try copy.read("half", rows: row..<row + 1, into: &half)
            try copy.read("count", rows: row..<row + 1, into: &count)
            #expect(wide == (isErased ? [0, 0, 0] : [Float(row) + 0.5, -1, 2]))
            #expect(half == [isErased ? 0 : Float(row % 50) + 1] && count == [isErased ? 0 : UInt64(row) << 40 | 1])
        }
        #expect(try ShardEraser.firstWithContent(copy, rows: erased) == nil)
        let kept = (0..<100).filter { !erased.contains($0) }
        if let first = kept.first {
            let found = try ShardEraser.firstWithContent(copy, rows: (erased + [first]).sorted())
            #expect(found?.row == first && found?.column == "text")
        }
        // Nothing erased gives the same bytes.
        if erased.isEmpty {
            #expect(FileManager.default.contents(atPath: path) == FileManager.default.contents(atPath: reader.path))
        }
    }

    @Test func aColumnMayBeReplaced() throws {
        let reader = try ShardReader(path: try write(rows: 10, chunkRows: 4), expectedKind: "test")
        let path = "\(folder.path)/out.shard"
        let bytes = (0..<10).flatMap { row -> [UInt8] in [UInt8(row), 0, 0, 0, 0, 0, 0, 0] }
        try ShardEraser.copy(reader, to: path, erasing: [2], replacing: ["count": bytes])
        let copy = try ShardReader(path: path, expectedKind: "test")
        try copy.verify()
        #expect(try copy.array("count", of: UInt64.self) == (0..<10).map { UInt64($0) })
        #expect(try copy.string("text", row: 2).isEmpty)
        #expect(try ShardEraser.firstWithContent(copy, rows: [2], except: ["count"]) == nil)
    }

    @Test func foldersChangePlaces() throws {
        for (name, text) in [("a", "old"), ("b", "new")] {
            try FileManager.default.createDirectory(atPath: "\(folder.path)/\(name)", withIntermediateDirectories: true)
            try text.write(toFile: "\(folder.path)/\(name)/file", atomically: false, encoding: .utf8)
        }
        let open = try MappedFile(path: "\(folder.path)/a/file")
        try DurableFile.exchangeDirectory("\(folder.path)/b", with: "\(folder.path)/a")
        #expect(try String(contentsOfFile: "\(folder.path)/a/file", encoding: .utf8) == "new")
        #expect(try String(contentsOfFile: "\(folder.path)/b/file", encoding: .utf8) == "old")
        #expect(open.count == 3)
        #expect(throws: StorageError.self) {
            try DurableFile.exchangeDirectory("\(folder.path)/b", with: "\(folder.path)/none")
        }
        #expect(try !DurableFile.exchangeDirectoryIfPossible("\(folder.path)/b", with: "\(folder.path)/none"))
        #expect(try String(contentsOfFile: "\(folder.path)/b/file", encoding: .utf8) == "old")
        #expect(try DurableFile.exchangeDirectoryIfPossible("\(folder.path)/b", with: "\(folder.path)/a"))
        #expect(try String(contentsOfFile: "\(folder.path)/a/file", encoding: .utf8) == "old")
        // What cannot be written safely is an error, and no reason to go another way.
        #expect(throws: StorageError.self) {
            try DurableFile.exchangeDirectoryIfPossible("\(folder.path)/gone", with: "\(folder.path)/a")
        }
    }
}
