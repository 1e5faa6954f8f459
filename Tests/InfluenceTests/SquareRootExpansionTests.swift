import Influence
import Kernels
import Testing

@Suite struct SquareRootExpansionTests {
    private let fixture = Fixture()

    @Test func `the response to an eigenvalue is the sum of the series`() throws {
        for iterations in [1, 2, 3, 7, 10, 64, 101] {
            let lissa = try LiSSA(iterations: iterations, damping: 0.1, largestEigenvalue: 1, scale: 0.8)
            for eigenvalue in [0, 1e-12, 0.1, 0.5, 0.8, 1.1, 1.5] {
                var (sum, power) = (0.0, 1.0)
                for _ in 0..<iterations {
                    sum += power / 0.8
                    power *= 1 - eigenvalue / 0.8
                }
                #expect(abs(lissa.response(to: eigenvalue) - sum) < 1e-12 * sum)
            }
        }
        let long = try LiSSA(iterations: 100_000, damping: 0.1, largestEigenvalue: 1)
        #expect(abs(long.response(to: 0.1) - 10) < 1e-9)
    }

    /// Damping, T, scale; λ_max is 1.
    @Test(
        arguments: [
            (0.01, 1, nil), (0.01, 10, nil), (0.01, 1000, nil), (0, 10, nil), (0, 1000, nil), (0, 100_000, nil),
            (1e-6, 100_000, nil), (10, 10, nil), (0.01, 10, 0.52), (0.01, 10, 50), (0.01, 11, 0.506),
        ] as [(Double, Int, Double?)])
    func `the error is below a thousandth all over the interval`(damping: Double, iterations: Int, scale: Double?)
        throws
    {
        let lissa = try LiSSA(iterations: iterations, damping: damping, largestEigenvalue: 1, scale: scale)
        let expansion = SquareRootExpansion(lissa, largestEigenvalue: 1)
        #expect(expansion.lower == damping && expansion.upper > 1 + damping && expansion.upper < 2 * lissa.scale)
        var worst = 0.0
        for step in 0...20_000 {
            // Denser towards the lower end, where √k changes most.
            let share = Double(step) / 20_000
            let eigenvalue = expansion.lower + (expansion.upper - expansion.lower) * share * share
            let root = lissa.response(to: eigenvalue).squareRoot()
            worst = max(worst, abs(expansion.value(at: eigenvalue) / root - 1))
        }
        #expect(worst < 1e-3)
        #expect(abs(worst - expansion.error) < 0.1 * worst + 1e-9)
    }

    @Test func `a looser tolerance needs fewer products`() throws {
        let lissa = try LiSSA(iterations: 100, damping: 0.001, largestEigenvalue: 1)
        let degrees = [1e-2, 1e-3, 1e-6].map {
            SquareRootExpansion(lissa, largestEigenvalue: 1, tolerance: $0).degree
        }
        #expect(degrees == degrees.sorted() && Set(degrees).count == 3)
        let flat = try LiSSA(iterations: 1, damping: 0.001, largestEigenvalue: 1)
        #expect(SquareRootExpansion(flat, largestEigenvalue: 1).degree == 0)
    }

    @Test(arguments: [3, 10, 200]) func `it is the square root that an eigendecomposition gives`(iterations: Int) throws
    {
        for curvature in fixture.curvatures {
            let full = curvature.materialized(workers: 1)
            let eigen = Eigenvalues((0..<full.rows).map { full.row($0).map(Double.init) })
            let largest = eigen.values.max()!
            let lissa = try LiSSA(iterations: iterations, damping: largest / 50, largestEigenvalue: largest)
            let naive = eigen.mapped { lissa.response(to: $0 + lissa.damping).squareRoot() }
            let vectors = Fixture.vectors(5, curvature.parameterCount, seed: 31)
            let root = SquareRootExpansion(lissa, largestEigenvalue: largest)
            let images = root.apply(vectors, curvature, workers: 1)
            for row in 0..<vectors.rows {
                #expect(relativeError(images.row(row), multiply(naive, vectors.row(row).map(Double.init))) < 1e-3)
            }
            // Twice the square root is LiSSA itself.
            let twice = root.apply(images, curvature, workers: 1)
            #expect(relativeError(twice, try lissa.solve(vectors, curvature, workers: 1).vectors) < 2e-3)
        }
    }

    @Test func `the curvature in full gives the same products`() {
        for curvature in fixture.curvatures {
            let dense = DenseCurvature(curvature.materialized(workers: 1))
            let vectors = Fixture.vectors(7, curvature.parameterCount, seed: 32)
            #expect(relativeError(dense.apply(vectors, workers: 1), curvature.apply(vectors, workers: 1)) < 1e-5)
            #expect(dense.materialized(workers: 1) == curvature.materialized(workers: 1))
        }
        // Wider than a block of columns.
        let wide = DenseCurvature(Fixture.vectors(700, 700, seed: 33))
        let vectors = Fixture.vectors(3, 700, seed: 34)
        let full = wide.materialized(workers: 1)
        let naive = (0..<3).flatMap { row in
            (0..<700).map { column in
                (0..<700).reduce(0.0) { $0 + Double(vectors[row, $1]) * Double(full[$1, column]) }
            }
        }
        #expect(relativeError(wide.apply(vectors, workers: 1).elements, naive) < 1e-5)
        #expect(wide.apply(vectors, workers: 1) == wide.apply(vectors, workers: 3))
    }
}
