internal import Foundation
import Storage
import TestSupport
import Testing

@Suite struct StreamTests {
    static let suffixes = ["", ".gz", ".zst", ".lz4"]

    private func compress(_ bytes: [UInt8], _ suffix: String, in folder: TemporaryFolder) throws -> [UInt8] {
        let path = folder.path("part\(suffix)")
        let sink = try ByteSink(path: path)
        // Small and large writes.
        let middle = min(bytes.count, 5)
        try sink.write(Array(bytes[..<middle]).rawBytes)
        try sink.flush()
        try sink.write(Array(bytes[middle...]).rawBytes)
        try sink.finish()
        return TemporaryFolder.contents(path)
    }

    private func readAll(_ path: String) throws -> (bytes: [UInt8], format: StreamFormat) {
        let source = try ByteSource(path: path)
        var all: [UInt8] = []
        var block: [UInt8] = []
        while try source.read(into: &block) { all += block }
        #expect(source.position == all.count)
        #expect(try source.read(into: &block) == false)
        return (all, source.format)
    }

    /// Formats are told by content: the file has no telling name. Two members or frames are one stream.
    @Test(arguments: suffixes, [0, 1, 5, 70_000, 1_000_000])
    func roundTripsOfSeveralMembers(suffix: String, count: Int) throws {
        let folder = TemporaryFolder()
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 / 7 ^ $0 >> 9) }
        let member = try compress(bytes, suffix, in: folder)
        if !suffix.isEmpty && count > 1000 { #expect(member.count < count) }
        let result = try readAll(folder.write(member, to: "one"))
        #expect(result.bytes == bytes)
        if count > 0 || !suffix.isEmpty { #expect(result.format == StreamFormat(fileName: "x" + suffix)) }
        let other = try compress(Array("and more".utf8), suffix, in: folder)
        #expect(
            try readAll(folder.write(member + other + member, to: "three")).bytes == bytes + Array("and more".utf8)
                + bytes)
    }

    @Test(arguments: [".gz", ".zst", ".lz4"])
    func everyTruncationIsFound(suffix: String) throws {
        let folder = TemporaryFolder()
        let text = Array((0..<40).map { "line \($0 * $0)\n" }.joined().utf8)
        let whole = try compress(text, suffix, in: folder)
        for count in 4..<whole.count {
            let path = folder.write(Array(whole[..<count]), to: "cut")
            let error = #expect(throws: StorageError.self, "\(count)") { _ = try readAll(path) }
            #expect(error?.kind == .corrupt)
            #expect(error?.message.contains("the file is truncated") == true)
        }
        // The second member is cut: the first is read and counted.
        let path = folder.write(whole + Array(whole[..<(whole.count - 3)]), to: "cut")
        let error = #expect(throws: StorageError.self) { _ = try readAll(path) }
        #expect(error?.message.contains("after \(2 * text.count) decompressed bytes") == true)
    }

    @Test(arguments: [".gz", ".zst", ".lz4"])
    func changedBytesAreFound(suffix: String) throws {
        let folder = TemporaryFolder()
        let text = Array((0..<40).map { "line \($0 * $0)\n" }.joined().utf8)
        let whole = try compress(text, suffix, in: folder)
        // Headers have bytes without meaning (gzip's time and system), so: from the data on, wrong output is never silent.
        for index in (suffix == ".gz" ? 10 : 4)..<whole.count {
            var changed = whole
            changed[index] ^= 0x40
            if let result = try? readAll(folder.write(changed, to: "x")).bytes {
                #expect(result == text, "byte \(index)")
            }
        }
        let error = #expect(throws: StorageError.self) {
            try readAll(folder.write(whole + [1, 2, 3, 4, 5, 6, 7, 8], to: "tail"))
        }
        #expect(error?.message.contains("is damaged after \(text.count) decompressed bytes") == true)
    }

    @Test func aSyncedFileIsWhole() throws {
        let folder = TemporaryFolder()
        let sink = try ByteSink(path: folder.path("x.zst"))
        try sink.write("abc")
        try sink.finish(sync: true)
        #expect(try readAll(folder.path("x.zst")).bytes == Array("abc".utf8))
    }

    @Test func gzipMayEndInZeros() throws {
        let folder = TemporaryFolder()
        let member = try compress(Array("abc".utf8), ".gz", in: folder)
        #expect(try readAll(folder.write(member + [0, 0, 0, 0, 0], to: "x")).bytes == Array("abc".utf8))
    }

    @Test func writesByOtherProgramsAreRead() throws {
        let folder = TemporaryFolder()
        // `printf 'hello\n' | gzip -n`, `… | zstd`, `… | lz4`.
        let gzip: [UInt8] = [
            31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 203, 72, 205, 201, 201, 231, 2, 0, 32, 48, 58, 54, 6, 0, 0, 0,
        ]
        #expect(try readAll(folder.write(gzip, to: "g")).bytes == Array("hello\n".utf8))
    }

    private func lines(_ text: [UInt8], longest: Int = 100) throws -> [String] {
        let folder = TemporaryFolder()
        let reader = try LineReader(path: folder.write(text, to: "x"), longestLine: longest)
        var lines: [String] = []
        while let line = try reader.next() { lines.append(String(decoding: line, as: UTF8.self)) }
        #expect(reader.lineNumber == lines.count)
        return lines
    }

    @Test func lineEnds() throws {
        #expect(try lines([]) == [])
        #expect(try lines(Array("\n".utf8)) == [""])
        #expect(try lines(Array("a\nb".utf8)) == ["a", "b"])
        #expect(try lines(Array("a\r\n\r\n\nb\r\n".utf8)) == ["a", "", "", "b"])
        #expect(try lines(Array("a\rb\n".utf8)) == ["a\rb"])
        #expect(
            try lines([0xef, 0xbb, 0xbf] + Array("a\n".utf8) + [0xef, 0xbb, 0xbf] + Array("b".utf8)) == [
                "a", "\u{feff}b",
            ])
        #expect(try lines(Array(String(repeating: "x", count: 100).utf8)).count == 1)
        let error = #expect(throws: StorageError.self) {
            try lines(Array(("ok\n" + String(repeating: "x", count: 101)).utf8))
        }
        #expect(error?.message == "line 2 is longer than 100 bytes; is this a file of lines?")
    }

    /// Lines that begin in one block and end in another, in each format.
    @Test(arguments: suffixes) func linesAcrossBlocks(suffix: String) throws {
        let folder = TemporaryFolder()
        let expected = (0..<3000).map { String(repeating: "é\($0)", count: $0 % 97) }
        let sink = try ByteSink(path: folder.path("x" + suffix))
        for line in expected { try sink.write(line + "\n") }
        try sink.finish()
        let reader = try LineReader(path: folder.path("x" + suffix))
        var index = 0
        while try reader.next({ line throws(StorageError) in #expect(line.copied() == Array(expected[index].utf8)) })
            != nil
        { index += 1 }
        #expect(index == 3000)
    }

    /// The memory of reading a long stream is that of a few blocks.
    @Test func longStreamsTakeLittleMemory() throws {
        let folder = TemporaryFolder()
        let sink = try ByteSink(path: folder.path("x.zst"))
        let line = String(repeating: "all work and no play ", count: 50) + "\n"
        for _ in 0..<200_000 { try sink.write(line) }
        try sink.finish()
        let before = residentBytes()
        let reader = try LineReader(path: folder.path("x.zst"))
        var count = 0
        while try reader.next({ line throws(StorageError) in line.byteCount }) != nil { count += 1 }
        #expect(count == 200_000)
        #expect(reader.source.position > 200_000_000)
        #expect(residentBytes() - before < 64 << 20)
    }

    private func residentBytes() -> Int {
        let fields = try! String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        return Int(fields[1])! * 4096
    }

    @Test func aFullDiskIsNoSpace() throws {
        let sink = try ByteSink(path: "/dev/full")
        try sink.write("x")
        let error = #expect(throws: StorageError.self) { try sink.finish() }
        #expect(error?.kind == .noSpace)
        #expect(error?.description == "/dev/full: writing it failed: No space left on device")
    }

    @Test func missingAndForbiddenFiles() throws {
        let folder = TemporaryFolder()
        #expect(throws: StorageError.self) { try ByteSource(path: folder.path("no")) }
        let error = #expect(throws: StorageError.self) { try ByteSink(path: folder.path("no/no")) }
        #expect(error?.kind == .notFound)
        #expect(throws: StorageError.self) { _ = try readAll(folder.path) }
    }
}
