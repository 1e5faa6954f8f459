internal import Kernels
internal import Probing

/// Gradients of a linear probe as vectors of a given width: projected by random signs when that is narrower than they
/// are, in full otherwise.
struct GradientFeatures: Sendable {
    private let projection: LinearProjection?
    let width: Int

    /// - Parameter outputs: m.
    init(classes: Int, dimension: Int, outputs: Int, seed: UInt64) {
        let parameters = classes * (dimension + 1)
        projection =
            outputs < parameters
            ? LinearProjection(classes: classes, dimension: dimension, outputs: outputs, seed: seed) : nil
        width = min(outputs, parameters)
    }

    /// `[rows × width]`.
    func callAsFunction(_ gradients: ProbeGradients, workers: Int) -> Matrix {
        guard let projection else { return gradients.materialized(0..<gradients.embeddings.rows) }
        return projection.project(
            delta: gradients.derivatives.elements.span, embeddings: gradients.embeddings.elements.span,
            workers: workers)
    }
}
