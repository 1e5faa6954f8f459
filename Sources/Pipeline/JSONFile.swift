internal import Foundation
package import Storage

/// Small JSON files of the run: sorted keys, so the same value gives the same bytes.
package enum JSONFile {
    package static func encode<Value: Encodable>(_ value: Value) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
        } catch {
            preconditionFailure("a value of the run cannot be written as JSON: \(error)")
        }
    }

    private static func name(of type: Any.Type) -> String {
        let name = "\(type)"
        return name.contains("<") ? String(name.split(separator: "<")[1].dropLast()).lowercased() : name.lowercased()
    }

    /// One line of what the decoder says.
    private static func reason(_ error: any Error) -> String {
        switch error {
        case DecodingError.dataCorrupted(let context), DecodingError.keyNotFound(_, let context),
            DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            context.debugDescription
        default: "\(error)"
        }
    }

    /// Reads a value from JSON text.
    package static func decode<Value: Decodable>(_ type: Value.Type, from text: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }

    package static func write<Value: Encodable>(_ value: Value, path: String) throws(StorageError) {
        try DurableFile.write(encode(value).span.rawBytes, to: path)
    }

    package static func read<Value: Decodable>(_ type: Value.Type, path: String) throws(StorageError) -> Value {
        let file = try MappedFile(path: path)
        let data = unsafe file.bytes.withUnsafeBytes { unsafe Data($0) }
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch {
            throw StorageError(
                .corrupt, path: path,
                "it cannot be read as \(Self.name(of: type)); delete its folder and build again (\(Self.reason(error)))"
            )
        }
    }

    /// Writes a value with a checksum of itself, so that any changed byte is found when it is read.
    package static func seal<Value: Encodable>(_ value: Value, path: String) throws(StorageError) {
        let sealed = Sealed(checksum: Digest.sha256(encode(value).span.rawBytes), content: value)
        try DurableFile.write(encode(sealed).span.rawBytes, to: path)
    }

    /// Reads what ``seal(_:path:)`` wrote.
    ///
    /// - Throws: `corrupt` unless the file has the very bytes that were written.
    package static func unseal<Value: Codable>(_ type: Value.Type, path: String) throws(StorageError) -> Value {
        let sealed = try read(Sealed<Value>.self, path: path)
        let file = try MappedFile(path: path)
        let isWhole = unsafe file.bytes.withUnsafeBytes { unsafe encode(sealed).elementsEqual($0) }
        guard isWhole, Digest.sha256(encode(sealed.content).span.rawBytes) == sealed.checksum else {
            throw StorageError(.corrupt, path: path, "its checksum does not match: a byte of the file has changed")
        }
        return sealed.content
    }

    /// The number that says how what ``seal(_:path:)`` wrote is to be read.
    package static func unsealedFormat(path: String) throws(StorageError) -> Int {
        try read(Sealed<Format>.self, path: path).content.format
    }

    private struct Format: Decodable { let format: Int }

    fileprivate struct Sealed<Content> {
        let checksum: String
        let content: Content
    }
}

extension JSONFile.Sealed: Encodable where Content: Encodable {}
extension JSONFile.Sealed: Decodable where Content: Decodable {}
