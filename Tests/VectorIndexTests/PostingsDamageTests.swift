import Foundation
import Storage
import TestSupport
import Testing
import VectorIndex

/// Files that lost bytes, changed, or hold nonsense under sound checksums: errors, never a crash or a silent result.
@Suite struct PostingsDamageTests {
    private let temporary = TemporaryFolder()
    private var folder: String { temporary.path }

    private static let files = [PostingsFormat.postingsFile, PostingsFormat.termsFile, PostingsFormat.rowsFile]

    private func check() throws(IndexError) { try PostingsIndex(folder: folder).verify() }

    private func overwrite(_ file: String, _ bytes: [UInt8]) throws {
        unsafe unlink("\(folder)/\(file)")
        try Data(bytes).write(to: URL(filePath: "\(folder)/\(file)"))
    }

    @Test func `every truncation and every changed byte is found`() throws {
        _ = try RandomRows(5, vocabulary: 6, longest: 4, seed: 4).write(to: folder)
        try check()
        for file in Self.files {
            let bytes = [UInt8](try #require(FileManager.default.contents(atPath: "\(folder)/\(file)")))
            for count in stride(from: bytes.count - 1, through: 0, by: -5) {
                try overwrite(file, Array(bytes.prefix(count)))
                #expect(throws: IndexError.self, "\(file), \(count) bytes") { try PostingsIndex(folder: folder) }
            }
            for index in bytes.indices {
                var damaged = bytes
                damaged[index] ^= 0x41
                try overwrite(file, damaged)
                #expect(throws: IndexError.self, "\(file), byte \(index)") { try check() }
            }
            try overwrite(file, bytes)
        }
        try check()
    }

    /// Sound shard files of any content.
    private func write(
        rows: [UInt32], counts: [UInt8], terms: [UInt32], ends: [UInt64], lengths: [UInt32], tokens: Int,
        size: Int? = nil
    ) throws {
        let postings = try ShardWriter(
            path: "\(folder)/\(PostingsFormat.postingsFile)", kind: "postings",
            columns: [ColumnDescription("row", .uint32), ColumnDescription("count", .uint8)])
        try postings.append("row", values: rows)
        try postings.append("count", values: counts)
        _ = try postings.finish()
        let words = try ShardWriter(
            path: "\(folder)/\(PostingsFormat.termsFile)", kind: "postings-terms",
            columns: [ColumnDescription("end", .uint64), ColumnDescription("term", .uint32)],
            attributes: ["rows": "\(size ?? lengths.count)", "tokens": "\(tokens)", "postings": "\(rows.count)"])
        try words.append("end", values: ends)
        try words.append("term", values: terms)
        _ = try words.finish()
        let sizes = try ShardWriter(
            path: "\(folder)/\(PostingsFormat.rowsFile)", kind: "postings-rows",
            columns: [ColumnDescription("length", .uint32)])
        try sizes.append("length", values: lengths)
        _ = try sizes.finish()
    }

    @Test func `nonsense under sound checksums is refused`() throws {
        try write(rows: [0, 2, 1], counts: [1, 1, 1], terms: [5, 8], ends: [2, 3], lengths: [1, 1, 1], tokens: 3)
        try check()
        // A search reads only its words: what it finds wrong it must say, and it must end in any case.
        for (forge, isFoundBySearch) in [
            (
                {
                    try write(
                        rows: [2, 0, 1], counts: [1, 1, 1], terms: [5, 8], ends: [2, 3], lengths: [1, 1, 1], tokens: 3)
                }, false
            ),
            (
                {
                    try write(
                        rows: [0, 9, 1], counts: [1, 1, 1], terms: [5, 8], ends: [2, 3], lengths: [1, 1, 1], tokens: 3)
                }, true
            ),
            (
                {
                    try write(
                        rows: [0, 2, 1], counts: [1, 0, 1], terms: [5, 8], ends: [2, 3], lengths: [1, 1, 1], tokens: 3)
                }, false
            ),
            (
                {
                    try write(
                        rows: [0, 2, 1], counts: [1, 1, 1], terms: [8, 5], ends: [2, 3], lengths: [1, 1, 1], tokens: 3)
                }, false
            ),
            (
                {
                    try write(
                        rows: [0, 2, 1], counts: [1, 1, 1], terms: [5, 8], ends: [4, 3], lengths: [1, 1, 1], tokens: 3)
                }, true
            ),
            (
                {
                    try write(
                        rows: [0, 2, 1], counts: [1, 1, 1], terms: [5, 8], ends: [2, 2], lengths: [1, 1, 1], tokens: 3)
                }, true
            ),
            (
                {
                    try write(
                        rows: [0, 2, 1], counts: [1, 1, 1], terms: [5, 8], ends: [2, 3], lengths: [1, 1, 1], tokens: 4)
                }, false
            ),
            (
                {
                    try write(
                        rows: [0, 2, 1], counts: [1, 1, 1], terms: [5, 8], ends: [2, 3], lengths: [1, 1, 1], tokens: 3,
                        size: 4)
                }, true
            ),
        ] as [(() throws -> Void, Bool)] {
            try forge()
            #expect(throws: IndexError.self) { try check() }
            var isFound = false
            do {
                let index = try PostingsIndex(folder: folder)
                _ = try index.search([[5, 8]], scorer: BM25(index), count: 3, workers: 1)
            } catch {
                isFound = true
            }
            #expect(isFound || !isFoundBySearch)
        }
    }

    /// A word of many rows is kept in another form, which is as careful.
    @Test func `rows of a frequent word that do not rise are found by a search`() throws {
        let count = 2000
        func write(rows: [UInt32]) throws {
            try self.write(
                rows: rows + [7], counts: [UInt8](repeating: 1, count: count + 1), terms: [5, 8],
                ends: [UInt64(count), UInt64(count + 1)], lengths: [UInt32](repeating: 2, count: count),
                tokens: 2 * count)
        }
        func find() throws -> [Neighbor] {
            let index = try PostingsIndex(folder: folder)
            return try index.search([[5, 8]], scorer: BM25(index), count: 1, workers: 1)[0]
        }
        var rows = (0..<UInt32(count)).map(\.self)
        try write(rows: rows)
        #expect(try find().map(\.row) == [7])
        rows.swapAt(100, 101)
        try write(rows: rows)
        #expect(throws: IndexError.self) { _ = try find() }
        rows.swapAt(100, 101)
        rows[count - 1] = UInt32(count)
        try write(rows: rows)
        #expect(throws: IndexError.self) { _ = try find() }
    }
}
