internal import Kernels
internal import Storage

/// What a finished task leaves beside its outputs: who made them, from what, and what they are.
///
/// It holds no times, so the same input, configuration and seed give the same bytes.
package struct Manifest: Codable, Hashable, Sendable {
    package struct Output: Codable, Hashable, Sendable {
        package let name: String
        package let bytes: Int
        package let sha256: String
    }

    package static let fileName = "manifest.json"
    package static let currentFormat = 1

    package var format = Manifest.currentFormat
    package let stage: String
    package let version: Int
    package let task: String
    /// SHA-256 over stage, version, parameters and the inputs' fingerprints (see ``Fingerprint``).
    package let fingerprint: String
    /// The stage's parameters as JSON text.
    package let parameters: String
    /// `stage/task` of each input with its fingerprint.
    package let inputs: [String: String]
    package let platform: Platform
    package let rows: Int
    /// Figures the task reports: losses, counts, convergence.
    package private(set) var figures: [String: Figure]
    package private(set) var outputs: [Output]
    /// `rows` and the SHA-256 of their numbers where rows were erased from the outputs; `inputs` and a sum where they were
    /// erased from what the outputs were made of.
    package private(set) var purged: String?

    /// What ``purged`` says of outputs that have lost these rows, rising.
    static func purgeNote(_ rows: [Int]) -> String {
        "rows \(Digest.sha256(rows.map(String.init).joined(separator: ",")))"
    }

    /// Whether the outputs were made of inputs that had lost rows: what they say of such rows follows from blanks.
    package var isMadeOfPurgedInputs: Bool { purged?.hasPrefix("inputs") ?? false }

    init(
        stage: String, version: Int, task: String, fingerprint: String, parameters: String, inputs: [String: String],
        rows: Int, figures: [String: Figure], outputs: [Output], purged: String?
    ) {
        (self.stage, self.version, self.task, self.fingerprint) = (stage, version, task, fingerprint)
        (self.parameters, self.inputs, self.rows) = (parameters, inputs, rows)
        (self.figures, self.outputs, self.purged) = (figures, outputs, purged)
        platform = .current
    }

    /// Of the same task after rows were erased. Figures in words may quote a row, and go.
    init(purging other: Manifest, outputs: [Output], note: String) {
        self = other
        figures = other.figures.filter { if case .text = $0.value { false } else { true } }
        self.outputs = outputs
        purged = note
    }
}

/// A figure of a manifest: a number or a word.
package enum Figure: Hashable, Sendable, Codable, CustomStringConvertible {
    case integer(Int)
    case number(Double)
    case text(String)

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else {
            self = .text(try container.decode(String.self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .integer(let value): try container.encode(value)
        case .number(let value):
            if value.isFinite { try container.encode(value) } else { try container.encode("\(value)") }
        case .text(let value): try container.encode(value)
        }
    }

    package var description: String {
        switch self {
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .text(let value): value
        }
    }
}

/// What the last bits of a result depend on beside its inputs.
package struct Platform: Codable, Hashable, Sendable, CustomStringConvertible {
    package let kernels: String
    package let blas: String

    package static var current: Platform {
        Platform(kernels: KernelLevel.current.rawValue, blas: BLAS.configuration)
    }

    package var description: String { "kernel level \(kernels), \(blas)" }
}
