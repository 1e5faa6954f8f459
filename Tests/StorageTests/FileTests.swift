internal import Foundation
import Storage
import TestSupport
import Testing

@Suite struct FileTests {
    @Test func durableWritesReplaceWholeFiles() throws {
        let folder = TemporaryFolder()
        try DurableFile.write("one", to: folder.path("a"))
        let mapped = try MappedFile(path: folder.path("a"))
        try DurableFile.write("two!", to: folder.path("a"))
        #expect(TemporaryFolder.contents(folder.path("a")) == Array("two!".utf8))
        // Who has the old file mapped keeps it.
        #expect(mapped.bytes.copied() == Array("one".utf8))
        #expect(folder.names == ["a"])
        let error = #expect(throws: StorageError.self) { try DurableFile.write("x", to: folder.path("no/a")) }
        #expect(error?.kind == .notFound)
    }

    /// Where the file system keeps its pages nowhere else, the last step is left out.
    @Test func aRangeIsReadAhead() async throws {
        let folder = TemporaryFolder()
        let content = [UInt8](repeating: 7, count: 1 << 20)
        try DurableFile.write(content.span.rawBytes, to: folder.path("a"))
        let touched = try MappedFile(path: folder.path("a"))
        #expect(touched.bytes.copied() == content)
        #expect(touched.isResident(at: 0) && touched.isResident(at: content.count - 1))

        try DurableFile.write(content.span.rawBytes, to: folder.path("b"))
        let descriptor = unsafe open(folder.path("b"), O_RDONLY)
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
        close(descriptor)
        let mapped = try MappedFile(path: folder.path("b"))
        guard !mapped.isResident(at: 600_000) else { return }
        // A system whose disk is busy may leave a request aside, so it is asked again.
        for _ in 0..<500 where !mapped.isResident(at: 600_000) {
            mapped.willNeed(600_000..<600_001)
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(mapped.isResident(at: 600_000))
    }

    /// A limit on the size of files stands for a full disk. It holds for the whole process, so it is one that no other test
    /// comes near.
    @Test func aFullDiskLeavesTheOldFile() throws {
        let folder = TemporaryFolder()
        try DurableFile.write("old", to: folder.path("a"))
        signal(SIGXFSZ, SIG_IGN)
        var limit = rlimit()
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
        let unlimited = limit
        limit.rlim_cur = 48 << 20
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
        defer {
            limit = unlimited
            unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
        }
        let block = [Float](repeating: 1, count: 13 << 20)
        let error = #expect(throws: StorageError.self) { try DurableFile.write(block.rawBytes, to: folder.path("a")) }
        #expect(error?.kind == .noSpace)
        #expect(TemporaryFolder.contents(folder.path("a")) == Array("old".utf8))
        let shardError = #expect(throws: StorageError.self) {
            let writer = try ShardWriter(
                path: folder.path("s"), kind: "k", columns: [ColumnDescription("v", .float32, width: 256)])
            try writer.append("v", floats: block.span)
            _ = try writer.finish()
        }
        #expect(shardError?.kind == .noSpace)
        #expect(folder.names == ["a"])
    }

    @Test func foldersAreCommittedOnce() throws {
        let folder = TemporaryFolder()
        func make(_ name: String, _ text: String) throws {
            try FileManager.default.createDirectory(
                atPath: folder.path(name + "/sub"), withIntermediateDirectories: true)
            _ = folder.write(Array(text.utf8), to: name + "/sub/file")
        }
        try make("tmp", "first")
        #expect(try DurableFile.commitDirectory(folder.path("tmp"), to: folder.path("final")) == .committed)
        #expect(folder.names == ["final"])
        try make("tmp", "second")
        #expect(try DurableFile.commitDirectory(folder.path("tmp"), to: folder.path("final")) == .alreadyThere)
        #expect(folder.names == ["final"])
        #expect(TemporaryFolder.contents(folder.path("final/sub/file")) == Array("first".utf8))
        try FileManager.default.createDirectory(atPath: folder.path("empty"), withIntermediateDirectories: false)
        try make("tmp", "third")
        #expect(try DurableFile.commitDirectory(folder.path("tmp"), to: folder.path("empty")) == .alreadyThere)
        #expect(throws: StorageError.self) {
            try DurableFile.commitDirectory(folder.path("none"), to: folder.path("final2"))
        }
        try DurableFile.removeTree(folder.path("final"))
        try DurableFile.removeTree(folder.path("final"))
        #expect(folder.names == ["empty"])
    }

    @Test func parents() {
        #expect(DurableFile.parent(of: "a") == ".")
        #expect(DurableFile.parent(of: "/a") == "/")
        #expect(DurableFile.parent(of: "a/b/") == "a")
        #expect(DurableFile.parent(of: "/x/y/z") == "/x/y")
    }

    @Test func digests() throws {
        let folder = TemporaryFolder()
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(Digest.sha256("abc") == abc)
        #expect(try Digest.sha256(file: folder.write(Array("abc".utf8), to: "a")) == abc)
        #expect(
            try Digest.sha256(file: folder.write([], to: "b"))
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        let sum = try Digest.sha256(folder: folder.path, files: ["b", "a"])
        #expect(
            sum == Digest.sha256("\(abc)  a\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  b\n"))
        let words = Digest.words(Array("abc".utf8).rawBytes)
        #expect(words.high == 0xba78_16bf_8f01_cfea && words.low == 0x4141_40de_5dae_2223)
    }

    @Test func locksExclude() throws {
        let folder = TemporaryFolder()
        let path = folder.path("lock")
        do {
            let lock = try FileLock(path: path, mode: .exclusive)
            let error = #expect(throws: StorageError.self) { try FileLock(path: path, mode: .shared) }
            #expect(error?.kind == .inUse)
            #expect(error?.message.contains("process \(getpid()) (") == true, "\(error!)")
            #expect(lock.path == path)
        }
        do {
            let shared = [try FileLock(path: path, mode: .shared), try FileLock(path: path, mode: .shared)]
            #expect(throws: StorageError.self) { try FileLock(path: path, mode: .exclusive) }
            #expect(shared.count == 2)
        }
        _ = try FileLock(path: path, mode: .exclusive)
        #expect(TemporaryFolder.contents(path) == [])
    }
}
