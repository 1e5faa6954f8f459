import Embedding
import Foundation
import Storage

/// The committed golden values, and folders made for one test.
enum Fixtures {
    static let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")

    static func path(_ name: String) -> String { directory.appending(path: name).path(percentEncoded: false) }

    static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: directory.appending(path: name)))
    }

    static func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

    /// Little-endian 32-bit words.
    static func words(_ name: String) throws -> [UInt32] {
        let bytes = try bytes(name)
        return stride(from: 0, to: bytes.count, by: 4).map { start in
            (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) }
        }
    }

    /// The lines of `bert-base-uncased`'s vocabulary.
    static func vocabulary() throws -> [String] {
        let source = try ByteSource(path: path("vocabulary.txt.gz"))
        var (text, block): ([UInt8], [UInt8]) = ([], [])
        while try source.read(into: &block) { text += block }
        return text.split(separator: 0x0a).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The tokenizer of all-MiniLM-L6-v2 ("minilm") or all-mpnet-base-v2 ("mpnet"), through a folder like theirs.
    static func tokenizer(_ name: String) throws -> WordPieceTokenizer {
        var pieces = try vocabulary()
        if name == "mpnet" { pieces = ["<s>", "<pad>", "</s>", "<unk>"] + pieces + ["<mask>"] }
        let entries = pieces.enumerated().map { index, piece in
            let escaped = piece.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            return "\"\(escaped)\": \(index)"
        }
        let json = try text("\(name)-tokenizer.json")
            .replacing("\"VOCABULARY\"", with: "{\(entries.joined(separator: ","))}")
        let folder = try TemporaryFolder()
        try folder.write("tokenizer.json", Array(json.utf8))
        return try WordPieceTokenizer(folder: folder.path)
    }

    /// What `make_golden.py` stores of a list of ids: FNV-1a over their bytes, folded to 32 bits.
    static func digest(_ ids: [Int32]) -> UInt32 {
        var value: UInt64 = 0xcbf2_9ce4_8422_2325
        for id in ids {
            for shift in [0, 8, 16, 24] {
                value = (value ^ UInt64(UInt8(truncatingIfNeeded: id >> shift))) &* 0x100_0000_01b3
            }
        }
        return UInt32(truncatingIfNeeded: value ^ value >> 32)
    }

    static func cosine(_ a: [Float], _ b: [Float]) -> Double {
        var products = (ab: 0.0, aa: 0.0, bb: 0.0)
        for (x, y) in zip(a, b) {
            products.ab += Double(x) * Double(y)
            products.aa += Double(x) * Double(x)
            products.bb += Double(y) * Double(y)
        }
        return products.ab / (products.aa * products.bb).squareRoot()
    }
}

/// A folder that goes away with the object; optionally a copy of another.
final class TemporaryFolder {
    let path: String

    init(copyOf original: String? = nil) throws {
        path = FileManager.default.temporaryDirectory.appending(path: "gradprint-\(UUID().uuidString)")
            .path(percentEncoded: false)
        if let original {
            try FileManager.default.copyItem(atPath: original, toPath: path)
        } else {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: "\(path)/\(name)"))) }

    func write(_ name: String, _ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(filePath: "\(path)/\(name)")) }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }

    struct NothingToEdit: Error {
        let file: String
        let text: String
    }

    /// Replaces text that must be there.
    func edit(_ name: String, _ old: String, _ new: String) throws {
        let text = String(decoding: try bytes(name), as: UTF8.self)
        guard text.contains(old) else { throw NothingToEdit(file: name, text: old) }
        try write(name, Array(text.replacing(old, with: new).utf8))
    }
}
