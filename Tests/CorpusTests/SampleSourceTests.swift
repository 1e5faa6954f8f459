import Corpus
internal import Foundation
import Storage
import TestSupport
import Testing

@Suite struct SampleSourceTests {
    private func all(_ source: SampleSource) throws -> [Sample] {
        var samples: [Sample] = []
        while let sample = try source.next() { samples.append(sample) }
        return samples
    }

    @Test func samplesOfSeveralFiles() throws {
        let folder = TemporaryFolder()
        let first = folder.write(
            "{\"id\":\"a\",\"text\":\"one\"}\r\n\n  \t\n{\"text\":\"two\",\"id\":17,\"z\":[1, 2],\"b\":{\"y\":1,\"x\":null}}",
            to: "1")
        let sink = try ByteSink(path: folder.path("2.gz"))
        try sink.write("{\"id\":\"c\",\"text\":\"thrée\\n\"}\n")
        try sink.finish()
        let samples = try all(SampleSource(files: [first, folder.write("", to: "empty"), folder.path("2.gz")]))
        #expect(
            samples == [
                Sample(id: "a", text: "one", place: .init(file: 0, line: 1)),
                Sample(
                    id: "17", text: "two", metadata: #"{"b":{"x":null,"y":1},"z":[1,2]}"#,
                    place: .init(file: 0, line: 4)),
                Sample(id: "c", text: "thrée\n", place: .init(file: 2, line: 1)),
            ])
    }

    @Test func fieldsHaveOtherNames() throws {
        let folder = TemporaryFolder()
        let path = folder.write("{\"docid\":1.50,\"body\":\"b\",\"id\":2,\"text\":\"t\"}", to: "x")
        let samples = try all(SampleSource(files: [path], fields: SampleFields(id: "docid", text: "body")))
        #expect(
            samples == [
                Sample(id: "1.50", text: "b", metadata: #"{"id":2,"text":"t"}"#, place: .init(file: 0, line: 1))
            ])
    }

    static let badLines: [(line: String, kind: CorpusError.Kind, message: String)] = [
        (
            #"{"id":1,"text":"a""#, .brokenJSON,
            "the line is not JSON: the text ends where a comma or a closing brace is due, at byte offset 18"
        ),
        (
            #"{"id":1,"text":"a"} x"#, .brokenJSON,
            "the line is not JSON: there is more after the value, at byte offset 20"
        ),
        (#"[1]"#, .notAnObject, "the line is an array, but an object is needed"),
        ("7", .notAnObject, "the line is a number, but an object is needed"),
        (#"{"text":"a"}"#, .missingID, "there is no field 'id'"),
        (#"{"id":null,"text":"a"}"#, .missingID, "there is no field 'id'"),
        (#"{"id":"","text":"a"}"#, .missingID, "the field 'id' is empty"),
        (#"{"id":1}"#, .missingText, "there is no field 'text'"),
        (#"{"id":1,"text":null}"#, .missingText, "there is no field 'text'"),
        (#"{"id":1,"text":""}"#, .emptyText, "the field 'text' has nothing but whitespace"),
        (#"{"id":1,"text":" \n\u3000"}"#, .emptyText, "the field 'text' has nothing but whitespace"),
        (#"{"id":1,"text":2}"#, .wrongType, "the field 'text' is a number, but a string is needed"),
        (#"{"id":[1],"text":"a"}"#, .wrongType, "the field 'id' is an array, but a string or a number is needed"),
        (#"{"id":true,"text":"a"}"#, .wrongType, "the field 'id' is a boolean, but a string or a number is needed"),
    ]

    @Test(arguments: badLines.indices) func badLinesNameFileAndLine(index: Int) throws {
        let bad = Self.badLines[index]
        let folder = TemporaryFolder()
        let path = folder.write(
            "{\"id\":\"x\",\"text\":\"fine\"}\n\(bad.line)\n{\"id\":\"y\",\"text\":\"fine\"}\n", to: "x.jsonl")
        let error = #expect(throws: CorpusError.self) { try all(SampleSource(files: [path])) }
        #expect(error == CorpusError(bad.kind, path: path, line: 2, bad.message))
        #expect(error?.description == "\(path):2: \(bad.message)")

        let source = SampleSource(files: [path], onError: .skip)
        #expect(try all(source).map(\.id) == ["x", "y"])
        #expect(source.skipped == [bad.kind: 1])
        #expect(source.firstErrors == [error])
    }

    @Test func invalidUTF8HasAnOffset() throws {
        let folder = TemporaryFolder()
        let path = folder.write(Array("{\"id\":1,\"text\":\"".utf8) + [0xc0, 0xaf] + Array("\"}".utf8), to: "x")
        let error = #expect(throws: CorpusError.self) { try all(SampleSource(files: [path])) }
        #expect(error?.kind == .invalidUTF8)
        #expect(error?.message == "the line is not UTF-8 from byte offset 16 on")
    }

    @Test func filesThatCannotBeRead() throws {
        let folder = TemporaryFolder()
        let missing = #expect(throws: CorpusError.self) {
            try all(SampleSource(files: [folder.path("no")], onError: .skip))
        }
        #expect(missing?.kind == .file)
        #expect(missing?.cause?.kind == .notFound)
        let path = folder.write(String(repeating: "x", count: 50), to: "long")
        let long = #expect(throws: CorpusError.self) {
            try all(SampleSource(files: [path], onError: .skip, longestLine: 20))
        }
        #expect(long?.message == "line 1 is longer than 20 bytes; is this a file of lines?")
    }

    @Test func logsGiveOneRecordALine() throws {
        let folder = TemporaryFolder()
        let path = folder.write(
            """
            {"id":"q1","text":"one","source_ids":["a",7]}

            {"text":"no id"}
            {"id":"q3"}
            nonsense
            {"id":5,"text":"five","source_ids":"a"}
            """, to: "log.jsonl")
        let log = try OutputLog(path: path)
        var records: [OutputRecord] = []
        while let record = try log.next() { records.append(record) }
        #expect(records.map(\.id) == ["q1", "3", "q3", "5", "5"])
        #expect(records.map(\.line) == [1, 3, 4, 5, 6])
        #expect(records[0].result == .success(.init(text: "one", sourceIDs: ["a", "7"])))
        #expect(records[1].result == .success(.init(text: "no id", sourceIDs: nil)))
        let kinds = records[2...].map { record in
            if case .failure(let error) = record.result { error.kind } else { CorpusError.Kind?.none }
        }
        #expect(kinds == [.missingText, .brokenJSON, .wrongType])
    }

    /// Reading samples takes the memory of a few blocks, however long the stream.
    @Test func longStreamsTakeLittleMemory() throws {
        let folder = TemporaryFolder()
        let sink = try ByteSink(path: folder.path("x.lz4"))
        let text = String(repeating: "all work and no play ", count: 100)
        for index in 0..<40_000 { try sink.write("{\"id\":\(index),\"text\":\"\(text)\",\"n\":\(index % 7)}\n") }
        try sink.finish()
        let source = SampleSource(files: [folder.path("x.lz4")])
        let before = residentBytes()
        var count = 0
        while let sample = try source.next() { count += sample.text.utf8.count > 2000 ? 1 : 0 }
        #expect(count == 40_000)
        #expect(residentBytes() - before < 64 << 20)
    }

    private func residentBytes() -> Int {
        let fields = try! String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        return Int(fields[1])! * 4096
    }
}
