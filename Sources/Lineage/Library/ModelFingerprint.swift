internal import Foundation
internal import Storage
internal import TensorFiles

/// A fingerprint file: JSON with sorted keys, the same bytes for the same weights.
///
/// | key | meaning |
/// |---|---|
/// | `format` | `gradprint-lineage` |
/// | `version` | 1; another one is refused, because constants of the method are part of it |
/// | `model` | name, parameters, bytes, element types, number of tensors |
/// | `weights` | ``WeightFingerprint``; scores as base64 of signed bytes |
/// | `tensorguard` | the 14 published numbers, under the published names |
/// | `family`, `isBase` | what `library add` was told; absent elsewhere |
///
/// A file of TensorGuard's own (a flat object with `global_mean`) is read as one with `tensorguard` alone.
package struct ModelFingerprint: Hashable, Sendable, Codable {
    package static let format = "gradprint-lineage"
    package static let version = 1

    package let model: Summary
    package let weights: WeightFingerprint?
    package let tensorguard: TensorGuardFeatures?
    /// The family that a library files it under.
    package var family: String?
    /// Whether a library counts it as the base of its family; derivatives are `false`.
    package var isBase: Bool?

    package struct Summary: Hashable, Sendable, Codable {
        package let name: String
        package let parameters: Int
        package let bytes: Int
        package let tensors: Int
        /// The element types of the weight matrices, sorted.
        package let elementTypes: [String]
    }

    private enum CodingKeys: String, CodingKey {
        case format, version, model, weights, tensorguard, family, isBase
    }

    package init(model: Summary, weights: WeightFingerprint?, tensorguard: TensorGuardFeatures?) {
        self.model = model
        self.weights = weights
        self.tensorguard = tensorguard
    }

    /// Takes both fingerprints of a model.
    ///
    /// - Parameter method: both when `nil`.
    /// - Throws: ``LineageError`` for a matrix that cannot be fingerprinted.
    package init(
        _ weights: ModelWeights, method: LineageMethod? = nil, workers: Int,
        damagePolicy: WeightFingerprinter.DamagePolicy = .refuse,
        progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(LineageError) {
        let fingerprinter = WeightFingerprinter(workers: workers, damagePolicy: damagePolicy, progress: progress)
        let ours = method == .tensorguard ? nil : try fingerprinter.fingerprint(weights)
        let omitted = Set(ours?.omitted.map(\.name) ?? [])
        let theirs =
            method == .weights
            ? nil : try TensorGuardFingerprinter(workers: workers).fingerprint(weights, omitting: omitted)
        self.init(
            model: Summary(
                name: weights.name, parameters: weights.parameters, bytes: weights.bytes,
                tensors: weights.matrices.count + weights.others.count,
                elementTypes: Set(weights.matrices.map(\.tensor.elementType.rawValue)).sorted()),
            weights: ours, tensorguard: theirs)
    }

    /// The same fingerprint of a model called otherwise.
    package func named(_ name: String) -> ModelFingerprint {
        var copy = ModelFingerprint(
            model: Summary(
                name: name, parameters: model.parameters, bytes: model.bytes, tensors: model.tensors,
                elementTypes: model.elementTypes),
            weights: weights, tensorguard: tensorguard)
        copy.family = family
        copy.isBase = isBase
        return copy
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        model = try container.decode(Summary.self, forKey: .model)
        weights = try container.decodeIfPresent(WeightFingerprint.self, forKey: .weights)
        tensorguard = try container.decodeIfPresent(TensorGuardFeatures.self, forKey: .tensorguard)
        family = try container.decodeIfPresent(String.self, forKey: .family)
        isBase = try container.decodeIfPresent(Bool.self, forKey: .isBase)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(Self.format, forKey: .format)
        try container.encode(Self.version, forKey: .version)
        try container.encode(model, forKey: .model)
        try container.encodeIfPresent(weights, forKey: .weights)
        try container.encodeIfPresent(tensorguard, forKey: .tensorguard)
        try container.encodeIfPresent(family, forKey: .family)
        try container.encodeIfPresent(isBase, forKey: .isBase)
    }
}

/// The two ways to take a fingerprint.
package enum LineageMethod: String, Sendable, Codable, CaseIterable { case weights, tensorguard }
