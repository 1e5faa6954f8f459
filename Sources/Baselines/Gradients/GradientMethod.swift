package import Kernels
package import Probing

/// The cosine of projected gradients of the loss: `⟨P∇L(y), P∇L(x)⟩` of unit vectors. What gradient signatures say by
/// themselves, without embeddings beside them and without a Hessian.
///
/// Source: Charpiat et al., "Input similarity from the neural network perspective", 2019, equation 2, with random
/// projections as in Pruthi et al., 2020, arXiv 2002.08484, section 3.5 (TracIn). Ours has one probe and no checkpoints.
package struct GradientMethod: VectorMethod {
    package struct Settings: Sendable, Hashable, Codable {
        /// m; gradients no longer than this are not projected.
        package var outputs: Int
        package var seed: UInt64

        package init(outputs: Int = 512, seed: UInt64 = 0) {
            self.outputs = outputs
            self.seed = seed
        }
    }

    package let name = "gradient"
    let vectors: Matrix
    private let probe: LinearProbe
    private let features: GradientFeatures

    /// - Throws: `noRows`, `wrongDimension`, `labelOutOfRange`, `notFinite`.
    package init(
        corpus: LabelledRows, probe: LinearProbe, settings: Settings = Settings(), workers: Int
    ) throws(BaselineError) {
        guard corpus.count > 0 else { throw .noRows }
        self.probe = probe
        features = Self.features(probe, settings)
        vectors = try Self.vectors(corpus, probe, features, workers: workers)
    }

    /// - Throws: `missingArray`, `wrongShape`.
    package init(
        restoring state: MethodState, rows: Int, probe: LinearProbe, settings: Settings = Settings()
    ) throws(BaselineError) {
        self.probe = probe
        features = Self.features(probe, settings)
        vectors = try state.array("signatures", rows: rows, columns: features.width)
    }

    package var state: MethodState { MethodState([.init(name: "signatures", values: vectors)]) }

    package func prepare(_ outputs: LabelledRows, workers: Int) throws(BaselineError) -> Matrix {
        try Self.vectors(outputs, probe, features, workers: workers)
    }

    private static func features(_ probe: LinearProbe, _ settings: Settings) -> GradientFeatures {
        GradientFeatures(
            classes: probe.classes, dimension: probe.dimension, outputs: settings.outputs, seed: settings.seed)
    }

    private static func vectors(
        _ rows: LabelledRows, _ probe: LinearProbe, _ features: GradientFeatures, workers: Int
    ) throws(BaselineError) -> Matrix {
        let derivatives = try probe.lossDerivatives(rows, workers: workers)
        let gradients = ProbeGradients(derivatives: derivatives, embeddings: rows.embeddings)
        return features(gradients, workers: workers).normalised
    }
}
