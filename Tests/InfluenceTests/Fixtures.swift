import Influence
import Kernels
import Probing

/// A clustered sample with labels, some of them wrong, so that a probe's loss has something to lower.
struct Sample {
    var rows: Matrix
    var labels: [UInt32]

    init(rows: Matrix, labels: [UInt32]) { (self.rows, self.labels) = (rows, labels) }

    /// - Parameter noise: the share of labels drawn anew.
    init(count: Int, dimension: Int, classes: Int, spread: Float = 0.7, noise: Float = 0.05, seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var rows = Matrix(rows: count, columns: dimension)
        var labels: [UInt32] = []
        for row in 0..<count {
            for column in 0..<dimension {
                rows[row, column] = spread * generator.normal() + (column == row % classes ? 1.5 : 0)
            }
            let isNoise = generator.uniform() < noise
            labels.append(UInt32(isNoise ? generator.integer(below: classes) : row % classes))
        }
        self.init(rows: rows, labels: labels)
    }

    func removing(_ removed: Set<Int>) -> Sample {
        let kept = labels.indices.filter { !removed.contains($0) }
        return Sample(
            rows: Matrix(rows: kept.count, columns: rows.columns, elements: kept.flatMap { rows.row($0) }),
            labels: kept.map { labels[$0] })
    }
}

/// Both kinds of probe over one sample of more rows than the operators take at once.
struct Fixture {
    let sample = Sample(count: 1100, dimension: 6, classes: 4, seed: 3)
    let linear: LinearProbe
    let hidden: HiddenProbe

    /// Blocks of rows are multiplied by one BLAS thread, as in a build.
    private static let oneThread: Void = BLAS.setThreads(1)

    init() {
        _ = Self.oneThread
        var generator = SeededGenerator(seed: 4)
        linear = LinearProbe(dimension: 6, classes: 4, parameters: (0..<28).map { _ in 0.5 * generator.normal() })
        var parameters = HiddenProbe(dimension: 6, classes: 4, hidden: 5, seed: 5).parameters
        for index in parameters.indices { parameters[index] += 0.2 * generator.normal() }
        hidden = HiddenProbe(dimension: 6, classes: 4, hidden: 5, parameters: parameters)
    }

    var linearHessian: LinearProbeHessian { LinearProbeHessian(linear, rows: sample.rows) }
    var gaussNewton: HiddenProbeGaussNewton { HiddenProbeGaussNewton(hidden, rows: sample.rows) }
    var curvatures: [any CurvatureOperator] { [linearHessian, gaussNewton] }

    static func vectors(_ count: Int, _ width: Int, seed: UInt64) -> Matrix {
        var generator = SeededGenerator(seed: seed)
        return Matrix(rows: count, columns: width, elements: (0..<count * width).map { _ in generator.normal() })
    }
}

/// A curvature whose eigenvalues are known: a diagonal matrix.
struct DiagonalCurvature: CurvatureOperator {
    let diagonal: [Float]
    var parameterCount: Int { diagonal.count }

    func apply(_ vectors: Matrix, workers: Int) -> Matrix {
        var result = vectors
        for index in result.elements.indices { result.elements[index] *= diagonal[index % diagonal.count] }
        return result
    }
}
