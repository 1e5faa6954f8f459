import Influence
import Kernels
import Testing

@Suite struct ConvergedTests {
    /// A random positive semidefinite curvature of rank 20 in 30 dimensions.
    private func curvature(_ generator: inout SeededGenerator) -> DenseCurvature {
        let root = Matrix(rows: 20, columns: 30, elements: (0..<600).map { _ in 0.2 * generator.normal() })
        var matrix = Matrix(rows: 30, columns: 30)
        for row in 0..<30 {
            for column in 0..<30 {
                matrix[row, column] = (0..<20).reduce(0) { $0 + root[$1, row] * root[$1, column] }
            }
        }
        return DenseCurvature(matrix)
    }

    @Test func theLimitSolvesTheSystem() throws {
        var generator = SeededGenerator(seed: 1)
        let curvature = curvature(&generator)
        let lissa = try LiSSA(iterations: LiSSA.manyIterations, damping: 0.01, largestEigenvalue: 5)
        let prepared = try PreparedLiSSA(converged: lissa, curvature, workers: 2)
        let sides = Matrix(rows: 4, columns: 30, elements: (0..<120).map { _ in generator.normal() })
        let solution = try prepared.solve(sides, workers: 1)
        let exact = try ExactSolver(curvature, damping: 0.01, workers: 1).solve(sides)
        for (a, b) in zip(solution.vectors.elements, exact.elements) { #expect(abs(a - b) <= 1e-3 * (1 + abs(b))) }
        #expect(solution.residuals.allSatisfy { $0 < 1e-4 })
        // The series comes closer to it as T grows.
        var distances: [Float] = []
        for terms in [10, 100, 10_000] {
            let series = PreparedLiSSA(
                try LiSSA(iterations: terms, damping: 0.01, largestEigenvalue: 5), curvature, workers: 1)
            let found = try series.solve(sides, workers: 1).vectors.elements
            distances.append(zip(found, exact.elements).reduce(0) { max($0, abs($1.0 - $1.1)) })
        }
        #expect(distances[0] > distances[1] && distances[1] > distances[2])
    }

    @Test func aCurvatureThatIsNotPositiveIsRefused() throws {
        var matrix = Matrix(rows: 2, columns: 2)
        matrix[0, 0] = -1
        let lissa = try LiSSA(iterations: 10, damping: 0.5, largestEigenvalue: 1)
        #expect(throws: InfluenceError.notPositiveDefinite(order: 1)) {
            try PreparedLiSSA(converged: lissa, DenseCurvature(matrix), workers: 1)
        }
    }
}
