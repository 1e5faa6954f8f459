package import Kernels

/// LiSSA for a small probe: since H, λ, μ and T are fixed, the polynomial `Σ_{t<T} (I − (H + λI)/μ)^t / μ` is one matrix,
/// made once; then a batch of outputs is one matrix product, and another gives the residuals.
package struct PreparedLiSSA: Sendable {
    package let lissa: LiSSA
    /// H, `[p × p]`.
    package let curvature: Matrix
    /// The polynomial, `[p × p]`, symmetric.
    package let series: Matrix

    package init(lissa: LiSSA, curvature: Matrix, series: Matrix) {
        precondition(
            curvature.rows == curvature.columns && series.rows == series.columns && series.rows == curvature.rows)
        self.lissa = lissa
        self.curvature = curvature
        self.series = series
    }

    /// Bytes that preparing takes at its peak.
    package static func memory(parameterCount: Int) -> Int { 6 * parameterCount * parameterCount * 4 }

    /// - Complexity: p products with the curvature, then about 2·log₂T products of p × p matrices.
    package init(_ lissa: LiSSA, _ curvature: some CurvatureOperator, workers: Int) {
        let hessian = curvature.materialized(workers: workers)
        var base = hessian.scaled(by: Float(-1 / lissa.scale))
        for index in 0..<base.rows { base[index, index] += Float(1 - lissa.damping / lissa.scale) }
        let series = Self.geometricSeries(base, terms: lissa.iterations, workers: workers)
        self.init(lissa: lissa, curvature: hessian, series: series.scaled(by: Float(1 / lissa.scale)))
    }

    /// The limit of T → ∞: (H + λI)⁻¹ itself, by Cholesky in double precision.
    ///
    /// - Parameter lissa: its damping counts; its T stands for a large one.
    /// - Throws: `notPositiveDefinite`.
    /// - Complexity: p products with the curvature, then p³ operations and 8·p² bytes.
    package init(converged lissa: LiSSA, _ curvature: some CurvatureOperator, workers: Int) throws(InfluenceError) {
        let hessian = curvature.materialized(workers: workers)
        var inverse = hessian.elements.map(Double.init)
        for index in 0..<hessian.rows { inverse[index * hessian.rows + index] += lissa.damping }
        do {
            try BLAS.invertPositiveDefinite(&inverse, n: hessian.rows)
        } catch {
            throw .notPositiveDefinite(order: error.order)
        }
        self.init(
            lissa: lissa, curvature: hessian,
            series: Matrix(rows: hessian.rows, columns: hessian.rows, elements: inverse.map { Float($0) }))
    }

    /// `Σ_{t<terms} base^t`, from the binary digits of `terms`: S_2k = S_k + S_k·B^k and S_{k+1} = I + B·S_k.
    private static func geometricSeries(_ base: Matrix, terms: Int, workers: Int) -> Matrix {
        var sum = Matrix(rows: base.rows, columns: base.columns)
        for index in 0..<base.rows { sum[index, index] = 1 }
        var power = base
        var count = 1
        let digits = String(terms, radix: 2).dropFirst()
        for (position, digit) in digits.enumerated() {
            // S₁ = I, so the first product is the power itself.
            let product = count == 1 ? power : sum.product(power, workers: workers)
            for index in sum.elements.indices { sum.elements[index] += product.elements[index] }
            count *= 2
            if digit == "1" {
                sum = base.product(sum, workers: workers)
                for index in 0..<base.rows { sum[index, index] += 1 }
                count += 1
            }
            guard position < digits.count - 1 else { break }
            power = power.product(power, workers: workers)
            if digit == "1" { power = power.product(base, workers: workers) }
        }
        precondition(count == terms)
        return sum
    }

    /// Residuals are formed for one solution in so many: they cost as much as the solutions, and all are one matrix' doing.
    package static let residualStride = 16

    /// Solves for each row of `vectors`, `[count × p]`. A row's solution does not depend on the others.
    ///
    /// - Throws: `notFinite`.
    /// - Complexity: 2·count·p² operations, and a sixteenth of it for the residuals.
    package func solve(_ vectors: Matrix, workers: Int) throws(InfluenceError) -> LiSSASolution {
        let solution = product(vectors, series, workers: workers)
        let sampled = Array(stride(from: 0, to: solution.rows, by: Self.residualStride))
        let some = Matrix(
            rows: sampled.count, columns: solution.columns, elements: sampled.flatMap { solution.row($0) })
        return try LiSSASolution(
            vectors: vectors, solution: solution, products: product(some, curvature, workers: workers),
            residualStride: Self.residualStride, damping: lissa.damping)
    }

    /// The product with a symmetric matrix. By inner products and not by BLAS, whose sums depend on where a row stands and on
    /// how many there are.
    private func product(_ vectors: Matrix, _ factor: Matrix, workers: Int) -> Matrix {
        var result = Matrix(rows: vectors.rows, columns: factor.rows)
        var output = result.elements.mutableSpan
        Parallel.fill(
            &output, width: factor.rows, count: vectors.rows, blockSize: Self.blockRows, workers: workers
        ) { rows, part in
            let elements = vectors.elements.span
            blockDots(
                elements.extracting(rows.lowerBound * vectors.columns..<rows.upperBound * vectors.columns),
                rows: rows.count, factor.elements.span, count: factor.rows, dimension: vectors.columns, into: &part)
        }
        return result
    }

    private static let blockRows = 64
}

extension Matrix {
    /// `self · other` on several threads, in blocks of columns that do not depend on their number: the larger factor is
    /// read once, however few rows there are.
    func product(_ other: Matrix, workers: Int) -> Matrix {
        precondition(columns == other.rows)
        let parts = Parallel.map(count: other.columns, blockSize: 512, workers: workers) { block in
            var part = Matrix(rows: rows, columns: block.count)
            multiplyStrided(
                elements, from: 0, strideA: columns, other.elements, fromB: block.lowerBound, strideB: other.columns,
                into: &part.elements, strideC: block.count, m: rows, n: block.count, k: columns)
            return part
        }
        var result: [Float] = []
        result.reserveCapacity(rows * other.columns)
        for row in 0..<rows {
            for part in parts { result.append(contentsOf: part.elements[part.range(ofRow: row)]) }
        }
        return Matrix(rows: rows, columns: other.columns, elements: result)
    }
}
