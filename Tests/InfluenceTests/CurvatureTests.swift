import Influence
import Kernels
import Probing
import Testing

@Suite struct CurvatureTests {
    private let fixture = Fixture()

    @Test func `the linear probe's products are those of the naive Hessian`() {
        let parameters = fixture.linear.parameters.map(Double.init)
        let naive = Reference(fixture.linear).linearHessian(parameters, fixture.sample.rows)
        // More vectors than are multiplied at once, and not a multiple of that.
        let vectors = Fixture.vectors(19, 28, seed: 6)
        let products = fixture.linearHessian.apply(vectors, workers: 1)
        for row in 0..<vectors.rows {
            #expect(relativeError(products.row(row), multiply(naive, vectors.row(row).map(Double.init))) < 1e-5)
        }
        #expect(relativeError(fixture.linearHessian.materialized(workers: 1).elements, naive.flatMap(\.self)) < 1e-5)
    }

    @Test func `the linear probe's products are the differences of the mean gradient`() throws {
        let (sample, probe) = (fixture.sample, fixture.linear)
        let reference = Reference(probe)
        let parameters = probe.parameters.map(Double.init)
        let factors = try probe.gradientFactors(sample.rows.elements.span, labels: sample.labels.span)
        let gradients = factors.materialized(embeddings: sample.rows)
        let mean = (0..<28).map { column in
            (0..<sample.rows.rows).reduce(0.0) { $0 + Double(gradients[$1, column]) } / Double(sample.rows.rows)
        }
        // The gradient that is differentiated is the probe's.
        #expect(relativeError(reference.meanGradient(parameters, sample.rows, sample.labels), mean) < 1e-5)
        let vectors = Fixture.vectors(3, 28, seed: 7)
        let products = fixture.linearHessian.apply(vectors, workers: 1)
        let step = 1e-5
        for row in 0..<vectors.rows {
            let vector = vectors.row(row).map(Double.init)
            let up = zip(parameters, vector).map { $0 + step * $1 }
            let down = zip(parameters, vector).map { $0 - step * $1 }
            let difference = zip(
                reference.meanGradient(up, sample.rows, sample.labels),
                reference.meanGradient(down, sample.rows, sample.labels)
            ).map { ($0 - $1) / (2 * step) }
            #expect(relativeError(products.row(row), difference) < 1e-5)
        }
    }

    @Test func `the hidden probe's products are those of the naive Gauss-Newton matrix`() {
        let parameters = fixture.hidden.parameters.map(Double.init)
        let naive = Reference(fixture.hidden).gaussNewton(parameters, fixture.sample.rows)
        let vectors = Fixture.vectors(5, fixture.hidden.parameterCount, seed: 8)
        let products = fixture.gaussNewton.apply(vectors, workers: 1)
        for row in 0..<vectors.rows {
            #expect(relativeError(products.row(row), multiply(naive, vectors.row(row).map(Double.init))) < 2e-5)
        }
        #expect(relativeError(fixture.gaussNewton.materialized(workers: 1).elements, naive.flatMap(\.self)) < 2e-5)
    }

    /// They count as rows, and add nothing.
    @Test func `zero rows only make it smaller`() {
        let sample = fixture.sample.rows
        let more = Matrix(
            rows: sample.rows + 300, columns: 6, elements: sample.elements + [Float](repeating: 0, count: 300 * 6))
        let share = Float(sample.rows) / Float(more.rows)
        for (all, with) in zip(
            fixture.curvatures,
            [LinearProbeHessian(fixture.linear, rows: more), HiddenProbeGaussNewton(fixture.hidden, rows: more)]
                as [any CurvatureOperator])
        {
            let vectors = Fixture.vectors(2, all.parameterCount, seed: 9)
            let expected = all.apply(vectors, workers: 1).elements.map { Double($0 * share) }
            #expect(relativeError(with.apply(vectors, workers: 1).elements, expected) < 1e-5)
            let full = all.materialized(workers: 1).elements.map { Double($0 * share) }
            #expect(relativeError(with.materialized(workers: 1).elements, full) < 1e-5)
        }
    }

    @Test func `in full it is symmetric, and its columns are the products with unit vectors`() {
        for curvature in fixture.curvatures {
            let count = curvature.parameterCount
            let full = curvature.materialized(workers: 2)
            var unit = Matrix(rows: count, columns: count)
            for index in 0..<count { unit[index, index] = 1 }
            #expect(relativeError(full, curvature.apply(unit, workers: 2)) < 1e-5)
            let scale = full.elements.map(abs).max()!
            for i in 0..<count {
                for j in 0..<i { #expect(abs(full[i, j] - full[j, i]) < 1e-5 * scale) }
            }
        }
    }

    @Test func `no direction has negative curvature`() {
        for curvature in fixture.curvatures {
            let vectors = Fixture.vectors(200, curvature.parameterCount, seed: 9)
            let products = curvature.apply(vectors, workers: 2)
            for row in 0..<vectors.rows {
                let form = zip(vectors.row(row), products.row(row)).reduce(0.0) { $0 + Double($1.0 * $1.1) }
                #expect(form > -1e-5)
            }
        }
        // The same number added to every class' logit changes no probability: the curvature there is none.
        let constant = (0..<28).map { Float([1, -2, 3, 0.5, 1, 2, -1][$0 % 7]) }
        let product = fixture.linearHessian.apply(Matrix(rows: 1, columns: 28, elements: constant), workers: 1)
        #expect(product.elements.allSatisfy { abs($0) < 1e-5 })
    }

    @Test func `the result does not depend on the number of workers`() {
        for curvature in fixture.curvatures {
            let vectors = Fixture.vectors(50, curvature.parameterCount, seed: 10)
            #expect(curvature.apply(vectors, workers: 1) == curvature.apply(vectors, workers: 3))
            #expect(curvature.materialized(workers: 1) == curvature.materialized(workers: 3))
        }
    }

    @Test func `no vectors give no products`() {
        for curvature in fixture.curvatures {
            let product = curvature.apply(Matrix(rows: 0, columns: curvature.parameterCount), workers: 2)
            #expect(product == Matrix(rows: 0, columns: curvature.parameterCount))
        }
    }
}

@Suite struct PowerIterationTests {
    private let fixture = Fixture()

    @Test func `a known matrix has a known largest eigenvalue`() {
        let known = DiagonalCurvature(diagonal: [1, 0.5, 4, 3, 0])
        let power = PowerIteration(known, seed: 1, tolerance: 1e-9, workers: 1)
        #expect(abs(power.eigenvalue - 4) < 1e-4)
        #expect(power.converged)
        let limited = PowerIteration(
            DiagonalCurvature(diagonal: [1, 0.99, 0.98]), seed: 1, iterations: 2, tolerance: 1e-12, workers: 1)
        #expect(limited.iterations == 2 && !limited.converged)
    }

    @Test func `a probe's largest eigenvalue is that of the matrix in full`() {
        for curvature in fixture.curvatures {
            let full = curvature.materialized(workers: 1)
            let matrix = (0..<full.rows).map { full.row($0).map(Double.init) }
            var vector = (0..<full.rows).map { 1 + Double($0 * 7 % 11) }
            var largest = 0.0
            for _ in 0..<5000 {
                vector = multiply(matrix, vector)
                largest = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
                vector = vector.map { $0 / largest }
            }
            let quick = PowerIteration(curvature, seed: 2, workers: 1)
            #expect(quick.converged && quick.eigenvalue <= largest * (1 + 1e-5) && quick.eigenvalue > 0.97 * largest)
            let long = PowerIteration(curvature, seed: 2, iterations: 3000, tolerance: 0, workers: 1)
            #expect(abs(long.eigenvalue - largest) < 1e-4 * largest)
        }
    }

    @Test func `the seed alone decides`() {
        let curvature = fixture.linearHessian
        let one = PowerIteration(curvature, seed: 5, iterations: 3, workers: 1)
        #expect(one == PowerIteration(curvature, seed: 5, iterations: 3, workers: 3))
        #expect(one.eigenvalue != PowerIteration(curvature, seed: 6, iterations: 3, workers: 1).eigenvalue)
    }

    @Test func `no curvature is found to be none`() {
        let power = PowerIteration(DiagonalCurvature(diagonal: [0, 0, 0]), seed: 1, workers: 1)
        #expect(power.eigenvalue == 0 && power.converged)
    }
}
