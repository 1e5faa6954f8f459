import Foundation
import Storage
import TensorFiles
import Testing

/// Hostile files: each is refused with a message, or opened soundly; none may crash, hang or take up the memory.
@Suite struct SafetensorsFuzzTests {
    private static func file(_ header: [UInt8], _ data: [UInt8], length: UInt64? = nil) -> [UInt8] {
        let length = length ?? UInt64(header.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) } + header + data
    }

    private final class Place {
        let path = FileManager.default.temporaryDirectory.appending(path: "gradprint-\(UUID().uuidString).safetensors")
            .path

        func open(_ bytes: [UInt8]) throws -> SafetensorsFile {
            try Data(bytes).write(to: URL(filePath: path))
            return try SafetensorsFile(path: path)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    /// SplitMix64, so that a failure can be had again.
    private struct Random: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var word = state
            word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
            word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
            return word ^ word >> 31
        }
    }

    /// Reads all that a sound file offers; the offsets must lie in the file and cover it.
    private func use(_ file: SafetensorsFile, size: Int) throws {
        var end: Int?
        for tensor in file.tensors {
            #expect(tensor.range.upperBound <= size && end.map { $0 == tensor.range.lowerBound } ?? true)
            end = tensor.range.upperBound
            var count = tensor.elementType.size
            for extent in tensor.shape { count *= extent }
            #expect(count == tensor.range.count)
            switch tensor.elementType {
            case .float32, .float16, .brainFloat16, .float64:
                #expect(try file.floats(tensor.name, shape: tensor.shape).count == tensor.elementCount)
            default: break
            }
        }
        #expect(end == nil || end == size)
    }

    @Test func mutatedFiles() throws {
        let entries = ["F32", "F16", "BF16", "F64", "I8"].enumerated().map { index, type in
            let size = [4, 2, 2, 8, 1][index]
            let start = [0, 24, 36, 48, 96][index]
            return
                #""layer.\#(index).w":{"dtype":"\#(type)","shape":[2,3],"data_offsets":[\#(start),\#(start + 6 * size)]}"#
        }
        let header = Array(#"{"__metadata__":{"format":"pt"},\#(entries.joined(separator: ","))}"#.utf8)
        let whole = Self.file(header, [UInt8](repeating: 3, count: 102))
        let place = Place()
        try use(place.open(whole), size: whole.count)
        let tokens = [
            "{", "}", "[", "]", ",", ":", "\"", "-1", "9223372036854775807", "1e309", "null", "\\u0000", "F32", "0",
        ]
        .map { Array($0.utf8) }
        var random = Random(state: 20_26)
        var (refused, opened) = (0, 0)
        for _ in 0..<3000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<6, using: &random) {
                case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 2: bytes.removeLast(min(bytes.count - 1, Int.random(in: 1...40, using: &random)))
                case 3: bytes.insert(contentsOf: tokens.randomElement(using: &random)!, at: place)
                case 4:
                    let end = min(bytes.count, place + Int.random(in: 1...30, using: &random))
                    if end - place < bytes.count { bytes.removeSubrange(place..<end) }
                default:
                    let end = min(bytes.count, place + Int.random(in: 1...60, using: &random))
                    bytes.insert(
                        contentsOf: bytes[place..<end],
                        at: Int.random(in: 8...max(8, bytes.count - 1), using: &random) % bytes.count)
                }
                // Half of them keep an honest length, so that the header itself is what is looked at.
                if Bool.random(using: &random), bytes.count > 8 {
                    let length = max(0, bytes.count - 8 - 102)
                    for k in 0..<8 { bytes[k] = UInt8(truncatingIfNeeded: length >> (8 * k)) }
                }
            }
            do {
                try use(place.open(bytes), size: bytes.count)
                opened += 1
            } catch let error as StorageError {
                #expect(error.kind == .corrupt && error.path == place.path && error.message.utf8.count < 1000)
                refused += 1
            }
        }
        #expect(refused > 2000 && opened > 10, "\(refused) refused, \(opened) opened")
    }

    /// A claim of more than 100 MB; headers of 10 MB of spaces, of nesting, of digits; and of 100 MB with one long name or
    /// with millions of values, which could take up the most memory.
    @Test(arguments: 0..<6)
    func enormousHeaders(kind: Int) throws {
        let size = kind == 2 || kind == 4 ? 99_999_900 : 9_999_900
        let (header, expected): ([UInt8], String?) =
            switch kind {
            case 0: (Array("{".utf8), "100000001")
            case 1: (Array("{}".utf8) + [UInt8](repeating: 0x20, count: size - 2), nil)
            case 2: (Array("{\"".utf8) + [UInt8](repeating: 0x61, count: size - 6) + Array("\":1}".utf8), "bytes)")
            case 3: (Array("{\"a\":".utf8) + [UInt8](repeating: 0x5b, count: size), "deeper")
            case 4:
                (
                    Array("{\"a\":[1".utf8) + (0..<size / 2).flatMap { _ in [0x2c, 0x31] } + Array("]}".utf8),
                    "more than"
                )
            default:
                (
                    Array("{\"a\":{\"dtype\":\"F32\",\"shape\":[".utf8) + [UInt8](repeating: 0x39, count: size)
                        + Array("]}}".utf8), "shape"
                )
            }
        let place = Place()
        do {
            let file = try place.open(Self.file(header, [], length: kind == 0 ? 100_000_001 : nil))
            #expect(expected == nil && file.tensors.isEmpty)
        } catch let error as StorageError {
            #expect(error.kind == .corrupt && error.message.utf8.count < 2000)
            #expect(expected.map { error.message.contains($0) } ?? false, "\(kind): \(error)")
        }
    }

    @Test func lyingHeaders() throws {
        let place = Place()
        func refusal(_ header: String) -> String {
            let error = #expect(throws: StorageError.self) {
                try place.open(Self.file(Array(header.utf8), [UInt8](repeating: 0, count: 16)))
            }
            return error?.message ?? ""
        }
        let axes = [String](repeating: "1", count: 65).joined(separator: ",")
        for (header, expected) in [
            (#"{"w":{"dtype":"F32","shape":[\#(axes)],"data_offsets":[0,4]}}"#, "65 axes"),
            (#"{"w":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,16]}}"#, "beyond any memory"),
            (#"{"w":{"dtype":"F32","shape":[0,9223372036854775807],"data_offsets":[0,16]}}"#, "\"w\""),
            (#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[9223372036854775800,9223372036854775807]}}"#, "\"w\""),
            (
                #"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}"#,
                "\"w\" appears twice"
            ),
            (
                #"{"v":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
                "\"w\""
            ),
            (#"{"w":{"dtype":"F4","shape":[4],"data_offsets":[0,16]}}"#, "unknown dtype \"F4\""),
        ] {
            #expect(refusal(header).contains(expected), "\(header): \(refusal(header))")
        }
    }
}
