import Influence
import Kernels
import Probing
import Testing

@Suite struct SolverTests {
    private let fixture = Fixture()

    private struct Case {
        let curvature: any CurvatureOperator
        let vectors: Matrix
        let largest: Double
        /// A fiftieth of λ_max, so that a thousand iterations are many.
        let damping: Double

        init(_ curvature: any CurvatureOperator) {
            self.curvature = curvature
            vectors = Fixture.vectors(4, curvature.parameterCount, seed: 11)
            largest = PowerIteration(curvature, seed: 1, workers: 1).eigenvalue
            damping = largest / 50
        }

        func lissa(_ iterations: Int) throws -> LiSSA {
            try LiSSA(iterations: iterations, damping: damping, largestEigenvalue: largest)
        }

        func solve(_ iterations: Int, workers: Int = 1) throws -> LiSSASolution {
            try lissa(iterations).solve(vectors, curvature, workers: workers)
        }
    }

    private var cases: [Case] { fixture.curvatures.map(Case.init) }

    /// `(H + λI)s` in double precision.
    private func image(_ solution: [Float], _ full: Matrix, damping: Double) -> [Double] {
        (0..<full.rows).map { i in
            (0..<full.rows).reduce(damping * Double(solution[i])) { $0 + Double(full[i, $1]) * Double(solution[$1]) }
        }
    }

    @Test func `the exact solver solves`() throws {
        for system in cases {
            let solution = try ExactSolver(system.curvature, damping: system.damping, workers: 1).solve(system.vectors)
            let full = system.curvature.materialized(workers: 1)
            for row in 0..<solution.rows {
                let error = relativeError(
                    image(solution.row(row), full, damping: system.damping), system.vectors.row(row).map(Double.init))
                #expect(error < 1e-5)
            }
        }
    }

    @Test func `an indefinite matrix is refused`() {
        let solver = ExactSolver(DiagonalCurvature(diagonal: [1, 2, -1]), damping: 0.5, workers: 1)
        #expect(throws: InfluenceError.notPositiveDefinite(order: 3)) {
            try solver.solve(Matrix(rows: 1, columns: 3, repeating: 1))
        }
        #expect("\(InfluenceError.notPositiveDefinite(order: 3))".contains("damping"))
    }

    @Test func `LiSSA approaches the exact solution as T grows`() throws {
        for system in cases {
            let exact = try ExactSolver(system.curvature, damping: system.damping, workers: 1).solve(system.vectors)
            let errors = try [1, 3, 10, 30, 100, 300, 1000].map { iterations in
                relativeError(try system.solve(iterations).vectors, exact)
            }
            for (before, after) in zip(errors, errors.dropFirst()) where before > 1e-4 { #expect(after < before) }
            #expect(errors[0] > 0.1)
            #expect(errors.last! < 1e-3)
        }
    }

    @Test func `one iteration is the vector over the scale`() throws {
        for system in cases {
            let (lissa, solution) = (try system.lissa(1), try system.solve(1))
            #expect(abs(lissa.scale / (1.1 * (system.largest + system.damping)) - 1) < 1e-12)
            for (value, start) in zip(solution.vectors.elements, system.vectors.elements) {
                #expect(abs(Double(value) - Double(start) / lissa.scale) < 1e-5)
            }
        }
    }

    @Test func `the residual is what the solution leaves`() throws {
        for system in cases {
            let full = system.curvature.materialized(workers: 1)
            for iterations in [1, 10, 200] {
                let solution = try system.solve(iterations)
                for row in 0..<system.vectors.rows {
                    let image = image(solution.vectors.row(row), full, damping: system.damping)
                    let residual = relativeError(image, system.vectors.row(row).map(Double.init))
                    #expect(abs(solution.residuals[row] - residual) < 1e-5)
                }
            }
        }
    }

    @Test func `nothing to solve leaves nothing`() throws {
        for system in cases {
            let zero = Matrix(rows: 1, columns: system.curvature.parameterCount)
            let solution = try system.lissa(10).solve(zero, system.curvature, workers: 1)
            #expect(solution.vectors == zero && solution.residuals == [0])
        }
    }

    @Test(arguments: [1, 2, 3, 5, 7, 10, 16, 23])
    func `the prepared polynomial is the iteration`(iterations: Int) throws {
        for system in cases {
            let iterative = try system.solve(iterations)
            let prepared = PreparedLiSSA(try system.lissa(iterations), system.curvature, workers: 1)
            let solution = try prepared.solve(system.vectors, workers: 1)
            #expect(relativeError(solution.vectors, iterative.vectors) < 1e-5)
            for (one, other) in zip(solution.residuals, iterative.residuals) { #expect(abs(one - other) < 1e-5) }
        }
    }

    @Test func `one residual in sixteen is formed, and every solution is looked at`() throws {
        let system = cases[0]
        let lissa = try system.lissa(7)
        let prepared = PreparedLiSSA(lissa, system.curvature, workers: 1)
        var many = Fixture.vectors(50, system.curvature.parameterCount, seed: 13)
        let solution = try prepared.solve(many, workers: 2)
        let whole = try lissa.solve(many, system.curvature, workers: 1)
        #expect(solution.residualStride == 16 && whole.residualStride == 1)
        #expect(solution.residuals.count == 4 && whole.residuals.count == 50)
        for (position, residual) in solution.residuals.enumerated() {
            #expect(abs(residual - whole.residuals[16 * position]) < 1e-5)
        }
        many[37, 1] = .infinity
        #expect(throws: InfluenceError.notFinite(output: 37)) { try prepared.solve(many, workers: 1) }
    }

    @Test func `a scale that is too small is named with one that is not`() throws {
        let failure = #expect(throws: InfluenceError.self) {
            try LiSSA(iterations: 10, damping: 1, largestEigenvalue: 5, scale: 2)
        }
        #expect(failure == .divergent(scale: 2, largestEigenvalue: 5, damping: 1))
        let text = failure.map { "\($0)" } ?? ""
        #expect(text.contains("diverges") && text.contains("μ = 2.0") && text.contains("influence.scale"))
        #expect(text.contains("above 3.0"))
        // What the message proposes converges, below λ_max + λ though it is.
        let curvature = DiagonalCurvature(diagonal: [5, 1, 0.5])
        let lissa = try LiSSA(iterations: 2000, damping: 1, largestEigenvalue: 5, scale: 3.01)
        let solution = try lissa.solve(Matrix(rows: 1, columns: 3, repeating: 1), curvature, workers: 1)
        #expect(relativeError(solution.vectors.elements, [1 / 6.0, 1 / 2.0, 1 / 1.5]) < 1e-3)
    }

    @Test func `a solution that is not finite names its output`() throws {
        // The eigenvalue is 100 where 1 was said, so the series grows: the second output alone goes that way.
        let curvature = DiagonalCurvature(diagonal: [100, 1])
        let lissa = try LiSSA(iterations: 100, damping: 0, largestEigenvalue: 1)
        let vectors = Matrix(rows: 2, columns: 2, elements: [0, 1, 1, 1])
        let failure = #expect(throws: InfluenceError.self) { try lissa.solve(vectors, curvature, workers: 1) }
        #expect(failure == .notFinite(output: 1))
        #expect(failure.map { "\($0)" }?.contains("output number 1") == true)
        let sound = try LiSSA(iterations: 4, damping: 0, largestEigenvalue: 100)
        let prepared = PreparedLiSSA(sound, curvature, workers: 1)
        #expect(throws: InfluenceError.notFinite(output: 0)) {
            try prepared.solve(Matrix(rows: 1, columns: 2, elements: [.nan, 1]), workers: 1)
        }
    }

    @Test func `an output's solution does not depend on its company`() throws {
        let system = cases[0]
        let prepared = PreparedLiSSA(try system.lissa(7), system.curvature, workers: 1)
        let many = Fixture.vectors(700, system.curvature.parameterCount, seed: 12)
        let all = try prepared.solve(many, workers: 2)
        for rows in [0..<1, 3..<10, 63..<65, 100..<229, 699..<700, 1..<700] {
            let some = try prepared.solve(many.rows(rows), workers: 2)
            #expect(some.vectors == all.vectors.rows(rows))
        }
    }

    @Test func `the result does not depend on the number of workers`() throws {
        for system in cases {
            #expect(try system.solve(7, workers: 1).vectors == system.solve(7, workers: 3).vectors)
            let one = PreparedLiSSA(try system.lissa(7), system.curvature, workers: 1)
            let three = PreparedLiSSA(try system.lissa(7), system.curvature, workers: 3)
            #expect(one.series == three.series && one.curvature == three.curvature)
            let many = Fixture.vectors(600, system.curvature.parameterCount, seed: 12)
            #expect(try one.solve(many, workers: 1).vectors == three.solve(many, workers: 3).vectors)
        }
    }
}
