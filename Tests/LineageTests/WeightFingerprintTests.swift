import Foundation
import Kernels
import Lineage
import Testing

@Suite struct WeightFingerprintTests {
    private static let base = SyntheticModel(seed: 1)

    private func compare(_ a: SyntheticModel, _ b: SyntheticModel) throws -> WeightComparison {
        try WeightComparison(a.fingerprint(), b.fingerprint())
    }

    @Test func sameShapeAndAnotherSeedIsUnrelated() throws {
        let fingerprints = try (1...6).map { try SyntheticModel(seed: $0).fingerprint() }
        for i in fingerprints.indices {
            for j in fingerprints.indices where j > i {
                let comparison = WeightComparison(fingerprints[i], fingerprints[j])
                #expect(comparison.verdict == .unrelated, "\(i) \(j): \(comparison.similarity) \(comparison.pValue)")
                #expect(comparison.similarity < 0.08 && comparison.pValue > 1e-3)
                #expect(comparison.matchedUnits?.matched == 0 && comparison.matchedUnits?.chosen == 48)
            }
        }
    }

    @Test func derivativesAreRelated() throws {
        let base = Self.base
        let quantised = base.mapped { tensor in
            var result = tensor
            let scale = tensor.values.reduce(0) { max($0, $1.magnitude) } / 7
            for index in result.values.indices {
                result.values[index] = (result.values[index] / scale).rounded() * scale
            }
            return result
        }
        let renamed = base.mapped { tensor in
            var result = tensor.transposed
            result.name = String(tensor.name.reversed().filter { !$0.isNumber })
            return result
        }
        var numbered = renamed
        for index in numbered.tensors.indices { numbered.tensors[index].name += "\(97 - index)" }
        let derivatives: [(String, SyntheticModel, Double)] = [
            ("the same", base, 0.999), ("noise", base.noisy(0.5, seed: 3), 0.7), ("4 bits", quantised, 0.8),
            ("neurons permuted", base.permutingNeurons(seed: 5, scaling: false), 0.95),
            ("neurons permuted and rescaled", base.permutingNeurons(seed: 5, scaling: true), 0.95),
            ("hidden units permuted", base.permutingHiddenUnits(seed: 6), 0.8),
            ("transposed and renamed", numbered, 0.999),
            (
                "all at once",
                base.noisy(0.1, seed: 8).permutingNeurons(seed: 5, scaling: true).permutingHiddenUnits(seed: 6), 0.6
            ),
        ]
        for (what, model, least) in derivatives {
            let comparison = try compare(base, model)
            #expect(
                comparison.verdict == .related && comparison.similarity >= least, "\(what): \(comparison.similarity)")
            #expect(comparison.pValue == WeightComparison.smallestPValue)
        }
    }

    @Test func layersAndVocabularyMayChange() throws {
        let long = SyntheticModel(seed: 2, layers: 4)
        var short = long.mapped { tensor in
            var result = tensor
            result.name = tensor.name.replacing("layers.3.", with: "layers.1.")
            return result
        }
        short.tensors.removeAll { $0.name.contains("layers.1.") && long.tensor($0.name)?.values == $0.values }
        short.tensors[0] = short.tensors[0].taking(rows: Array(0..<2048) + [5, 6, 7])
        let comparison = try compare(long, short)
        #expect(comparison.verdict == .related && comparison.similarity > 0.99)
        #expect(comparison.onlyInA.count == 6 && comparison.onlyInB.isEmpty)
        #expect(comparison.onlyInA.allSatisfy { $0.contains("layers.1.") })
        let layers = LayerSummary.of(comparison)
        #expect(layers.map(\.layer) == [nil, 0, 2, 3] && layers.last?.matchedLayers == [1])
        let other = try compare(short, long)
        #expect(other.similarity == comparison.similarity && other.onlyInB == comparison.onlyInA)
    }

    @Test func aSharedEmbeddingIsNotAnOrigin() throws {
        var other = SyntheticModel(seed: 9)
        other.tensors[0] = Self.base.tensors[0]
        let comparison = try compare(Self.base, other)
        #expect(comparison.verdict == .sharesParts)
        let statement = LineageStatement(comparison, a: "A", b: "B").text
        #expect(statement.contains("1 of 19") && statement.contains("embed_tokens"))
        var half = SyntheticModel(seed: 9)
        for index in 0..<10 { half.tensors[index] = Self.base.tensors[index] }
        let layers = LayerSummary.of(try compare(Self.base, half))
        #expect(layers.map(\.state) == [.unchanged, .unchanged, .partly, .replaced])
    }

    /// A matrix too small for a grid is matched by its neurons alone, which does not make it reordered.
    @Test func smallMatricesAreNotCalledReordered() throws {
        var model = Self.base
        var generator = SeededGenerator(seed: 12)
        let values = (0..<3 * SyntheticModel.hidden).map { _ in generator.normal() }
        model.tensors.append(
            SyntheticModel.Tensor(name: "token_types.weight", rows: 3, columns: SyntheticModel.hidden, values: values))
        let comparison = try compare(model, model)
        let small = try #require(comparison.matches.first { $0.name == "token_types.weight" })
        #expect(small.weights == nil && small.evidence == .neurons && !small.isReordered)
        #expect(LayerSummary.of(comparison).allSatisfy { $0.state == .unchanged })
        let permuted = try compare(Self.base, Self.base.permutingHiddenUnits(seed: 6))
        #expect(permuted.matches.filter(\.isReordered).count == permuted.matches.count)
    }

    @Test func storageChangesNothingThatMatters() throws {
        let plain = try Self.base.fingerprint()
        for storage in [SyntheticModel.Storage.float16, .brainFloat16, .float64] {
            let comparison = try WeightComparison(plain, Self.base.fingerprint(as: storage))
            #expect(comparison.verdict == .related && comparison.similarity > 0.998, "\(storage)")
        }
        #expect(try Self.base.fingerprint(workers: 4) == plain)
    }

    @Test func fingerprintFilesKeepEverything() throws {
        let folder = try ModelFolder()
        try folder.write(Self.base.bytes())
        let fingerprint = try ModelFingerprint(ModelWeights(path: folder.path), workers: 2)
        try folder.write(Array(fingerprint.json().utf8), as: "f.json")
        let read = try ModelFingerprint(path: "\(folder.path)/f.json")
        #expect(read == fingerprint && read.json() == fingerprint.json())
        #expect(fingerprint.json().utf8.count < 20 * 12_000)
        for (from, to, expected) in [
            ("\"version\" : 1", "\"version\" : 2", "version 2"), ("gradprint-lineage", "other", "no fingerprint"),
            ("\"isVocabulary\" : true", "\"isVocabulary\" : 1", "isVocabulary"),
        ] {
            try folder.write(Array(fingerprint.json().replacing(from, with: to).utf8), as: "f.json")
            let error = #expect(throws: LineageError.self) { try ModelFingerprint(path: "\(folder.path)/f.json") }
            #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
        }
        try folder.write(Array(fingerprint.json().utf8.prefix(5000)), as: "f.json")
        #expect(throws: LineageError.self) { try ModelFingerprint(path: "\(folder.path)/f.json") }
    }
}
