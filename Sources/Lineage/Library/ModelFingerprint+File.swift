internal import Foundation
internal import Storage

extension ModelFingerprint {
    /// The file's content.
    package func json() -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        // Every number comes from sums over finite weights, so that encoding cannot fail.
        return String(decoding: try! encoder.encode(self), as: UTF8.self) + "\n"
    }

    /// Whether a path names a fingerprint rather than a model.
    package static func isFingerprint(path: String) -> Bool {
        path.hasSuffix(".json") && !path.hasSuffix(".safetensors.index.json")
    }

    /// Reads a fingerprint file.
    ///
    /// - Throws: `file` when it cannot be read; `fingerprint`, saying what was expected, when it is no fingerprint or of
    ///   another version.
    package init(path: String) throws(LineageError) {
        let file = try readingFiles { () throws(StorageError) in try MappedFile(path: path) }
        let data = unsafe file.bytes.withUnsafeBytes { unsafe Data($0) }
        func refuse(_ message: String) -> LineageError { .fingerprint(path: path, message: message) }
        let decoder = JSONDecoder()
        let kind: Kind
        do {
            kind = try decoder.decode(Kind.self, from: data)
        } catch {
            throw refuse("is no fingerprint: \(Self.describe(error))")
        }
        if kind.format == nil, kind.globalMean != nil {
            try self.init(published: data, kind: kind, refuse)
            return
        }
        guard kind.format == Self.format else {
            throw refuse(
                "is no fingerprint: its \"format\" is \(kind.format.map { "\"\($0)\"" } ?? "missing"), expected "
                    + "\"\(Self.format)\"; `gradprint lineage fingerprint` makes one")
        }
        guard kind.version == Self.version else {
            throw refuse(
                "has the version \(kind.version.map { "\($0)" } ?? "?"); this program reads \(Self.version). Take the "
                    + "fingerprint again: those of different versions cannot be compared")
        }
        do {
            self = try decoder.decode(ModelFingerprint.self, from: data)
        } catch {
            throw refuse("is damaged: \(Self.describe(error))")
        }
        guard weights?.units?.isSound ?? true, weights?.tensors.allSatisfy(\.isSound) ?? true else {
            throw refuse("is damaged: a table has another length than its matrix says")
        }
    }

    /// What tells the formats apart.
    private struct Kind: Decodable {
        let format: String?
        let version: Int?
        let globalMean: Double?
        let name: String?
        let parameters: Int?

        private enum CodingKeys: String, CodingKey {
            case format, version
            case globalMean = "global_mean"
            case name = "model_name"
            case parameters = "total_params"
        }
    }

    private init(published data: Data, kind: Kind, _ refuse: (String) -> LineageError) throws(LineageError) {
        do {
            let features = try JSONDecoder().decode(TensorGuardFeatures.self, from: data)
            self.init(
                model: Summary(
                    name: kind.name ?? "unknown", parameters: kind.parameters ?? 0, bytes: 0, tensors: 0,
                    elementTypes: []),
                weights: nil, tensorguard: features)
        } catch {
            throw refuse("looks like a file of TensorGuard, but \(Self.describe(error))")
        }
    }

    /// The part of a decoding error that a person can use.
    private static func describe(_ error: any Error) -> String {
        func place(_ path: [any CodingKey]) -> String { path.map(\.stringValue).joined(separator: ".") }
        switch error {
        case DecodingError.keyNotFound(let key, let context):
            return "\"\(key.stringValue)\" is missing in \"\(place(context.codingPath))\""
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            return "\"\(place(context.codingPath))\" has another type than expected"
        case DecodingError.dataCorrupted(let context):
            return context.codingPath.isEmpty ? "it is not JSON" : "\"\(place(context.codingPath))\" is not readable"
        default: return "\(error)"
        }
    }
}

extension TensorFingerprint {
    /// Whether its tables have the lengths that its shape asks for.
    var isSound: Bool {
        let sides = gridSides
        let triangles = [rowTable, columnTable].compactMap { $0?.values.count }
        return rows > 1 && columns > 1 && (grid.map { $0.values.count == sides.rows * sides.columns } ?? true)
            && triangles.allSatisfy { $0 <= WeightFormat.units * (WeightFormat.units - 1) / 2 }
    }
}
