import Kernels
import Probing
import Testing

@Suite struct ProjectionTests {
    private let data = Labelled(count: 50, dimension: 13, classes: 5, seed: 11)

    /// P·vec(g) for every row, entry by entry.
    private func naive(_ projection: Matrix, _ gradients: Matrix) -> Matrix {
        var result = Matrix(rows: gradients.rows, columns: projection.rows)
        for row in 0..<gradients.rows {
            for output in 0..<projection.rows {
                result[row, output] = Float(inner(projection.row(output), gradients.row(row)))
            }
        }
        return result
    }

    private func expectClose(_ found: Matrix, _ expected: Matrix) {
        #expect(found.rows == expected.rows && found.columns == expected.columns)
        #expect(zip(found.elements, expected.elements).allSatisfy { abs($0 - $1) < 1e-5 * (1 + abs($1)) })
    }

    @Test(arguments: [1, 8, 32, 70])
    func `linear projection is P·vec(g)`(outputs: Int) throws {
        var probe = LinearProbe(dimension: 13, classes: 5)
        _ = try probe.train(sample: data.rows, labels: data.labels, ProbeTraining(l2: 0.1))
        let factors = try probe.gradientFactors(data.rows.elements.span, labels: data.labels.span)
        let projection = LinearProjection(classes: 5, dimension: 13, outputs: outputs, seed: 77)
        let matrix = CounterSigns(seed: 77).matrix(
            rows: outputs, columns: 5 * 14, scale: 1 / Float(outputs).squareRoot())
        let found = projection.project(factors, embeddings: data.rows.elements.span)
        expectClose(found, naive(matrix, factors.materialized(embeddings: data.rows)))
        let part = projection.project(
            factors.extracting(3..<20), embeddings: data.rows.elements.span.extracting(3 * 13..<20 * 13), workers: 2)
        #expect(part == found.rows(3..<20))
    }

    @Test func `Kronecker projection is (P_out ⊗ P_in)·vec(g), layer by layer`() throws {
        let probe = HiddenProbe(dimension: 13, classes: 5, hidden: 7, seed: 5)
        let factors = try probe.gradientFactors(data.rows.elements.span, labels: data.labels.span)
        let projection = KroneckerProjection(layers: probe.layers, sizes: [(out: 3, in: 4), (out: 2, in: 5)], seed: 8)
        #expect(projection.outputs == 22)
        let found = projection.project(factors, embeddings: data.rows.elements.span, workers: 2)
        expectClose(found, naive(projection.materialized, factors.materialized(embeddings: data.rows)))
        // Each part really is a Kronecker product: its rank-one blocks have vanishing 2 × 2 minors.
        let p = projection.materialized
        #expect(abs(p[0, 0] * p[4, 14] - p[0, 14] * p[4, 0]) < 1e-6)
    }

    @Test func `signs are balanced, independent of the height, and keep norms`() throws {
        let signs = CounterSigns(seed: 3)
        let matrix = signs.matrix(rows: 130, columns: 500, scale: 1)
        #expect(abs(matrix.elements.reduce(0, +)) < 4 * Float(130 * 500).squareRoot())
        #expect(signs.matrix(rows: 70, columns: 500, scale: 1) == matrix.rows(0..<70))
        #expect(CounterSigns(seed: 4).matrix(rows: 130, columns: 500, scale: 1) != matrix)
        #expect(CounterSigns(seed: 3, stream: 1).matrix(rows: 130, columns: 500, scale: 1) != matrix)
        // Any two rows agree in about half of the columns.
        for (a, b) in [(0, 1), (0, 64), (63, 64), (5, 129)] {
            #expect(abs(inner(matrix.row(a), matrix.row(b))) < 5 * 500.0.squareRoot())
        }
        // 2,000 outputs estimate a norm to a few per cent.
        var probe = LinearProbe(dimension: 13, classes: 5)
        _ = try probe.train(sample: data.rows, labels: data.labels, ProbeTraining(l2: 0.1))
        let factors = try probe.gradientFactors(data.rows.elements.span, labels: data.labels.span)
        let projected = LinearProjection(classes: 5, dimension: 13, outputs: 2000, seed: 1)
            .project(factors, embeddings: data.rows.elements.span)
        let gradients = factors.materialized(embeddings: data.rows)
        for row in 0..<10 {
            let ratio = inner(projected.row(row), projected.row(row)) / inner(gradients.row(row), gradients.row(row))
            #expect(abs(ratio - 1) < 0.2)
        }
    }
}

@Suite struct GaussianProjectionTests {
    @Test func `equals the naive P·vec(g), whatever the workers`() throws {
        let samples = Labelled(count: 600, dimension: 9, classes: 4, seed: 11)
        var probe = LinearProbe(dimension: 9, classes: 4)
        _ = try probe.train(sample: samples.rows, labels: samples.labels)
        let factors = try probe.gradientFactors(samples.rows.elements.span, labels: samples.labels.span)
        let projection = GaussianProjection(classes: 4, dimension: 9, outputs: 7, seed: 5)
        let projected = projection.project(factors, embeddings: samples.rows.elements.span, workers: 1)
        #expect(projection.project(factors, embeddings: samples.rows.elements.span, workers: 3) == projected)
        let gradients = factors.materialized(embeddings: samples.rows)
        for sample in 0..<gradients.rows {
            for output in 0..<7 {
                var expected = 0.0
                for index in 0..<gradients.columns {
                    expected += Double(projection.materialized[output, index]) * Double(gradients[sample, index])
                }
                #expect(abs(Double(projected[sample, output]) - expected) < 1e-5)
            }
        }
    }
}
