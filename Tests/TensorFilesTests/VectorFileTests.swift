import Foundation
import Storage
import TensorFiles
import TestSupport
import Testing

@Suite struct VectorFileTests {
    private let temporary = TemporaryFolder()
    private var folder: String { temporary.path }

    private static let values: [Float] = [1, -2.5, 0.25, 3, 4, -5]

    private static func bytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
        (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> T($0 * 8)) }
    }

    private static func npy(_ type: String, _ data: [UInt8], order: String = "False", shape: String = "(2, 3)")
        -> [UInt8]
    {
        let header = "{'descr': '\(type)', 'fortran_order': \(order), 'shape': \(shape), }\n"
        return [0x93] + Array("NUMPY".utf8) + [1, 0] + bytes(UInt16(header.utf8.count)) + Array(header.utf8) + data
    }

    private static let floats = values.flatMap { bytes($0.bitPattern) }

    private static let files: [(name: String, bytes: [UInt8])] = [
        ("a.npy", npy("<f4", floats)),
        ("b.npy", npy("<f8", values.flatMap { bytes(Double($0).bitPattern) })),
        ("c.npy", npy("<f2", values.flatMap { bytes(Float16($0).bitPattern) })),
        ("d.fbin", bytes(UInt32(2)) + bytes(UInt32(3)) + floats),
        ("e.fvecs", bytes(UInt32(3)) + floats.prefix(12) + bytes(UInt32(3)) + floats.suffix(12)),
        (
            "f.safetensors",
            {
                let header = "{\"x\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}"
                return bytes(UInt64(header.utf8.count)) + Array(header.utf8) + floats
            }()
        ),
    ]

    private func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
        let path = "\(folder)/\(name)"
        try Data(bytes).write(to: URL(filePath: path))
        return path
    }

    @Test(arguments: 0..<files.count) func readsEachFormat(number: Int) throws {
        let file = try VectorFile(path: try write(Self.files[number].name, Self.files[number].bytes))
        #expect(file.rows == 2 && file.dimension == 3)
        #expect(try file.read(rows: 0..<2) == Self.values)
        #expect(try file.read(rows: 1..<2) == Array(Self.values.suffix(3)))
    }

    /// Products that overflow are damage too.
    @Test func shapesBeyondAllBoundsAreRefused() throws {
        let header = "{\"x\":{\"dtype\":\"F32\",\"shape\":[0,4611686018427387904],\"data_offsets\":[0,0]}}"
        for (name, bytes) in [
            ("x.npy", Self.npy("<f4", Self.floats, shape: "(1, 2305843009213693951)")),
            ("y.npy", Self.npy("<f8", Self.floats, shape: "(0, 4611686018427387904)")),
            ("z.safetensors", Self.bytes(UInt64(header.utf8.count)) + Array(header.utf8)),
        ] {
            let path = try write(name, bytes)
            let error = #expect(throws: StorageError.self) { try VectorFile(path: path) }
            #expect(error?.kind == .corrupt)
        }
    }

    /// A file that lost its end is refused, or says in its header how little it holds; it never crashes.
    @Test(arguments: 0..<files.count) func everyTruncationIsRefused(number: Int) throws {
        let (name, bytes) = Self.files[number]
        for length in 0..<bytes.count {
            let path = try write(name, bytes.prefix(length))
            do {
                let file = try VectorFile(path: path)
                // Without a row count in the file, a cut between rows cannot be seen.
                #expect(name == "e.fvecs" && length == 16 && file.rows == 1)
            } catch {
                #expect(error.path == path)
            }
        }
    }

    @Test(arguments: 0..<files.count) func flippedHeaderBitsNeverCrash(number: Int) throws {
        let (name, bytes) = Self.files[number]
        for index in 0..<min(bytes.count, 90) {
            for mask: UInt8 in [0x01, 0x80, 0xff] {
                var damaged = bytes
                damaged[index] ^= mask
                guard let file = try? VectorFile(path: try write(name, damaged)) else { continue }
                _ = try? file.read(rows: 0..<min(file.rows, 3))
            }
        }
    }

    @Test func valuesThatAreNotFiniteAreNamed() throws {
        let values: [Float] = [1, 2, 3, 4, .nan, 6]
        let path = try write("x.npy", Self.npy("<f4", values.flatMap { Self.bytes($0.bitPattern) }))
        let file = try VectorFile(path: path)
        let error = #expect(throws: StorageError.self) { try file.read(rows: 0..<2) }
        #expect(error?.message.contains("row 1") == true && error?.message.contains("column 1") == true)
    }

    @Test func whatIsNotReadIsSaid() throws {
        let cases = [
            (Self.npy(">f4", Self.floats), "little-endian"), (Self.npy("<i8", Self.floats), "floats"),
            (Self.npy("<f4", Self.floats, order: "True"), "Fortran"),
            (Self.npy("<f4", Self.floats, shape: "(6,)"), "shape"),
        ]
        for (bytes, word) in cases {
            let error = #expect(throws: StorageError.self) { _ = try VectorFile(path: try write("x.npy", bytes)) }
            #expect(error?.message.contains(word) == true)
        }
        let other = try write("x.bin", Self.floats)
        let error = #expect(throws: StorageError.self) { _ = try VectorFile(path: other) }
        #expect(error?.message.contains("fvecs") == true)
    }
}

@Suite struct VectorFileWriterTests {
    @Test(arguments: ["out.npy", "out.fbin"]) func whatIsWrittenIsRead(name: String) throws {
        let temporary = TemporaryFolder()
        let folder = temporary.path
        let values = (0..<21).map { Float($0) / 4 - 2 }
        let sink = try ByteSink(path: "\(folder)/\(name)")
        var writer = try VectorFileWriter(to: sink, format: VectorFormat(path: name), rows: 7, dimension: 3)
        try writer.append(values.span.extracting(0..<12))
        try writer.append(values.span.extracting(12..<21))
        writer.finish()
        try sink.finish()
        let file = try VectorFile(path: "\(folder)/\(name)")
        #expect(file.rows == 7 && file.dimension == 3)
        #expect(try file.read(rows: 0..<7) == values)
    }

    @Test func otherFormatsAreRefused() throws {
        let sink = try ByteSink(path: "/dev/null")
        #expect(throws: StorageError.self) {
            _ = try VectorFileWriter(to: sink, format: .safetensors, rows: 1, dimension: 1)
        }
    }
}
