internal import Influence
internal import Kernels
internal import Probing

/// (H + λI)⁻¹ of a linear probe, or what stands for it, as something that gradients are multiplied by.
struct Preconditioner: Sendable {
    private enum Form: Sendable {
        case identity
        /// Symmetric, `[p × p]`.
        case matrix(Matrix)
        case series(LiSSA, LinearProbeHessian)
    }

    private let form: Form

    /// - Complexity: for `exact` 7/3·p³ operations in double precision, for LiSSA about 4·p³·log₂T in single precision, or
    ///   none when it goes without matrices.
    init(
        _ settings: CurvatureSettings, probe: LinearProbe, corpus: LabelledRows, workers: Int
    ) throws(BaselineError) {
        let parameters = probe.parameterCount
        let curvature = Self.hessian(settings, probe: probe, corpus: corpus)
        switch settings.solver {
        case .identity: form = .identity
        case .lissa(let iterations, let damping):
            let power = PowerIteration(curvature, seed: settings.seed, workers: workers)
            // Kept in single precision, so that it can be stored.
            let scale = Float(1.1 * max(power.eigenvalue + damping, Double(Float.leastNormalMagnitude)))
            let lissa = try solving { () throws(InfluenceError) in
                try LiSSA(
                    iterations: iterations, damping: damping, largestEigenvalue: power.eigenvalue, scale: Double(scale))
            }
            guard PreparedLiSSA.memory(parameterCount: parameters) <= settings.memory else {
                form = .series(lissa, curvature)
                return
            }
            form = .matrix(PreparedLiSSA(lissa, curvature, workers: workers).series)
        case .exact(let damping):
            let bytes = Self.exactMemory(parameters)
            guard bytes <= settings.memory else {
                throw .tooManyParameters(parameters: parameters, bytes: bytes, allowed: settings.memory)
            }
            let solver = ExactSolver(curvature, damping: damping, workers: workers)
            form = .matrix(
                try solving { () throws(InfluenceError) in try solver.solve(Self.unit(parameters)) })
        }
    }

    /// - Throws: `missingArray`, `wrongShape`.
    init(
        restoring state: MethodState, prefix: String, _ settings: CurvatureSettings, probe: LinearProbe,
        corpus: LabelledRows
    ) throws(BaselineError) {
        let parameters = probe.parameterCount
        switch settings.solver {
        case .lissa(let iterations, let damping)
        where PreparedLiSSA.memory(parameterCount: parameters) > settings.memory:
            let scale = Double(try state.array(prefix + "scale", rows: 1, columns: 1)[0, 0])
            let lissa = try solving { () throws(InfluenceError) in
                try LiSSA(iterations: iterations, damping: damping, largestEigenvalue: 0, scale: scale)
            }
            form = .series(lissa, Self.hessian(settings, probe: probe, corpus: corpus))
        case .lissa, .exact:
            form = .matrix(try state.array(prefix + "inverse", rows: parameters, columns: parameters))
        case .identity: form = .identity
        }
    }

    func store(in state: inout MethodState, prefix: String) {
        switch form {
        case .identity: break
        case .matrix(let matrix): state.append(prefix + "inverse", matrix)
        case .series(let lissa, _): state.append(prefix + "scale", Matrix(row: [Float(lissa.scale)]))
        }
    }

    /// The product with each row of `vectors`, `[count × p]`.
    func apply(_ vectors: Matrix, workers: Int) throws(BaselineError) -> Matrix {
        switch form {
        case .identity: return vectors
        case .matrix(let matrix): return Self.product(vectors, symmetric: matrix, workers: workers)
        case .series(let lissa, let curvature):
            return try solving { () throws(InfluenceError) in
                try lissa.solve(vectors, curvature, workers: workers).vectors
            }
        }
    }

    /// `gᵀ(H + λI)⁻¹g` of each row's gradient.
    func selfInfluences(_ gradients: ProbeGradients, workers: Int) throws(BaselineError) -> [Float] {
        let step = 64
        let count = gradients.embeddings.rows
        var result: [Float] = []
        for start in stride(from: 0, to: count, by: step) {
            let vectors = gradients.materialized(start..<min(count, start + step))
            let solution = try apply(vectors, workers: workers)
            for row in 0..<vectors.rows {
                let range = vectors.range(ofRow: row)
                result.append(
                    dot(vectors.elements.span.extracting(range), solution.elements.span.extracting(range)))
            }
        }
        return result
    }

    private static func hessian(
        _ settings: CurvatureSettings, probe: LinearProbe, corpus: LabelledRows
    ) -> LinearProbeHessian {
        var generator = SeededGenerator(seed: settings.seed, stream: 0x4e55)
        let rows = generator.sample(settings.rows, below: corpus.count)
        let sample = rows.count == corpus.count ? corpus.embeddings : corpus.rows(rows).embeddings
        return LinearProbeHessian(probe, rows: sample)
    }

    /// H, its double and its factor, the unit vectors and the solutions.
    private static func exactMemory(_ parameters: Int) -> Int { 36 * parameters * parameters }

    private static func unit(_ count: Int) -> Matrix {
        var result = Matrix(rows: count, columns: count)
        for index in 0..<count { result[index, index] = 1 }
        return result
    }

    /// `vectors · matrix`, by columns on several threads; an element's bits do not depend on how many vectors there are.
    private static func product(_ vectors: Matrix, symmetric matrix: Matrix, workers: Int) -> Matrix {
        let width = matrix.columns
        let parts = Parallel.map(count: width, blockSize: 256, workers: workers) { columns in
            var part = Matrix(rows: vectors.rows, columns: columns.count)
            var span = part.elements.mutableSpan
            blockDots(
                vectors.elements.span, rows: vectors.rows,
                matrix.elements.span.extracting(columns.lowerBound * width..<columns.upperBound * width),
                count: columns.count, dimension: width, into: &span)
            return part
        }
        var elements: [Float] = []
        elements.reserveCapacity(vectors.elements.count)
        for row in 0..<vectors.rows {
            for part in parts { elements.append(contentsOf: part.elements[part.range(ofRow: row)]) }
        }
        return Matrix(rows: vectors.rows, columns: width, elements: elements)
    }
}
