import Baselines
import Kernels
import Probing
import Testing

@Suite struct GradientMethodTests {
    private func cosine(_ a: [Double], _ b: [Double]) -> Double {
        inner(a, b) / (inner(a, a) * inner(b, b)).squareRoot()
    }

    /// P of ±1/√m as written down, or the identity where gradients are no longer than m.
    private func projected(_ gradient: [Double], outputs: Int, seed: UInt64) -> [Double] {
        guard outputs < gradient.count else { return gradient }
        let signs = CounterSigns(seed: seed)
        return (0..<outputs).map { output in
            gradient.indices.reduce(0) {
                $0 + (signs.isPositive(row: output, column: $1) ? 1 : -1) * gradient[$1]
            } / Double(outputs).squareRoot()
        }
    }

    @Test(arguments: [6, 18, 512]) func `it is the cosine of projected gradients`(outputs: Int) throws {
        let fixture = try Fixture()
        let method = try GradientMethod(
            corpus: fixture.corpus, probe: fixture.probe, settings: .init(outputs: outputs, seed: 9), workers: 1)
        let reference = Reference(probe: fixture.probe)
        let expected = (0..<fixture.outputs.count).map { output in
            let y = projected(reference.lossGradient(fixture.outputs, output), outputs: outputs, seed: 9)
            return (0..<fixture.corpus.count).map {
                cosine(y, projected(reference.lossGradient(fixture.corpus, $0), outputs: outputs, seed: 9))
            }
        }
        #expect(relativeError(try allScores(method, fixture.outputs), expected) < 1e-4)
    }

    @Test func `similarity is the cosine of embeddings`() throws {
        let fixture = try Fixture()
        let method = try SimilarityMethod(corpus: fixture.corpus)
        let expected = (0..<fixture.outputs.count).map { output in
            (0..<fixture.corpus.count).map {
                cosine(
                    fixture.outputs.embeddings.row(output).map(Double.init),
                    fixture.corpus.embeddings.row($0).map(Double.init))
            }
        }
        #expect(relativeError(try allScores(method, fixture.outputs), expected) < 1e-5)
    }

    @Test(arguments: [6, 18]) func `TRAK is the formula of the paper`(outputs: Int) throws {
        let fixture = try Fixture()
        let settings = TrakMethod.Settings(probes: 3, outputs: outputs, ridge: 0.01, l2: 1e-2, seed: 4)
        let method = try TrakMethod(
            corpus: fixture.corpus, classes: Fixture.classes, settings: settings, workers: 1)
        let (count, queries) = (fixture.corpus.count, fixture.outputs.count)
        var kernel = [[Double]](repeating: [Double](repeating: 0, count: count), count: queries)
        var doubt = [Double](repeating: 0, count: count)
        let parameters = try #require(method.state.arrays.first { $0.name == "parameters" }).values
        for member in 0..<3 {
            let reference = Reference(
                probe: LinearProbe(
                    dimension: Fixture.dimension, classes: Fixture.classes, parameters: parameters.row(member)))
            let seed = 4 &+ UInt64(member) &* 0x9e37_79b9_7f4a_7c15
            func features(_ rows: LabelledRows) -> [[Double]] {
                (0..<rows.count).map { projected(reference.marginGradient(rows, $0), outputs: outputs, seed: seed) }
            }
            let phi = features(fixture.corpus)
            var gram = multiply(transposed(phi), phi)
            let mean = gram.indices.reduce(0) { $0 + gram[$1][$1] } / Double(gram.count)
            for index in gram.indices { gram[index][index] += 0.01 * mean }
            let part = multiply(multiply(features(fixture.outputs), inverse(gram)), transposed(phi))
            for y in 0..<queries { for x in 0..<count { kernel[y][x] += part[y][x] / 3 } }
            for x in 0..<count {
                doubt[x] += (1 - reference.probabilities(fixture.corpus, x)[Int(fixture.corpus.labels[x])]) / 3
            }
        }
        let expected = kernel.map { zip($0, doubt).map(*) }
        #expect(relativeError(try allScores(method, fixture.outputs), expected) < 1e-4)
        // Halves differ; the whole corpus does not.
        #expect(parameters.row(0) != parameters.row(1))
        let whole = try TrakMethod(
            corpus: fixture.corpus, classes: Fixture.classes,
            settings: .init(probes: 2, share: 1, l2: 1e-2, iterations: 50), workers: 1)
        let same = try #require(whole.state.arrays.first { $0.name == "parameters" }).values
        #expect(same.row(0) == same.row(1))
    }
}
