import Foundation
import Kernels
import Lineage
import Testing

@Suite struct TensorGuardTests {
    private struct Published: Decodable {
        let bases: [String]
        let families: [String: String]
    }

    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(
        path: "Fixtures/tensorguard")

    private func published() throws -> (models: [ModelFingerprint], bases: [Int], families: [String]) {
        let list = try JSONDecoder().decode(
            Published.self, from: Data(contentsOf: Self.folder.appending(path: "families.json")))
        let names = list.families.keys.sorted()
        let models = try names.map {
            try ModelFingerprint(path: Self.folder.appending(path: "features/\($0)_features.json").path)
        }
        #expect(models.map(\.model.name) == names)
        return (models, list.bases.map { names.firstIndex(of: $0)! }, names.map { list.families[$0]! })
    }

    /// The figures of the paper's own code on the paper's own fingerprints.
    @Test func publishedFingerprintsAreClassifiedAsPublished() throws {
        let (models, bases, families) = try published()
        #expect(models.count == 58 && bases.count == 8)
        let classifier = TensorGuardClassifier(models: models.map { $0.tensorguard! }, bases: bases)
        let right = models.indices.filter { families[classifier.assignments[$0].base] == families[$0] }
        #expect(right.count == 54)
        #expect(right.filter { !bases.contains($0) }.count == 47)
        let nearest = models.indices.filter {
            !bases.contains($0) && families[classifier.assignments[$0].nearestBase] == families[$0]
        }
        #expect(nearest.count == 45)
    }

    @Test func theLibraryGivesTheSameAnswersAndKnowsTheUnknown() throws {
        let (models, bases, families) = try published()
        let folder = try ModelFolder()
        var library = try FingerprintLibrary(path: folder.path)
        for index in models.indices {
            try library.add(models[index], family: families[index], isBase: bases.contains(index))
        }
        let reopened = try FingerprintLibrary(path: folder.path)
        #expect(reopened.members == library.members && reopened.members.count == 58)
        let derivatives = models.indices.filter { !bases.contains($0) }
        // As in the paper: the 58 are clustered together, so that the queries are members already.
        let answers = try LineageClassifier(library: reopened, threshold: .infinity)
            .classify([models[derivatives[0]]], method: .tensorguard)
        #expect(answers[0].family == families[derivatives[0]])
        var values = models[0].tensorguard!.values
        values[0] += 1000 * abs(values[0])
        values[4] *= 100
        let strange = ModelFingerprint(
            model: models[0].model, weights: nil, tensorguard: TensorGuardFeatures(values: values))
        #expect(try LineageClassifier(library: reopened).classify([strange], method: .tensorguard)[0].family == nil)
        #expect(throws: LineageError.self) {
            try LineageClassifier(library: reopened).classify([strange], method: .weights)
        }
    }

    @Test func momentsAreThoseOfTheGradientItself() {
        var generator = SeededGenerator(seed: 4)
        for (rows, columns) in [(1, 2), (5, 7), (40, 33)] {
            let w = (0..<rows * columns).map { _ in Double(generator.normal()) + 0.3 }
            let x = (0..<columns).map { _ in generator.normal() }
            let y = (0..<rows).map { row in (0..<columns).reduce(0) { $0 + w[row * columns + $1] * Double(x[$1]) } }
            let loss = y.reduce(0) { $0 + $1 * $1 }.squareRoot()
            // d‖xWᵀ‖/dW by central differences of the loss.
            var gradient: [Double] = []
            for index in w.indices {
                var losses: [Double] = []
                for step in [1e-5, -1e-5] {
                    var moved = y
                    moved[index / columns] += step * Double(x[index % columns])
                    losses.append(moved.reduce(0) { $0 + $1 * $1 }.squareRoot())
                }
                gradient.append((losses[0] - losses[1]) / 2e-5)
            }
            let n = Double(gradient.count)
            let mean = gradient.reduce(0, +) / n
            func central(_ k: Int) -> Double {
                gradient.reduce(0) { sum, g in sum + (0..<k).reduce(1) { value, _ in value * (g - mean) } } / n
            }
            let moments = GradientMoments(y: y, x: x)
            #expect(abs(moments.mean - mean) < 1e-7)
            #expect(abs(moments.standardDeviation - central(2).squareRoot()) < 1e-7)
            #expect(abs(moments.norm - gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()) < 1e-6)
            #expect(abs(moments.skewness - central(3) / (central(2) * central(2).squareRoot())) < 1e-5)
            #expect(abs(moments.kurtosis - (central(4) / (central(2) * central(2)) - 3)) < 1e-5)
            // The flaw: the norm is ‖x‖ whatever the weights are.
            #expect(abs(moments.norm - x.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()) < 1e-6 && loss > 0)
        }
    }

    /// Models of one shape and different weights have nearly the same features, which is why the method cannot tell them
    /// apart; the norms, which the weights do not enter, are equal but for the adversarial step's direction.
    @Test func featuresSayLittleMoreThanTheShape() throws {
        let folder = try ModelFolder()
        func features(_ seed: UInt64) throws -> TensorGuardFeatures {
            try folder.write(SyntheticModel(seed: seed).bytes(), as: "\(seed).safetensors")
            return try TensorGuardFingerprinter(workers: 2)
                .fingerprint(ModelWeights(path: "\(folder.path)/\(seed).safetensors"))
        }
        let (a, b) = (try features(1), try features(2))
        #expect(a != b)
        #expect(abs(a.globalNorm / b.globalNorm - 1) < 0.02)
        #expect(abs(a.attention.standardDeviation / b.attention.standardDeviation - 1) < 0.02)
        #expect(a.embedding.norm > 0 && a.feedForward.norm > 0)
        #expect(try features(1) == a)
    }
}
