package import Kernels
package import Probing

/// Influence functions over the whole corpus: `−I(x, y) = ∇L(y)ᵀ (H + λI)⁻¹ ∇L(x)`, proponents first.
///
/// Source: Koh & Liang, 2017, arXiv 1703.04730, equation 2. The relative variant divides by √(∇L(x)ᵀ(H + λI)⁻¹∇L(x)), so
/// that samples of large gradients do not lead every list: Barshan, Brunet & Dziugaite, 2020, arXiv 2003.11630,
/// ℓ-RelatIF. Here the model is a linear probe, so H is exact and not sampled anew in each of LiSSA's steps.
package struct InfluenceMethod: AttributionMethod {
    package struct Settings: Sendable, Hashable, Codable {
        package var curvature: CurvatureSettings
        /// Whether it is divided by the root of a sample's self-influence, which costs a solve for each sample.
        package var isRelative: Bool

        package init(curvature: CurvatureSettings = CurvatureSettings(), isRelative: Bool = false) {
            self.curvature = curvature
            self.isRelative = isRelative
        }
    }

    private let settings: Settings
    private let probe: LinearProbe
    private let gradients: ProbeGradients
    private let preconditioner: Preconditioner
    /// 1/√(self-influence) of each row, 0 where there is none; empty when not relative.
    private let factors: [Float]

    /// - Throws: `noRows`, `wrongDimension`, `labelOutOfRange`, `notFinite`, `tooManyParameters`, `influence`.
    /// - Complexity: that of the preconditioner, and 2·rows·p² when relative.
    package init(
        corpus: LabelledRows, probe: LinearProbe, settings: Settings = Settings(), workers: Int
    ) throws(BaselineError) {
        guard corpus.count > 0 else { throw .noRows }
        self.settings = settings
        self.probe = probe
        gradients = ProbeGradients(
            derivatives: try probe.lossDerivatives(corpus, workers: workers), embeddings: corpus.embeddings)
        preconditioner = try Preconditioner(settings.curvature, probe: probe, corpus: corpus, workers: workers)
        factors =
            settings.isRelative
            ? try preconditioner.selfInfluences(gradients, workers: workers).map { $0 > 0 ? 1 / $0.squareRoot() : 0 }
            : []
    }

    /// - Parameter corpus: the one that the state was prepared from.
    /// - Throws: `missingArray`, `wrongShape` and what preparing throws for the rows.
    package init(
        restoring state: MethodState, corpus: LabelledRows, probe: LinearProbe, settings: Settings = Settings(),
        workers: Int
    ) throws(BaselineError) {
        guard corpus.count > 0 else { throw .noRows }
        self.settings = settings
        self.probe = probe
        gradients = ProbeGradients(
            derivatives: try probe.lossDerivatives(corpus, workers: workers), embeddings: corpus.embeddings)
        preconditioner = try Preconditioner(
            restoring: state, prefix: "", settings.curvature, probe: probe, corpus: corpus)
        factors =
            settings.isRelative ? try state.array("factors", rows: 1, columns: corpus.count).elements : []
    }

    package var state: MethodState {
        var state = MethodState()
        preconditioner.store(in: &state, prefix: "")
        if settings.isRelative { state.append("factors", Matrix(row: factors)) }
        return state
    }

    package var name: String { settings.isRelative ? "relative_influence" : "influence" }
    package var rowCount: Int { gradients.embeddings.rows }

    /// (H + λI)⁻¹∇L(y) of each output, `[outputs × p]`.
    package func prepare(_ outputs: LabelledRows, workers: Int) throws(BaselineError) -> Matrix {
        try probe.preconditionedGradients(outputs, preconditioner, workers: workers)
    }

    package func scores(_ query: Matrix, rows: Range<Int>) -> Matrix {
        var result = Matrix(rows: query.rows, columns: rows.count)
        gradients.addProducts(query, rows: rows, to: &result)
        guard settings.isRelative else { return result }
        for output in 0..<query.rows {
            for row in rows { result[output, row - rows.lowerBound] *= factors[row] }
        }
        return result
    }
}

extension LinearProbe {
    /// The gradients of the loss on some rows, times the preconditioner, `[rows × p]`.
    func preconditionedGradients(
        _ rows: LabelledRows, _ preconditioner: Preconditioner, workers: Int
    ) throws(BaselineError) -> Matrix {
        let gradients = ProbeGradients(
            derivatives: try lossDerivatives(rows, workers: workers), embeddings: rows.embeddings)
        return try preconditioner.apply(gradients.materialized(0..<rows.count), workers: workers)
    }
}
