import Foundation
import Kernels
import Lineage
import Testing

/// The small numeric parts against naive ones.
@Suite struct LineageNumericsTests {
    private func normals(_ count: Int, seed: UInt64) -> [Double] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in Double(generator.normal()) }
    }

    private func correlation(_ a: [Double], _ b: [Double]) -> Double {
        func product(_ x: [Double], _ y: [Double]) -> Double { zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }
        return product(a, b) / (product(a, a) * product(b, b)).squareRoot()
    }

    @Test func eigenvectorsAreEigenvectors() {
        for n in [1, 2, 5, 24] {
            let x = normals(n * n, seed: UInt64(n))
            let a = (0..<n * n).map { x[$0] + x[$0 % n * n + $0 / n] }
            let eigen = SymmetricEigen(a, n: n)
            for k in 0..<n {
                var length = 0.0
                for i in 0..<n {
                    let image = (0..<n).reduce(0) { $0 + a[i * n + $1] * eigen.vectors[$1 * n + k] }
                    #expect(abs(image - eigen.values[k] * eigen.vectors[i * n + k]) < 1e-9)
                    length += eigen.vectors[i * n + k] * eigen.vectors[i * n + k]
                }
                #expect(abs(length - 1) < 1e-9)
            }
        }
    }

    @Test func fourierTransformIsTheSum() {
        for n in [1, 2, 3, 8, 12, 31, 100] {
            let x = zip(normals(n, seed: 1), normals(n, seed: 2)).map { ($0, $1) }
            let found = FourierTransform(count: n).transform(x)
            for k in 0..<n {
                var (real, imaginary) = (0.0, 0.0)
                for j in 0..<n {
                    let angle = -2 * Double.pi * Double(j * k % n) / Double(n)
                    real += x[j].0 * cos(angle) - x[j].1 * sin(angle)
                    imaginary += x[j].0 * sin(angle) + x[j].1 * cos(angle)
                }
                #expect(abs(found[k].0 - real) < 1e-9 && abs(found[k].1 - imaginary) < 1e-9)
            }
            let back = FourierTransform(count: n).transform(found, isInverse: true)
            for k in 0..<n { #expect(abs(back[k].0 / Double(n) - x[k].0) < 1e-9) }
        }
    }

    /// The p-values rest on it: whatever two centred matrices hold, shuffled labels give mean 0 and this variance. Matrices
    /// of rank one, and ones with a single large element, are as far from noise as can be.
    @Test(arguments: 0..<3)
    func shuffledGridsHaveTheStatedVariance(kind: Int) {
        let (rows, columns) = (9, 12)
        func matrix(_ seed: UInt64) -> [Double] {
            switch kind {
            case 0: return normals(rows * columns, seed: seed)
            case 1:
                let (u, v) = (normals(rows, seed: seed), normals(columns, seed: seed + 50))
                return (0..<rows * columns).map { u[$0 / columns] * v[$0 % columns] }
            default: return (0..<rows * columns).map { $0 == Int(seed) ? 1 : 0 }
            }
        }
        let a = doublyCentered(matrix(1), rows: rows, columns: columns)
        let b = doublyCentered(matrix(2), rows: rows, columns: columns)
        for row in 0..<rows { #expect(abs(a[row * columns..<(row + 1) * columns].reduce(0, +)) < 1e-12) }
        var generator = SeededGenerator(seed: 7)
        var (sum, squares) = (0.0, 0.0)
        let trials = 20_000
        for _ in 0..<trials {
            let (p, q) = (Array(0..<rows).shuffled(using: &generator), Array(0..<columns).shuffled(using: &generator))
            let shuffled = (0..<rows * columns).map { b[p[$0 / columns] * columns + q[$0 % columns]] }
            let r = correlation(a, shuffled)
            sum += r
            squares += r * r
        }
        let expected = 1 / Double((rows - 1) * (columns - 1))
        #expect(abs(sum / Double(trials)) < 5 * (expected / Double(trials)).squareRoot())
        #expect(abs(squares / Double(trials) / expected - 1) < 0.1)
    }

    @Test(arguments: 0..<2)
    func shuffledTablesHaveTheStatedVariance(kind: Int) {
        let n = 11
        func matrix(_ seed: UInt64) -> [Double] {
            let x = normals(n * n, seed: seed)
            return (0..<n * n).map { kind == 0 ? x[$0] + x[$0 % n * n + $0 / n] : x[$0 / n] * x[$0 % n] }
        }
        let (a, b) = (uCentered(matrix(1), n: n), uCentered(matrix(2), n: n))
        for row in 0..<n { #expect(abs(a[row * n..<(row + 1) * n].reduce(0, +)) < 1e-12 && a[row * n + row] == 0) }
        var generator = SeededGenerator(seed: 8)
        var squares = 0.0
        let trials = 20_000
        for _ in 0..<trials {
            let p = Array(0..<n).shuffled(using: &generator)
            let r = correlation(a, (0..<n * n).map { b[p[$0 / n] * n + p[$0 % n]] })
            squares += r * r
        }
        #expect(abs(squares / Double(trials) * Double(n * (n - 3) / 2) - 1) < 0.1)
    }

    @Test func tailsAndQuantilesAreInverse() {
        #expect(abs(upperTail(1.959964) - 0.025) < 1e-7 && upperTail(0) == 0.5)
        for z in [-5, -1, 0, 0.5, 3, 12, 30.0] where upperTail(z) < 1 {
            #expect(abs(upperQuantile(upperTail(z)) - z) < 1e-6)
        }
    }

    @Test func treesJoinTheNearestFirst() {
        let places = [0.0, 1, 10, 11.5, 40]
        let distances = places.map { a in places.map { abs(a - $0) } }
        let tree = HierarchicalClustering(distances: distances).tree
        #expect(tree.leaves == [0, 1, 2, 3, 4])
        guard case .join(let pairs, .leaf(4), let height) = tree, case .join(_, _, let inner) = pairs else {
            Issue.record("the far one joins last")
            return
        }
        #expect(abs(inner - 10.25) < 1e-12 && abs(height - 34.375) < 1e-12)
    }
}
