import Foundation
import Probing
import Storage
import TestSupport
import Testing

@Suite struct TokenFrequenciesTests {
    private let texts = RandomTexts(500, vocabulary: 9000, seed: 11)
    private let folder = TemporaryFolder()

    private func check(_ frequencies: TokenFrequencies) throws {
        let all = texts.words.joined()
        #expect(frequencies.rows == 500 && frequencies.tokens == all.count)
        #expect(abs(frequencies.meanLength - Double(all.count) / 500) < 1e-12)
        let counts = Dictionary(all.map { ($0, 1) }, uniquingKeysWith: +)
        let documents = Dictionary(texts.words.flatMap { Set($0).map { ($0, 1) } }, uniquingKeysWith: +)
        #expect(frequencies.words == counts.count)
        for (id, count) in counts {
            #expect(try frequencies.entry(id) == .init(count: count, documents: documents[id]!))
            #expect(try frequencies.probability(id) == Double(count) / Double(all.count))
        }
        for id in [UInt32(1), 2, .max - 1, .max] where counts[id] == nil {
            #expect(try frequencies.entry(id) == nil)
            #expect(try frequencies.probability(id) == 0.5 / Double(all.count))
        }
    }

    @Test func `counts are those of the texts, in memory and in a file`() throws {
        try check(texts.frequencies)
        let path = folder.path("f.shard")
        try texts.frequencies.write(to: path)
        try check(TokenFrequencies(path: path))
        try TokenFrequencies.verify(path: path)
    }

    @Test func `blocks in any order and merged builders give the same file`() throws {
        var blocks: [TokenCounts] = []
        for start in stride(from: 0, to: 500, by: 70) {
            var block = TokenCounts()
            for row in start..<min(500, start + 70) { block.append(texts.counts.bag(row)) }
            blocks.append(block)
        }
        var files: [[UInt8]] = []
        for order in [blocks, blocks.reversed()] {
            var builder = TokenFrequencies.Builder()
            var other = TokenFrequencies.Builder()
            for block in order.prefix(3) { builder.add(block) }
            for block in order.dropFirst(3) { other.add(block) }
            builder.merge(other)
            let frequencies = builder.finish()
            try check(frequencies)
            try frequencies.write(to: folder.path("f.shard"))
            files.append(TemporaryFolder.contents(folder.path("f.shard")))
        }
        #expect(files[0] == files[1])
    }

    @Test func `a corpus without words has a file`() throws {
        try TokenFrequencies.Builder().finish().write(to: folder.path("empty.shard"))
        let empty = try TokenFrequencies(path: folder.path("empty.shard"))
        #expect(empty.words == 0 && empty.meanLength == 0)
        #expect(try empty.entry(7) == nil && empty.probability(7) == 0.5)
        try TokenFrequencies.verify(path: folder.path("empty.shard"))
    }

    @Test func `every truncation and every changed byte is found`() throws {
        let small = RandomTexts(4, vocabulary: 9, longest: 5, seed: 2)
        try small.frequencies.write(to: folder.path("small.shard"))
        let bytes = TemporaryFolder.contents(folder.path("small.shard"))
        for count in stride(from: 0, to: bytes.count, by: 3) {
            let path = folder.write(Array(bytes.prefix(count)), to: "cut.shard")
            #expect(throws: StorageError.self) { try TokenFrequencies(path: path) }
        }
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 0x10
            let path = folder.write(damaged, to: "damaged.shard")
            #expect(throws: StorageError.self, "byte \(index)") { try TokenFrequencies.verify(path: path) }
        }
    }

    /// Sound files of the wrong content, as a defect elsewhere would write them.
    @Test func `impossible counts and ids that do not rise are refused`() throws {
        func write(ids: [UInt32], counts: [UInt64], documents: [UInt32], tokens: String?) throws -> String {
            let path = folder.path("forged.shard")
            let writer = try ShardWriter(
                path: path, kind: "frequencies",
                columns: [
                    ColumnDescription("count", .uint64), ColumnDescription("id", .uint32),
                    ColumnDescription("documents", .uint32),
                ], chunkRows: 2, attributes: tokens.map { ["rows": "2", "tokens": $0] } ?? [:])
            try writer.append("count", values: counts)
            try writer.append("id", values: ids)
            try writer.append("documents", values: documents)
            _ = try writer.finish()
            return path
        }
        let ids: [UInt32] = [3, 5, 9]
        try TokenFrequencies.verify(path: write(ids: ids, counts: [2, 1, 1], documents: [2, 1, 1], tokens: "4"))
        for forged in [
            try write(ids: [3, 9, 5], counts: [2, 1, 1], documents: [2, 1, 1], tokens: "4"),
            try write(ids: [3, 3, 5], counts: [2, 1, 1], documents: [2, 1, 1], tokens: "4"),
            try write(ids: ids, counts: [2, 1, 1], documents: [2, 1, 1], tokens: "3"),
            try write(ids: ids, counts: [2, 1, 1], documents: [2, 1, 1], tokens: nil),
            try write(ids: ids, counts: [2, 1, 1], documents: [2, 2, 1], tokens: "4"),
            try write(ids: ids, counts: [3, 1, 0], documents: [2, 1, 0], tokens: "4"),
            try write(ids: ids, counts: [3, 1, 1], documents: [3, 1, 1], tokens: "5"),
        ] {
            let error = #expect(throws: StorageError.self) { try TokenFrequencies.verify(path: forged) }
            #expect(error?.kind == .corrupt)
        }
    }
}
