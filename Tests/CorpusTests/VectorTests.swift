import Corpus
import Storage
import TensorFiles
import Testing

@Suite struct VectorTests {
    private func npy(_ header: String, version: UInt8 = 1, data: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [version, 0]
        if version == 1 {
            bytes.appendInteger(UInt16(header.utf8.count))
        } else {
            bytes.appendInteger(UInt32(header.utf8.count))
        }
        return bytes + Array(header.utf8) + data
    }

    private func header(_ type: String, _ rows: Int, _ dimension: Int, fortran: Bool = false) -> String {
        "{'descr': '\(type)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': (\(rows), \(dimension)), }\n"
    }

    private func rows(_ file: any VectorFile, _ range: Range<Int>? = nil) throws -> [Float] {
        let range = range ?? 0..<file.rows
        var values = [Float](repeating: -1, count: range.count * file.dimension)
        var span = values.mutableSpan
        try file.read(rows: range, into: &span)
        return values
    }

    private func raw<T: ShardElement>(_ elements: [T]) -> [UInt8] { elements.rawBytes.copied() }

    private let values: [Float] = [0, 1.5, -2, 1e-3, 7, 65504]

    @Test(arguments: [1, 2, 3] as [UInt8]) func numpyArrays(version: UInt8) throws {
        let folder = TemporaryFolder()
        let single = try VectorFiles.open(
            folder.write(npy(header("<f4", 3, 2), version: version, data: raw(values)), to: "a.npy"))
        #expect(single.rows == 3 && single.dimension == 2)
        #expect(try rows(single) == values)
        #expect(try rows(single, 1..<2) == [-2, 1e-3])
        let half = try VectorFiles.open(
            folder.write(npy(header("<f2", 2, 3), version: version, data: raw(values.map { Float16($0) })), to: "b.npy")
        )
        #expect(try rows(half) == values.map { Float(Float16($0)) })
        let double = try VectorFiles.open(
            folder.write(npy(header("<f8", 2, 3), version: version, data: raw(values.map { Double($0) })), to: "c.npy"))
        #expect(try rows(double, 1..<2) == Array(values[3...]))
        let empty = try VectorFiles.open(
            folder.write(npy(header("<f4", 0, 3), version: version, data: []), to: "d.npy"))
        #expect(empty.rows == 0 && empty.dimension == 3)
    }

    @Test func numpyArraysOfOtherKindsAreRefused() throws {
        let folder = TemporaryFolder()
        func failure(_ bytes: [UInt8]) -> StorageError? {
            #expect(throws: StorageError.self) { try VectorFiles.open(folder.write(bytes, to: "x.npy")) }
        }
        let data = raw(values)
        #expect(failure(npy(header(">f4", 3, 2), data: data))?.message.contains("big-endian") == true)
        #expect(failure(npy(header("<f4", 3, 2, fortran: true), data: data))?.message.contains("Fortran") == true)
        #expect(failure(npy(header("<i4", 3, 2), data: data))?.message.contains("type '<i4'") == true)
        #expect(failure(npy(header("<f4", 3, 3), data: data))?.message.contains("was it cut off?") == true)
        #expect(failure(npy(header("<f4", 4_611_686_018_427_387_904, 2), data: data))?.kind == .corrupt)
        #expect(
            failure(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (6,), }", data: data))?.kind == .mismatch)
        #expect(
            failure(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (x, 2), }", data: data))?.kind == .corrupt)
        #expect(
            failure(npy("{'descr': '<f4', 'shape': (3, 2), }", data: data))?.message
                == "has a header without 'fortran_order'")
        #expect(failure(npy(header("<f4", 3, 2), version: 9, data: data))?.kind == .tooNew)
        #expect(failure(Array("PK\u{3}\u{4} and so on".utf8))?.kind == .corrupt)
        let whole = npy(header("<f4", 3, 2), data: data)
        for count in 0..<whole.count { #expect(failure(Array(whole[..<count]))?.kind == .corrupt, "\(count) bytes") }
    }

    private func fbin(_ rows: UInt32, _ dimension: UInt32, _ values: [Float]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendInteger(rows)
        bytes.appendInteger(dimension)
        return bytes + raw(values)
    }

    private func fvecs(_ vectors: [[Float]]) -> [UInt8] {
        var bytes: [UInt8] = []
        for vector in vectors {
            bytes.appendInteger(Int32(vector.count))
            bytes += raw(vector)
        }
        return bytes
    }

    @Test func binaryVectors() throws {
        let folder = TemporaryFolder()
        #expect(try rows(VectorFiles.open(folder.write(fbin(2, 3, values), to: "a.fbin"))) == values)
        let vectors = try VectorFiles.open(folder.write(fvecs([[1, 2], [3, 4], [5, 6]]), to: "a.fvecs"))
        #expect(try rows(vectors, 1..<3) == [3, 4, 5, 6])
        for (name, whole) in [("b.fbin", fbin(2, 3, values)), ("b.fvecs", fvecs([[1, 2]]))] {
            for count in 0..<whole.count {
                let path = folder.write(Array(whole[..<count]), to: name)
                #expect(throws: StorageError.self) { try VectorFiles.open(path) }
            }
        }
        #expect(throws: StorageError.self) { try VectorFiles.open(folder.write(fbin(2, 0, []), to: "c.fbin")) }
        let uneven = try VectorFiles.open(folder.write(fvecs([[1, 2, 3], [1, 2]]) + [0, 0, 0, 0], to: "c.fvecs"))
        let error = #expect(throws: StorageError.self) { try rows(uneven) }
        #expect(error?.message == "has a vector of dimension 2 at row 1, not 3")
        #expect(throws: StorageError.self) { try VectorFiles.open(folder.write("x", to: "c.csv")) }
    }

    private func all(_ source: VectorSource) throws -> VectorBlock {
        var whole = VectorBlock()
        while let block = try source.next() {
            whole.ids += block.ids
            whole.places += block.places
            whole.vectors += block.vectors
        }
        return whole
    }

    @Test func sourcesOfSeveralFiles() throws {
        let folder = TemporaryFolder()
        let a = try VectorFiles.open(folder.write(fbin(3, 1, [1, 2, 3]), to: "a.fbin"))
        let b = try VectorFiles.open(folder.write(fvecs([[4], [5]]), to: "b.fvecs"))
        let numbered = try all(VectorSource(files: [a, b], blockRows: 2))
        #expect(numbered.ids == ["0", "1", "2", "3", "4"])
        #expect(numbered.vectors == [1, 2, 3, 4, 5])
        #expect(numbered.places[3] == .init(file: 1, line: 0))
        let list = folder.write("v\r\nw\nx\ny\nz", to: "ids.txt")
        #expect(try all(VectorSource(files: [a, b], idList: list)).ids == ["v", "w", "x", "y", "z"])
        let error = #expect(throws: CorpusError.self) { try VectorSource(files: [a], idList: list) }
        #expect(error?.message == "has 5 ids, but there are 3 vectors")
        let blank = folder.write("v\n\nx\n", to: "blank.txt")
        let blankError = #expect(throws: CorpusError.self) { try all(VectorSource(files: [a], idList: blank)) }
        #expect(blankError?.kind == .missingID && blankError?.line == 2)
        let wide = try VectorFiles.open(folder.write(fbin(1, 2, [1, 2]), to: "w.fbin"))
        let wideError = #expect(throws: CorpusError.self) { try VectorSource(files: [a, wide]) }
        #expect(wideError?.message == "has vectors of dimension 2, but those of \(a.path) have 1")
    }

    @Test func vectorsThatAreNotFinite() throws {
        let folder = TemporaryFolder()
        let file = try VectorFiles.open(folder.write(fbin(4, 2, [1, 2, 3, .nan, 5, 6, -.infinity, 0]), to: "a.fbin"))
        let error = #expect(throws: CorpusError.self) { try all(VectorSource(files: [file])) }
        #expect(error?.kind == .notFinite)
        #expect(error?.message == "the vector of row 1 (id '1') has a NaN or an infinity")
        let source = try VectorSource(files: [file], onError: .skip)
        let kept = try all(source)
        #expect(kept.ids == ["0", "2"])
        #expect(kept.vectors == [1, 2, 5, 6])
        #expect(source.skipped == 2)
    }
}
