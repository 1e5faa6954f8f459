import Foundation
import Storage
import TensorFiles
import Testing

@Suite struct SafetensorsFileTests {
    /// A file of that header and data, gone with the object.
    private final class TemporaryFile {
        let path = FileManager.default.temporaryDirectory.appending(path: "gradprint-\(UUID().uuidString).safetensors")
            .path(percentEncoded: false)

        init(_ bytes: [UInt8]) throws { try write(bytes) }

        convenience init(header: String, data: [UInt8]) throws { try self.init(Self.bytes(header, data)) }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func write(_ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(filePath: path)) }

        static func bytes(_ header: String, _ data: [UInt8]) -> [UInt8] {
            let header = Array(header.utf8)
            return (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header + data
        }
    }

    private func littleEndian<T: FixedWidthInteger>(_ values: [T]) -> [UInt8] {
        values.flatMap { value in (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * T($0))) } }
    }

    private static let small =
        #"{"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]},"#
        + #""a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}"#

    private func failure(header: String, data: [UInt8]) throws -> StorageError {
        let file = try TemporaryFile(header: header, data: data)
        return try #require(#expect(throws: StorageError.self) { try SafetensorsFile(path: file.path) })
    }

    @Test func floatTypes() throws {
        let expected: [Float] = [1, -2.5, 0.333251953125, 65504, .infinity, 0]
        let data =
            littleEndian(expected.map(\.bitPattern)) + littleEndian(expected.map { Float16($0).bitPattern })
            + littleEndian(expected.map { Double($0).bitPattern })
            + littleEndian(expected.map { UInt16($0.bitPattern >> 16) }) + littleEndian([Int64(7)])
        let header =
            #"{"f32":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"#
            + #""f16":{"dtype":"F16","shape":[6],"data_offsets":[24,36]},"f64":{"dtype":"F64","shape":[6],"data_offsets":[36,84]},"#
            + #""bf16":{"dtype":"BF16","shape":[3,2],"data_offsets":[84,96]},"i64":{"dtype":"I64","shape":[],"data_offsets":[96,104]}}"#
        let temporary = try TemporaryFile(header: header, data: data)
        let file = try SafetensorsFile(path: temporary.path)
        #expect(file.tensors.map(\.name) == ["f32", "f16", "f64", "bf16", "i64"])
        #expect(try file.floats("f32", shape: [2, 3]) == expected)
        #expect(try file.floats("f16", shape: [6]) == expected)
        #expect(try file.floats("f64", shape: [6]) == expected)
        let rounded = expected.map { Float(bitPattern: $0.bitPattern & 0xffff_0000) }
        #expect(try file.floats("bf16", shape: [3, 2]) == rounded)
        #expect(file.tensor("i64")?.elementCount == 1)
        let error = try #require(#expect(throws: StorageError.self) { try file.floats("i64", shape: []) })
        #expect(error.kind == .mismatch && error.message.contains("I64"))
    }

    @Test func anyAlignment() throws {
        // Padding the header with spaces is how writers align the data.
        for padding in 0..<4 {
            let header = Self.small + String(repeating: " ", count: padding)
            let data = littleEndian([1, 2, 3, 4].map { Float($0).bitPattern })
            let temporary = try TemporaryFile(header: header, data: data)
            let file = try SafetensorsFile(path: temporary.path)
            #expect(try file.floats("b", shape: [2]) == [3, 4] && file.floats("a", shape: [1, 2]) == [1, 2])
            #expect(file.metadata.map(\.key) == ["format"] && file.metadata.map(\.value) == ["pt"])
        }
    }

    @Test func missingTensorAndWrongShape() throws {
        let temporary = try TemporaryFile(header: Self.small, data: [UInt8](repeating: 0, count: 16))
        let file = try SafetensorsFile(path: temporary.path)
        let missing = try #require(#expect(throws: StorageError.self) { try file.floats("c", shape: [3, 4]) })
        #expect(
            missing.path == temporary.path && missing.message.contains("\"c\"") && missing.message.contains("[3, 4]"))
        let misshapen = try #require(#expect(throws: StorageError.self) { try file.floats("a", shape: [2]) })
        #expect(misshapen.message.contains("[1, 2]") && misshapen.message.contains("[2]"))
    }

    @Test(arguments: [
        (#"[]"#, "'{'"), (#"{"a":1}"#, "\"a\""), (#"{"a":{"dtype":"F32","shape":[4]}}"#, "data_offsets"),
        (#"{"a":{"dtype":"F99","shape":[4],"data_offsets":[0,16]}}"#, "F99"),
        (#"{"a":{"shape":[4],"data_offsets":[0,16]}}"#, "dtype"),
        (#"{"a":{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}}"#, "shape"),
        (#"{"a":{"dtype":"F32","shape":[4.0],"data_offsets":[0,16]}}"#, "shape"),
        (#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,16]}}"#, "beyond any memory"),
        (#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,16]}}"#, "needs 12 bytes"),
        (#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[4,20]}}"#, "truncated"),
        (#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[16,0]}}"#, "16..<0"),
        (#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16,32]}}"#, "data_offsets"),
        (#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,99999999999999999999]}}"#, "data_offsets"),
        (#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}"#, "belong to no tensor"),
        (#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[4,16]}}"#, "gaps"),
        (
            #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},"b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}"#,
            "overlap"
        ),
        (
            #"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#,
            "twice"
        ),
        (#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16],"stride":[1]}}"#, "stride"),
        (#"{"__metadata__":{"a":1},"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#, "metadata \"a\""),
        (#"{"__metadata__":[],"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#, "__metadata__"),
        (#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}x"#, "not valid JSON"),
        (#"{}"#, "belong to no tensor"),
    ])
    func unsoundHeader(header: String, expected: String) throws {
        let error = try failure(header: header, data: [UInt8](repeating: 0, count: 16))
        #expect(error.kind == .corrupt && error.message.contains(expected), "\(error)")
    }

    @Test func emptyTensorsAndEmptyFile() throws {
        let header =
            #"{"e":{"dtype":"F32","shape":[0,5],"data_offsets":[0,0]},"z":{"dtype":"F32","shape":[0],"data_offsets":[4,4]},"#
            + #""a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}"#
        let temporary = try TemporaryFile(header: header, data: littleEndian([Float(5).bitPattern]))
        let file = try SafetensorsFile(path: temporary.path)
        #expect(try file.floats("e", shape: [0, 5]) == [] && file.floats("a", shape: []) == [5])
        let none = try TemporaryFile(header: "{}", data: [])
        #expect(try SafetensorsFile(path: none.path).tensors.isEmpty)
        #expect(throws: StorageError.self) { try SafetensorsFile(path: "/nonexistent.safetensors") }
    }

    @Test func everyTruncation() throws {
        let bytes = TemporaryFile.bytes(Self.small, [UInt8](repeating: 1, count: 16))
        let file = try TemporaryFile(bytes)
        for count in 0..<bytes.count {
            try file.write(Array(bytes[..<count]))
            let error = #expect(throws: StorageError.self) { try SafetensorsFile(path: file.path) }
            #expect(error?.kind == .corrupt)
        }
        try file.write(bytes + [0])
        #expect(throws: StorageError.self) { try SafetensorsFile(path: file.path) }
    }

    /// Each bit of the header flipped: refused, or sound tensors that can be read.
    @Test func everyFlippedBit() throws {
        let bytes = TemporaryFile.bytes(Self.small, [UInt8](repeating: 1, count: 16))
        let file = try TemporaryFile(bytes)
        var refused = 0
        for index in 0..<bytes.count - 16 {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << UInt8(bit)
                try file.write(damaged)
                do {
                    let opened = try SafetensorsFile(path: file.path)
                    for tensor in opened.tensors where tensor.elementType == .float32 {
                        #expect(try opened.floats(tensor.name, shape: tensor.shape).count == tensor.elementCount)
                    }
                } catch {
                    refused += 1
                }
            }
        }
        #expect(refused > (bytes.count - 16) * 8 / 2)
    }
}
