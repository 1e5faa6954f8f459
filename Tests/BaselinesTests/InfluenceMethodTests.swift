import Baselines
import Kernels
import Probing
import Testing

@Suite struct InfluenceMethodTests {
    /// −I(x, y) = ∇L(y)ᵀ A ∇L(x), for an explicit A.
    private func naive(_ fixture: Fixture, _ matrix: [[Double]]) -> [[Double]] {
        let reference = Reference(probe: fixture.probe)
        return (0..<fixture.outputs.count).map { output in
            let solution = multiply([reference.lossGradient(fixture.outputs, output)], matrix)[0]
            return (0..<fixture.corpus.count).map { inner(solution, reference.lossGradient(fixture.corpus, $0)) }
        }
    }

    private func inverseHessian(_ fixture: Fixture, damping: Double) -> [[Double]] {
        inverse(Reference(probe: fixture.probe).dampedHessian(fixture.corpus, damping: damping))
    }

    @Test func `exact influence is that of the explicit inverse`() throws {
        let fixture = try Fixture()
        let settings = InfluenceMethod.Settings(curvature: CurvatureSettings(.exact(damping: 0.01)))
        let method = try InfluenceMethod(corpus: fixture.corpus, probe: fixture.probe, settings: settings, workers: 1)
        let expected = naive(fixture, inverseHessian(fixture, damping: 0.01))
        #expect(relativeError(try allScores(method, fixture.outputs), expected) < 1e-4)
    }

    @Test func `relative influence is divided by the root of self-influence`() throws {
        let fixture = try Fixture()
        let settings = InfluenceMethod.Settings(
            curvature: CurvatureSettings(.exact(damping: 0.01)), isRelative: true)
        let method = try InfluenceMethod(corpus: fixture.corpus, probe: fixture.probe, settings: settings, workers: 1)
        let matrix = inverseHessian(fixture, damping: 0.01)
        let reference = Reference(probe: fixture.probe)
        let lengths = (0..<fixture.corpus.count).map { row in
            let gradient = reference.lossGradient(fixture.corpus, row)
            return inner(multiply([gradient], matrix)[0], gradient).squareRoot()
        }
        let expected = naive(fixture, matrix).map { zip($0, lengths).map { $0 / $1 } }
        #expect(relativeError(try allScores(method, fixture.outputs), expected) < 1e-4)
        #expect(method.name == "relative_influence")
    }

    /// With matrices and without: `memory: 0` leaves no room for them.
    @Test(arguments: [0, 1 << 30]) func `LiSSA is the truncated series`(memory: Int) throws {
        let fixture = try Fixture()
        let settings = InfluenceMethod.Settings(
            curvature: CurvatureSettings(.lissa(iterations: 7, damping: 0.05), memory: memory))
        let method = try InfluenceMethod(corpus: fixture.corpus, probe: fixture.probe, settings: settings, workers: 1)
        let hessian = Reference(probe: fixture.probe).dampedHessian(fixture.corpus, damping: 0.05)
        // μ = 1.1·(λ_max + λ), by the power method.
        var vector = [hessian.indices.map { 1 + Double($0 % 5) }]
        var largest = 0.0
        for _ in 0..<2000 {
            vector = multiply(vector, hessian)
            largest = inner(vector[0], vector[0]).squareRoot()
            vector[0] = vector[0].map { $0 / largest }
        }
        let scale = 1.1 * largest
        var power = hessian.indices.map { i in hessian.indices.map { $0 == i ? 1 / scale : 0 } }
        let base = hessian.indices.map { i in
            hessian.indices.map { (i == $0 ? 1 : 0) - hessian[i][$0] / scale }
        }
        var series = power
        for _ in 1..<7 {
            power = multiply(power, base)
            for i in series.indices { for j in series.indices { series[i][j] += power[i][j] } }
        }
        #expect(relativeError(try allScores(method, fixture.outputs), naive(fixture, series)) < 2e-3)
        // Many terms come to the exact solve.
        let long = InfluenceMethod.Settings(
            curvature: CurvatureSettings(.lissa(iterations: 2000, damping: 0.05), memory: memory))
        let converged = try InfluenceMethod(corpus: fixture.corpus, probe: fixture.probe, settings: long, workers: 1)
        #expect(relativeError(try allScores(converged, fixture.outputs), naive(fixture, inverse(hessian))) < 1e-3)
    }

    @Test func `an exact solve without room is refused`() throws {
        let fixture = try Fixture()
        let settings = InfluenceMethod.Settings(curvature: CurvatureSettings(.exact(damping: 0.01), memory: 1000))
        #expect(throws: BaselineError.tooManyParameters(parameters: 18, bytes: 36 * 18 * 18, allowed: 1000)) {
            try InfluenceMethod(corpus: fixture.corpus, probe: fixture.probe, settings: settings, workers: 1)
        }
    }

    @Test func `DDA is the mean over the stages of training minus a share of the start`() throws {
        let fixture = try Fixture()
        let settings = DebiasDenoiseMethod.Settings(
            curvature: CurvatureSettings(.exact(damping: 0.02)), debias: 0.3, stages: [2, 5], l2: 1e-2)
        let method = try DebiasDenoiseMethod(
            corpus: fixture.corpus, classes: Fixture.classes, settings: settings, workers: 1)
        var expected: [[Double]] = []
        for (iterations, weight) in [(0, -0.3), (2, 0.5), (5, 0.5)] {
            var probe = LinearProbe(dimension: Fixture.dimension, classes: Fixture.classes)
            if iterations > 0 {
                let optimizer = LBFGS(iterations: iterations, valueTolerance: 0)
                _ = try probe.train(
                    sample: fixture.corpus.embeddings, labels: fixture.corpus.labels,
                    ProbeTraining(l2: 1e-2, optimizer: optimizer))
            }
            let reference = Reference(probe: probe)
            let matrix = inverse(reference.dampedHessian(fixture.corpus, damping: 0.02))
            let part = (0..<fixture.outputs.count).map { output in
                let solution = multiply([reference.lossGradient(fixture.outputs, output)], matrix)[0]
                return (0..<fixture.corpus.count).map {
                    weight * inner(solution, reference.lossGradient(fixture.corpus, $0))
                }
            }
            expected = expected.isEmpty ? part : zip(expected, part).map { zip($0, $1).map(+) }
        }
        #expect(relativeError(try allScores(method, fixture.outputs), expected) < 1e-4)
    }
}
