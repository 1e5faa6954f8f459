package import Kernels
internal import Probing

/// TRAK: the after kernel of randomly projected gradients of the margin, averaged over probes trained on random halves:
/// `τ(y)_x = (1/M Σ_i φ_i(y)ᵀ (Φ_iᵀΦ_i + λI)⁻¹ φ_i(x)) · (1/M Σ_i (1 − p_i(x)))` with `φ_i = P_i ∇f(θ_i)` and
/// `f = log(p/(1 − p))` of the pseudo-label's probability p.
///
/// Source: Park et al., "TRAK: Attributing model behavior at scale", 2023, arXiv 2303.14186, section 3. Ours
/// differs in λ, a share of the mean eigenvalue of ΦᵀΦ, since the margins' gradients add up to zero over the classes and
/// ΦᵀΦ is singular where nothing is projected away; and there is no soft threshold (which changes no ranking of the
/// first rows). The gradient of f is a linear probe's: `(−softmax over the other classes, 1 at the label) ⊗ [e; 1]`.
package struct TrakMethod: VectorMethod {
    package struct Settings: Sendable, Hashable, Codable {
        /// M.
        package var probes: Int
        /// The width of each projection; gradients no longer than this are not projected.
        package var outputs: Int
        /// λ as a share of the mean eigenvalue of ΦᵀΦ.
        package var ridge: Double
        /// The share of the corpus that each probe is trained on.
        package var share: Double
        package var l2: Double
        package var iterations: Int
        package var seed: UInt64

        package init(
            probes: Int = 5, outputs: Int = 512, ridge: Double = 0.1, share: Double = 0.5,
            l2: Double = ProbeTraining().l2, iterations: Int = 200, seed: UInt64 = 0
        ) {
            precondition(probes > 0 && outputs > 0 && ridge >= 0 && share > 0 && share <= 1)
            self.probes = probes
            self.outputs = outputs
            self.ridge = ridge
            self.share = share
            self.l2 = l2
            self.iterations = iterations
            self.seed = seed
        }
    }

    package let name = "trak"
    /// For each row the probes' (Φ_iᵀΦ_i + λI)⁻¹φ_i(x), one after another, times the row's mean of 1 − p over M:
    /// `[rows × M·m]`.
    let vectors: Matrix
    private let probes: [LinearProbe]
    private let features: [GradientFeatures]

    /// - Throws: `noRows`, `wrongDimension`, `labelOutOfRange`, `notFinite`, `probing`.
    /// - Complexity: M·(rows·m² + m³) operations beside training and projecting; 4·rows·M·m bytes.
    package init(
        corpus: LabelledRows, classes: Int, settings: Settings = Settings(), workers: Int
    ) throws(BaselineError) {
        guard corpus.count > 0 else { throw .noRows }
        try corpus.validate(dimension: corpus.dimension, classes: classes)
        var probes: [LinearProbe] = []
        let training = ProbeTraining(l2: settings.l2, optimizer: LBFGS(iterations: settings.iterations))
        for member in 0..<settings.probes {
            var generator = SeededGenerator(seed: settings.seed, stream: UInt64(member))
            let count = max(1, Int((Double(corpus.count) * settings.share).rounded()))
            let half = corpus.rows(generator.sample(count, below: corpus.count))
            probes.append(try .trained(on: half, classes: classes, training, workers: workers))
        }
        self.probes = probes
        features = Self.features(probes, settings)
        var blocks: [Matrix] = []
        var doubts = [Float](repeating: 0, count: corpus.count)
        for (probe, features) in zip(probes, features) {
            let phi = try Self.features(of: corpus, probe, features, workers: workers)
            blocks.append(try AfterKernel(phi, ridge: settings.ridge, workers: workers).whiten(phi, workers: workers))
            let delta = try probe.lossDerivatives(corpus, workers: workers)
            // δ at the label is p − 1.
            for row in doubts.indices { doubts[row] -= delta[row, Int(corpus.labels[row])] }
        }
        let share = 1 / Float(settings.probes)
        vectors = Self.joined(blocks, factors: doubts.map { $0 * share * share })
    }

    /// - Throws: `missingArray`, `wrongShape`.
    package init(
        restoring state: MethodState, rows: Int, dimension: Int, classes: Int, settings: Settings = Settings()
    ) throws(BaselineError) {
        let parameters = try state.array(
            "parameters", rows: settings.probes, columns: classes * (dimension + 1))
        probes = (0..<settings.probes).map {
            LinearProbe(dimension: dimension, classes: classes, parameters: parameters.row($0))
        }
        features = Self.features(probes, settings)
        vectors = try state.array("features", rows: rows, columns: features.reduce(0) { $0 + $1.width })
    }

    package var state: MethodState {
        MethodState([
            .init(
                name: "parameters", values: Matrix.concatenating(probes.map { Matrix(row: $0.parameters) })),
            .init(name: "features", values: vectors),
        ])
    }

    package func prepare(_ outputs: LabelledRows, workers: Int) throws(BaselineError) -> Matrix {
        var blocks: [Matrix] = []
        for (probe, features) in zip(probes, features) {
            blocks.append(try Self.features(of: outputs, probe, features, workers: workers))
        }
        return Self.joined(blocks, factors: [Float](repeating: 1, count: outputs.count))
    }

    private static func features(_ probes: [LinearProbe], _ settings: Settings) -> [GradientFeatures] {
        probes.enumerated().map { member, probe in
            GradientFeatures(
                classes: probe.classes, dimension: probe.dimension, outputs: settings.outputs,
                seed: settings.seed &+ UInt64(member) &* 0x9e37_79b9_7f4a_7c15)
        }
    }

    /// φ of some rows, `[rows × m]`.
    private static func features(
        of rows: LabelledRows, _ probe: LinearProbe, _ features: GradientFeatures, workers: Int
    ) throws(BaselineError) -> Matrix {
        let derivatives = try probe.marginDerivatives(rows, workers: workers)
        return features(ProbeGradients(derivatives: derivatives, embeddings: rows.embeddings), workers: workers)
    }

    /// Blocks of columns side by side, each row times its factor.
    private static func joined(_ blocks: [Matrix], factors: [Float]) -> Matrix {
        let width = blocks.reduce(0) { $0 + $1.columns }
        var elements: [Float] = []
        elements.reserveCapacity(factors.count * width)
        for (row, factor) in factors.enumerated() {
            for block in blocks {
                elements.append(contentsOf: block.elements[block.range(ofRow: row)].map { $0 * factor })
            }
        }
        return Matrix(rows: factors.count, columns: width, elements: elements)
    }
}
