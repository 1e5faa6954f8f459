import Probing
import Testing

@Suite struct LBFGSTests {
    @Test func `finds the bottom of Rosenbrock's valley`() throws {
        let optimizer = LBFGS(iterations: 200, gradientTolerance: 1e-9, valueTolerance: 0)
        let result = try optimizer.minimize(from: [-1.2, 1, -1.2, 1]) { x in
            var value = 0.0
            var gradient = [Double](repeating: 0, count: 4)
            for i in [0, 2] {
                let (a, b) = (1 - x[i], x[i + 1] - x[i] * x[i])
                value += a * a + 100 * b * b
                gradient[i] = -2 * a - 400 * x[i] * b
                gradient[i + 1] = 200 * b
            }
            return (value, gradient)
        }
        #expect(result.converged && result.point.allSatisfy { abs($0 - 1) < 1e-6 })
        #expect(result.evaluations < 150)
    }

    @Test func `an ill-conditioned quadratic, and a start that is the minimum`() throws {
        let scales = (0..<30).map { Double(1 + $0 * $0 * $0) }
        func quadratic(_ x: [Double]) -> (Double, [Double]) {
            (zip(scales, x).reduce(0) { $0 + $1.0 * $1.1 * $1.1 / 2 }, zip(scales, x).map { $0 * $1 })
        }
        let optimizer = LBFGS(iterations: 5000, gradientTolerance: 1e-8, valueTolerance: 0)
        let result = try optimizer.minimize(from: [Double](repeating: 1, count: 30)) { quadratic($0) }
        #expect(result.converged && result.value < 1e-14)
        let still = try optimizer.minimize(from: [Double](repeating: 0, count: 30)) { quadratic($0) }
        #expect(still.converged && still.iterations == 0 && still.evaluations == 1)
    }

    @Test func `stops at the limit, and refuses a value that is not finite`() throws {
        let limited = try LBFGS(iterations: 3, gradientTolerance: 0, valueTolerance: -1).minimize(from: [5]) {
            (($0[0] - 1) * ($0[0] - 1) * ($0[0] - 1) * ($0[0] - 1), [4 * ($0[0] - 1) * ($0[0] - 1) * ($0[0] - 1)])
        }
        #expect(limited.iterations == 3 && !limited.converged && limited.value < 256)
        #expect(throws: LBFGS.Failure.notFinite(iteration: 0)) { try LBFGS().minimize(from: [0]) { _ in (.nan, [0]) } }
    }
}
