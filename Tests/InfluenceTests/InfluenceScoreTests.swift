import Influence
import Kernels
import Probing
import Testing

@Suite struct InfluenceScoreTests {
    private let fixture = Fixture()

    @Test func `it is minus the inner product with the gradient`() throws {
        let sample = fixture.sample
        for probe in [fixture.linear, fixture.hidden] as [any Probe] {
            let factors = try probe.gradientFactors(sample.rows.elements.span, labels: sample.labels.span)
            let gradients = factors.materialized(embeddings: sample.rows)
            let solution = Fixture.vectors(1, probe.parameterCount, seed: 13).elements
            let influence = Influence.of(solution: solution.span, factors: factors, embeddings: sample.rows)
            let naive = (0..<sample.rows.rows).map { row in
                -zip(gradients.row(row), solution).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
            }
            #expect(influence.count == sample.rows.rows)
            #expect(relativeError(influence, naive) < 1e-5)
        }
    }

    @Test func `relative influence has its sign, and is nothing without self-influence`() {
        let relative = Influence.relative([-6, 6, -1, 1, 0, 1], selfInfluence: [4, 9, 0, .nan, 4, .infinity])
        #expect(relative == [-3, 2, 0, 0, 0, 0])
    }

    @Test func `it is symmetric, and a sample is its own proponent`() throws {
        let probes: [(any Probe, any CurvatureOperator)] = [
            (fixture.linear, fixture.linearHessian), (fixture.hidden, fixture.gaussNewton),
        ]
        let (rows, labels) = (fixture.sample.rows.rows(0..<30), Array(fixture.sample.labels.prefix(30)))
        for (probe, curvature) in probes {
            let factors = try probe.gradientFactors(rows.elements.span, labels: labels.span)
            let solver = ExactSolver(curvature, damping: 0.05, workers: 1)
            let solutions = try solver.solve(factors.materialized(embeddings: rows))
            let influence = (0..<30).map { output in
                Influence.of(solution: solutions.row(output).span, factors: factors, embeddings: rows)
            }
            let scale = influence.joined().map(abs).max()!
            for i in 0..<30 {
                #expect(influence[i][i] < 0)
                for j in 0..<i { #expect(abs(influence[i][j] - influence[j][i]) < 1e-4 * scale) }
            }
        }
    }
}

/// What influence is for: it says what retraining without a sample would do.
@Suite struct RetrainingTests {
    private static let training = ProbeTraining(
        l2: 0.01, optimizer: LBFGS(iterations: 500, gradientTolerance: 1e-6, valueTolerance: 1e-12))

    private static func train(_ sample: Sample) throws -> LinearProbe {
        var probe = LinearProbe(dimension: sample.rows.columns, classes: 3)
        _ = try probe.train(sample: sample.rows, labels: sample.labels, training)
        return probe
    }

    private static func loss(_ probe: LinearProbe, _ held: Sample, _ output: Int) throws -> Double {
        try probe.loss(held.rows.row(output).span, labels: [held.labels[output]].span).mean
    }

    /// The influence of each training sample on each held-out output, exact; the probe's l2 is the damping.
    private static func influence(_ probe: LinearProbe, _ sample: Sample, on held: Sample) throws -> [[Float]] {
        let curvature = LinearProbeHessian(probe, rows: sample.rows)
        let gradients = try probe.gradientFactors(held.rows.elements.span, labels: held.labels.span)
        let solutions = try ExactSolver(curvature, damping: training.l2, workers: 1)
            .solve(gradients.materialized(embeddings: held.rows))
        let factors = try probe.gradientFactors(sample.rows.elements.span, labels: sample.labels.span)
        return (0..<held.labels.count).map {
            Influence.of(solution: solutions.row($0).span, factors: factors, embeddings: sample.rows)
        }
    }

    @Test(arguments: [21, 22, 23] as [UInt64])
    func `without its proponents an output's loss rises, without its opponents it falls`(seed: UInt64) throws {
        BLAS.setThreads(1)
        let sample = Sample(count: 150, dimension: 5, classes: 3, noise: 0.1, seed: seed)
        let held = Sample(count: 12, dimension: 5, classes: 3, noise: 0, seed: seed + 100)
        let probe = try Self.train(sample)
        let influence = try Self.influence(probe, sample, on: held)
        var (base, withoutProponents, withoutOpponents, withoutRandom) = (0.0, 0.0, 0.0, 0.0)
        var generator = SeededGenerator(seed: seed)
        for output in held.labels.indices {
            let order = sample.labels.indices.sorted { influence[output][$0] < influence[output][$1] }
            func retrained(without removed: [Int]) throws -> Double {
                try Self.loss(try Self.train(sample.removing(Set(removed))), held, output)
            }
            base += try Self.loss(probe, held, output) / 12
            withoutProponents += try retrained(without: Array(order.prefix(10))) / 12
            withoutOpponents += try retrained(without: Array(order.suffix(10))) / 12
            withoutRandom += try retrained(without: generator.sample(10, below: 150)) / 12
        }
        #expect(withoutProponents > base * 1.5)
        #expect(withoutOpponents < base * 0.6)
        #expect(withoutProponents > withoutRandom && withoutRandom > withoutOpponents)
    }

    @Test func `leaving one sample out changes the loss as predicted`() throws {
        BLAS.setThreads(1)
        let sample = Sample(count: 150, dimension: 5, classes: 3, noise: 0.1, seed: 31)
        let held = Sample(count: 4, dimension: 5, classes: 3, noise: 0, seed: 32)
        let probe = try Self.train(sample)
        let influence = try Self.influence(probe, sample, on: held)
        var (predicted, measured): ([Double], [Double]) = ([], [])
        for removed in 0..<sample.labels.count {
            let retrained = try Self.train(sample.removing([removed]))
            for output in held.labels.indices {
                // x weighs 1/N less: the loss moves by −I(x, y) / N.
                predicted.append(-Double(influence[output][removed]) / 150)
                measured.append(try Self.loss(retrained, held, output) - Self.loss(probe, held, output))
            }
        }
        #expect(correlation(predicted, measured) > 0.99)
        let slope = zip(predicted, measured).reduce(0) { $0 + $1.0 * $1.1 } / predicted.reduce(0) { $0 + $1 * $1 }
        #expect(abs(slope - 1) < 0.2)
    }

    private func correlation(_ a: [Double], _ b: [Double]) -> Double {
        let (meanA, meanB) = (a.reduce(0, +) / Double(a.count), b.reduce(0, +) / Double(b.count))
        let (x, y) = (a.map { $0 - meanA }, b.map { $0 - meanB })
        func inner(_ u: [Double], _ v: [Double]) -> Double { zip(u, v).reduce(0) { $0 + $1.0 * $1.1 } }
        return inner(x, y) / (inner(x, x) * inner(y, y)).squareRoot()
    }
}
