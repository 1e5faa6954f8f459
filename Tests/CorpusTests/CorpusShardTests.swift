import Corpus
import Storage
import TestSupport
import Testing

@Suite struct CorpusShardTests {
    private func sample(_ id: String, _ line: Int, file: Int = 0) -> Sample {
        Sample(
            id: id, text: "text of \(id)", metadata: line % 2 == 0 ? "{\"n\":\(line)}" : nil,
            place: .init(file: file, line: line))
    }

    private func shard(_ ids: [String], _ name: String, in folder: TemporaryFolder) throws -> CorpusShardReader {
        let writer = try CorpusShardWriter(path: folder.path(name), content: .texts, files: [name + ".jsonl"])
        for (index, id) in ids.enumerated() { try writer.append(sample(id, index + 1)) }
        #expect(try writer.finish().rows == ids.count)
        return try CorpusShardReader(path: folder.path(name))
    }

    @Test(arguments: [0, 1, 511, 512, 1500]) func textsAndLookups(rows: Int) throws {
        let folder = TemporaryFolder()
        let ids = (0..<rows).map { "id \($0 * 7919 % 10_007)" }
        let reader = try shard(ids, "s", in: folder)
        #expect(reader.rows == rows)
        #expect(reader.content == .texts)
        for (row, id) in ids.enumerated() {
            #expect(try reader.row(ofID: id) == row)
            #expect(try reader.id(row) == id)
            #expect(try reader.text(row) == "text of \(id)")
            #expect(try reader.metadata(row) == sample(id, row + 1).metadata)
            let place = try reader.place(row)
            #expect(place.file == "s.jsonl" && place.line == row + 1)
        }
        #expect(try reader.row(ofID: "id") == nil)
        try reader.verify()
    }

    @Test func passagesKnowTheirDocument() throws {
        let folder = TemporaryFolder()
        let writer = try CorpusShardWriter(path: folder.path("p"), content: .passages, files: ["f"])
        let cutter = PassageCutter(tokens: 3, stride: 2)
        try writer.append(
            Sample(id: "d", text: "a b c d e", metadata: "{}", place: .init(file: 0, line: 9)), cutBy: cutter)
        try writer.append(Sample(id: "e", text: "x", place: .init(file: 0, line: 10)), cutBy: cutter)
        #expect(try writer.finish().rows == 3)
        let reader = try CorpusShardReader(path: folder.path("p"))
        #expect(try (0..<3).map { try reader.id($0) } == ["d#0", "d#1", "e#0"])
        #expect(try (0..<3).map { try reader.text($0) } == ["a b c", "c d e", "x"])
        let passage = try #require(try reader.passage(1))
        #expect(passage.document == "d" && passage.number == 1)
        #expect(try reader.row(ofID: "d#1") == 1)
        #expect(try reader.metadata(1) == "{}")
        try reader.verify()
    }

    @Test func anIndexThatLiesIsFound() throws {
        let folder = TemporaryFolder()
        let good = try shard(["a", "b"], "good", in: folder)
        // The same columns with hashes of other ids, all checksums right.
        let writer = try ShardWriter(
            path: folder.path("bad"), kind: "corpus", columns: good.shard.columns, attributes: good.shard.attributes)
        for id in ["a", "b"] {
            for column in ["text", "id", "metadata"] { try writer.append(column, string: id) }
            try writer.append("file", value: UInt32(0))
            try writer.append("line", value: UInt64(1))
        }
        try writer.append("id_hash", values: [1, 2, 3, 4] as [UInt64])
        try writer.append("id_row", values: [0, 1] as [UInt32])
        _ = try writer.finish()
        let bad = try CorpusShardReader(path: folder.path("bad"))
        try bad.shard.verify()
        let error = #expect(throws: StorageError.self) { try bad.verify() }
        #expect(error?.kind == .corrupt)
    }

    @Test func duplicatesAcrossShardsAreFound() throws {
        let folder = TemporaryFolder()
        var lists = (0..<7).map { shard in (0..<700).map { "\(shard)/\($0)" } }
        lists.append([])
        #expect(try IdentifierCheck(try lists.enumerated().map { try shard($1, "c\($0)", in: folder) }).count == 0)
        // Within one shard, across shards, and three times.
        lists[2][699] = "2/0"
        lists[5][3] = "0/1"
        lists[6][0] = "1/1"
        lists[6][699] = "1/1"
        let readers = try lists.enumerated().map { try shard($1, "d\($0)", in: folder) }
        let check = try IdentifierCheck(readers)
        #expect(check.count == 4)
        let found = check.duplicates.map(\.description).sorted()
        #expect(
            found == [
                "the id '0/1' stands for two samples, at d0.jsonl:2 and at d5.jsonl:4",
                "the id '1/1' stands for two samples, at d1.jsonl:2 and at d6.jsonl:1",
                "the id '1/1' stands for two samples, at d1.jsonl:2 and at d6.jsonl:700",
                "the id '2/0' stands for two samples, at d2.jsonl:1 and at d2.jsonl:700",
            ])
        #expect(check.duplicates.map(\.second.shard).sorted() == [2, 5, 6, 6])
        let limited = try IdentifierCheck(readers, limit: 1)
        #expect(limited.count == 4 && limited.duplicates.count == 1)
        #expect(limited.duplicates[0].error.kind == .duplicateID)
    }

    /// The same samples give the same bytes.
    @Test func bytesAreReproducible() throws {
        let folder = TemporaryFolder()
        let ids = (0..<600).map { "id\($0)" }
        _ = try shard(ids, "s", in: folder)
        let first = TemporaryFolder.contents(folder.path("s"))
        _ = try shard(ids, "s", in: folder)
        #expect(TemporaryFolder.contents(folder.path("s")) == first)
    }
}
