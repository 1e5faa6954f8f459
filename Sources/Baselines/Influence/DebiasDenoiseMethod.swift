package import Kernels
internal import Probing

/// DDA, debias and denoise attribution: influence averaged over stages of training, minus β times that at the parameters
/// before training: `1/T Σ_t −I_{θ_t}(x, y) + β·I_{θ_0}(x, y)`.
///
/// Source: Wu, Pang, Shen & Cheng, "Enhancing training data attribution for large language models with fitting error
/// consideration", 2024, arXiv 2410.01285, the debias and the denoise strategy. There θ_0 is the language model
/// before fine-tuning, and each epoch has a pair of models, fine-tuned on right and on wrong outputs. Here θ_0 = 0, the
/// stages are the iterates of L-BFGS after given numbers of iterations, one model each, and H is the probe's own at each
/// of them.
package struct DebiasDenoiseMethod: AttributionMethod {
    package struct Settings: Sendable, Hashable, Codable {
        package var curvature: CurvatureSettings
        /// β. Small: before training every gradient is large, and at β = 0.1 the term outweighs the others.
        package var debias: Double
        /// The iterations after which training is looked at.
        package var stages: [Int]
        /// The weight of the squared norm in the probe's objective.
        package var l2: Double

        package init(
            curvature: CurvatureSettings = CurvatureSettings(), debias: Double = 0.01,
            stages: [Int] = [10, 30, 100, 300],
            l2: Double = ProbeTraining().l2
        ) {
            precondition(!stages.isEmpty && stages.allSatisfy { $0 > 0 })
            self.curvature = curvature
            self.debias = debias
            self.stages = stages
            self.l2 = l2
        }
    }

    private struct Stage: Sendable {
        let probe: LinearProbe
        let gradients: ProbeGradients
        let preconditioner: Preconditioner
        let weight: Float
    }

    package let name = "dda"
    /// The initial parameters first.
    private let stages: [Stage]

    /// - Throws: `noRows`, `wrongDimension`, `labelOutOfRange`, `notFinite`, `tooManyParameters`, `probing`, `influence`.
    package init(
        corpus: LabelledRows, classes: Int, settings: Settings = Settings(), workers: Int
    ) throws(BaselineError) {
        guard corpus.count > 0 else { throw .noRows }
        var probes = [LinearProbe(dimension: corpus.dimension, classes: classes)]
        for iterations in settings.stages {
            let training = ProbeTraining(l2: settings.l2, optimizer: LBFGS(iterations: iterations, valueTolerance: 0))
            probes.append(try .trained(on: corpus, classes: classes, training, workers: workers))
        }
        var stages: [Stage] = []
        for (index, probe) in probes.enumerated() {
            let preconditioner = try Preconditioner(settings.curvature, probe: probe, corpus: corpus, workers: workers)
            stages.append(try Self.stage(index, probe, corpus, preconditioner, settings, workers: workers))
        }
        self.stages = stages
    }

    /// - Parameter corpus: the one that the state was prepared from.
    /// - Throws: `missingArray`, `wrongShape` and what preparing throws for the rows.
    package init(
        restoring state: MethodState, corpus: LabelledRows, classes: Int, settings: Settings = Settings(), workers: Int
    ) throws(BaselineError) {
        guard corpus.count > 0 else { throw .noRows }
        let width = classes * (corpus.dimension + 1)
        var stages: [Stage] = []
        for index in 0...settings.stages.count {
            let parameters = try state.array("parameters.\(index)", rows: 1, columns: width).elements
            let probe = LinearProbe(dimension: corpus.dimension, classes: classes, parameters: parameters)
            let preconditioner = try Preconditioner(
                restoring: state, prefix: "\(index).", settings.curvature, probe: probe, corpus: corpus)
            stages.append(try Self.stage(index, probe, corpus, preconditioner, settings, workers: workers))
        }
        self.stages = stages
    }

    package var state: MethodState {
        var state = MethodState()
        for (index, stage) in stages.enumerated() {
            state.append("parameters.\(index)", Matrix(row: stage.probe.parameters))
            stage.preconditioner.store(in: &state, prefix: "\(index).")
        }
        return state
    }

    package var rowCount: Int { stages[0].gradients.embeddings.rows }

    /// For each stage the outputs' gradients, preconditioned and weighted.
    package func prepare(_ outputs: LabelledRows, workers: Int) throws(BaselineError) -> [Matrix] {
        var result: [Matrix] = []
        for stage in stages {
            var vectors = try stage.probe.preconditionedGradients(outputs, stage.preconditioner, workers: workers)
            for index in vectors.elements.indices { vectors.elements[index] *= stage.weight }
            result.append(vectors)
        }
        return result
    }

    package func scores(_ query: [Matrix], rows: Range<Int>) -> Matrix {
        var result = Matrix(rows: query[0].rows, columns: rows.count)
        for (stage, vectors) in zip(stages, query) { stage.gradients.addProducts(vectors, rows: rows, to: &result) }
        return result
    }

    private static func stage(
        _ index: Int, _ probe: LinearProbe, _ corpus: LabelledRows, _ preconditioner: Preconditioner,
        _ settings: Settings, workers: Int
    ) throws(BaselineError) -> Stage {
        let derivatives = try probe.lossDerivatives(corpus, workers: workers)
        return Stage(
            probe: probe, gradients: ProbeGradients(derivatives: derivatives, embeddings: corpus.embeddings),
            preconditioner: preconditioner,
            weight: index == 0 ? -Float(settings.debias) : 1 / Float(settings.stages.count))
    }
}
