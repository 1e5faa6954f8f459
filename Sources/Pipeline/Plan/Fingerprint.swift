internal import Foundation
internal import Storage

/// The identity of a task's result.
enum Fingerprint {
    private struct Content: Encodable {
        let stage: String
        let version: Int
        let parameters: String
        let inputs: [String]
    }

    /// - Parameters:
    ///   - parameters: canonical JSON (see ``canonical(_:)``).
    ///   - inputs: the inputs' fingerprints or digests, in a fixed order.
    static func of(stage: String, version: Int, parameters: String, inputs: [String]) -> String {
        let content = Content(stage: stage, version: version, parameters: parameters, inputs: inputs)
        return Digest.sha256(JSONFile.encode(content).span.rawBytes)
    }

    /// JSON with sorted keys and no blanks.
    static func canonical<Value: Encodable>(_ value: Value) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(value), as: UTF8.self)
        } catch {
            preconditionFailure("a stage's parameters cannot be written as JSON: \(error)")
        }
    }
}
