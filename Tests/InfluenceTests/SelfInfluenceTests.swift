import Influence
import Kernels
import Probing
import Testing

@Suite struct SelfInfluenceTests {
    private let fixture = Fixture()

    private struct Case {
        let curvature: any CurvatureOperator
        let factors: GradientFactors
        let embeddings: Matrix
        let root: SquareRootExpansion
        /// gᵀKg of each sample in double precision.
        let naive: [Double]

        init(_ probe: any Probe, _ curvature: any CurvatureOperator, _ sample: Sample, count: Int) throws {
            let embeddings = sample.rows.rows(0..<count)
            let factors = try probe.gradientFactors(
                embeddings.elements.span, labels: sample.labels.span.extracting(0..<count))
            (self.embeddings, self.factors) = (embeddings, factors)
            let full = curvature.materialized(workers: 1)
            self.curvature = DenseCurvature(full)
            let eigen = Eigenvalues((0..<full.rows).map { full.row($0).map(Double.init) })
            let largest = eigen.values.max()!
            let lissa = try LiSSA(iterations: 10, damping: 0.01, largestEigenvalue: largest)
            root = SquareRootExpansion(lissa, largestEigenvalue: largest)
            let operation = eigen.mapped { lissa.response(to: $0 + 0.01) }
            let gradients = factors.materialized(embeddings: embeddings)
            naive = (0..<count).map { row in
                let gradient = gradients.row(row).map(Double.init)
                return zip(gradient, multiply(operation, gradient)).reduce(0) { $0 + $1.0 * $1.1 }
            }
        }

        func sketch(rows: Int, seed: UInt64, workers: Int = 1) throws -> SelfInfluenceSketch {
            try SelfInfluenceSketch(root, curvature, rows: rows, seed: seed, workers: workers)
        }

        func selfInfluence(_ sketch: SelfInfluenceSketch, workers: Int = 1) -> [Float] {
            sketch.selfInfluence(factors, embeddings: embeddings.elements.span, workers: workers)
        }
    }

    /// More samples than a block has.
    private func cases() throws -> [Case] {
        [
            try Case(fixture.linear, fixture.linearHessian, fixture.sample, count: 150),
            try Case(fixture.hidden, fixture.gaussNewton, fixture.sample, count: 150),
        ]
    }

    @Test func `it is unbiased, and its spread is the one that theory gives`() throws {
        for system in try cases() {
            let (rows, seeds) = (12, 300)
            var (sum, squares) = ([Double](repeating: 0, count: 150), [Double](repeating: 0, count: 150))
            for seed in 0..<seeds {
                let sketch = try system.sketch(rows: rows, seed: UInt64(seed))
                #expect(sketch.matrix.rows == rows && sketch.matrix.columns == system.curvature.parameterCount)
                for (sample, value) in system.selfInfluence(sketch).enumerated() {
                    let ratio = Double(value) / system.naive[sample]
                    sum[sample] += ratio
                    squares[sample] += (ratio - 1) * (ratio - 1)
                }
            }
            let expected = (2 / Double(rows)).squareRoot()
            for sample in 0..<150 {
                // Four standard errors of the mean, and the expansion's own error.
                #expect(abs(sum[sample] / Double(seeds) - 1) < 4 * expected / Double(seeds).squareRoot() + 2e-3)
                let spread = (squares[sample] / Double(seeds)).squareRoot()
                #expect(abs(spread / expected - 1) < 0.3)
            }
        }
    }

    @Test(arguments: [28, 64, 100]) func `with as many rows as parameters nothing is left to chance`(rows: Int) throws {
        for system in try cases() where system.curvature.parameterCount <= rows {
            let sketch = try system.sketch(rows: rows, seed: 1)
            #expect(sketch == (try system.sketch(rows: rows, seed: 2)))
            #expect(relativeError(system.selfInfluence(sketch), system.naive) < 2e-3)
        }
    }

    @Test func `it is the squared length of the sketch of the gradient`() throws {
        for system in try cases() {
            let sketch = try system.sketch(rows: 9, seed: 3)
            let gradients = system.factors.materialized(embeddings: system.embeddings)
            let naive = (0..<gradients.rows).map { sample in
                (0..<9).reduce(0.0) { sum, row in
                    let image = zip(sketch.matrix.row(row), gradients.row(sample)).reduce(0.0) {
                        $0 + Double($1.0) * Double($1.1)
                    }
                    return sum + image * image
                }
            }
            #expect(relativeError(system.selfInfluence(sketch), naive) < 1e-5)
        }
    }

    @Test func `gradients of zeros have none, and no samples give no numbers`() throws {
        for system in try cases() {
            let sketch = try system.sketch(rows: 9, seed: 3)
            var none = system.factors
            for layer in none.layers.indices {
                none.layers[layer].delta = Matrix(rows: 150, columns: none.layers[layer].delta.columns)
            }
            let zeros = sketch.selfInfluence(none, embeddings: system.embeddings.elements.span)
            #expect(zeros == [Float](repeating: 0, count: 150))
            let empty = system.factors.extracting(0..<0)
            #expect(sketch.selfInfluence(empty, embeddings: Span()) == [])
        }
    }

    @Test func `workers and blocks do not change it, the seed does`() throws {
        for system in try cases() {
            let sketch = try system.sketch(rows: 9, seed: 3)
            #expect(sketch == (try system.sketch(rows: 9, seed: 3, workers: 3)))
            #expect(sketch != (try system.sketch(rows: 9, seed: 4)))
            let whole = system.selfInfluence(sketch)
            #expect(whole == system.selfInfluence(sketch, workers: 3))
            let part = sketch.selfInfluence(
                system.factors.extracting(61..<80), embeddings: system.embeddings.rows(61..<80).elements.span)
            #expect(part == Array(whole[61..<80]))
        }
    }

    @Test func `without curvature and damping there is none`() throws {
        let flat = DiagonalCurvature(diagonal: [0, 0, 0])
        let damped = try LiSSA(iterations: 10, damping: 0.5, largestEigenvalue: 0)
        let root = SquareRootExpansion(damped, largestEigenvalue: 0)
        let sketch = try SelfInfluenceSketch(root, flat, seed: 1, workers: 1)
        // K = k(λ)·I.
        let diagonal = (0..<3).map { sketch.matrix[$0, $0] }
        #expect(diagonal.allSatisfy { abs(Double($0) / damped.response(to: 0.5).squareRoot() - 1) < 1e-3 })
        let undamped = try LiSSA(iterations: 10, damping: 0, largestEigenvalue: 0)
        #expect(throws: InfluenceError.sketchNotFinite) {
            try SelfInfluenceSketch(
                SquareRootExpansion(undamped, largestEigenvalue: 0), flat, seed: 1, workers: 1)
        }
        #expect("\(InfluenceError.sketchNotFinite)".contains("influence.damping"))
    }
}
