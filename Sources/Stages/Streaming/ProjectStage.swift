internal import Kernels
package import Pipeline
internal import Probing
internal import Storage

/// The fingerprint of every row: its embedding, the random projection of its gradient, and its words if they are wanted.
package struct ProjectStage: Stage {
    /// The configuration's `fingerprint:` section.
    package struct Settings: Codable, Hashable, Sendable {
        package enum Distribution: String, CaseIterable, Codable, Sendable { case rademacher, gaussian }

        package let dimension: Int
        package let distribution: Distribution
        package let layout: FingerprintLayout

        init(
            _ section: ConfigurationSection, profile: PipelineConfiguration.Profile, tokens: TokenSettings
        ) throws(RunError) {
            var section = section
            let combine = try section.choice(
                "combine", default: profile == .paper ? FingerprintLayout.Combination.raw : .weighted)
            dimension = try section.integer("dimension", default: 32, in: 1...65_536)
            distribution = try section.choice("distribution", default: .rademacher)
            let words = FingerprintLayout.TokenBlock(
                dimension: try section.integer("token_dimension", default: 256, in: 1...65_536),
                weight: try section.number("token_weight", default: 0, in: 0...1e6), prior: tokens.prior)
            layout = FingerprintLayout(
                combine: combine,
                embeddingWeight: try section.number("embedding_weight", default: 1, in: 0...1e6),
                signatureWeight: try section.number("signature_weight", default: 0, in: 0...1e6),
                tokens: words.weight > 0 ? words : nil)
            try section.finish()
        }

        private init(dimension: Int, distribution: Distribution, layout: FingerprintLayout) {
            self.dimension = dimension
            self.distribution = distribution
            self.layout = layout
        }

        /// The reference method's fingerprint: raw `[e ; c]`.
        static func reference(dimension: Int) -> Settings {
            Settings(
                dimension: dimension, distribution: .rademacher,
                layout: FingerprintLayout(combine: .raw, embeddingWeight: 1, signatureWeight: 1, tokens: nil))
        }
    }

    package static let name = "project"
    package static let version = 2
    package let parameters: Seeded<Settings>

    private let sizes: RowSizes

    init(_ settings: Settings, sizes: RowSizes, seed: UInt64) {
        parameters = Seeded(settings: settings, seed: seed)
        self.sizes = sizes
    }

    package var granularity: Granularity { .shard }
    package static func erasure(of artifact: Artifact) -> Erasure { .rows }
    package var inputs: [StageInput] {
        [.same(EmbedStage.name), .same(GradientSignStage.name), .same(ProbeTrainStage.name)]
            + (hasWords ? [.same(TokenizeStage.name), .same(TokenProbeStage.name)] : [])
    }

    private var hasWords: Bool { parameters.settings.layout.tokens != nil }

    package func estimate(_ extent: Extent) -> ResourceEstimate {
        ResourceEstimate(memory: 128 << 20, disk: extent.rows * sizes.fingerprint)
    }

    package func run(_ context: TaskContext) throws {
        let embeddings = try EmbeddingBlocks(context.input(EmbedStage.name))
        let gradients = try ShardReader(
            path: context.input(GradientSignStage.name).path(ArtifactFile.gradients), expectedKind: ShardKind.gradients)
        let words = hasWords ? try TokenFile.reader(context.input(TokenizeStage.name)) : nil
        let probeArtifact = context.input(ProbeTrainStage.name)
        let frequencies = hasWords ? context.input(TokenProbeStage.name) : nil
        let fingerprinter = try Fingerprinter(
            settings: parameters.settings, seed: parameters.seed, probe: try ProbeFile.read(probeArtifact),
            frequencies: frequencies)
        let writer = try ShardWriter(
            path: context.output(ArtifactFile.fingerprints), kind: ShardKind.fingerprints,
            columns: [ColumnDescription("fingerprint", .float32, width: fingerprinter.dimension)],
            attributes: ["identity": fingerprinter.identity(probe: probeArtifact, frequencies: frequencies)])
        for rows in embeddings.blocks {
            let block = try embeddings.matrix(rows)
            let factors = try GradientFile.read(gradients, rows: rows)
            let fingerprints = try fingerprinter.fingerprints(
                block, factors, words: try words.map { try TokenFile.counts($0, rows: rows) }, workers: context.workers)
            try writer.append("fingerprint", floats: fingerprints.elements.span)
            context.advance(rows: rows.count)
        }
        _ = try writer.finish()
    }
}

/// Makes fingerprints of embeddings, gradients and words: the same for the corpus and for outputs.
struct Fingerprinter: Sendable {
    private let settings: ProjectStage.Settings
    private let seed: UInt64
    private let projection: (any GradientProjection)?
    private let tokens: TokenSignature?
    private let embeddingDimension: Int

    /// - Parameter frequencies: the trained token probe, where the layout has a block of words.
    /// - Throws: `corrupt`, from a damaged file of frequencies.
    init(
        settings: ProjectStage.Settings, seed: UInt64, probe: any Probe, frequencies: Artifact?
    ) throws(StorageError) {
        self.settings = settings
        self.seed = seed
        embeddingDimension = probe.dimension
        if let block = settings.layout.tokens {
            guard let frequencies else { preconditionFailure("a block of words needs the token probe") }
            let words = TokenProbe(
                try TokenFrequencies(path: frequencies.path(ArtifactFile.frequencies)),
                settings: TokenProbe.Settings(priorStrength: block.prior))
            tokens = TokenSignature(words, settings: TokenSignature.Settings(dimension: block.dimension), seed: seed)
        } else {
            tokens = nil
        }
        guard settings.layout.hasSignature else {
            projection = nil
            return
        }
        switch (probe, settings.distribution) {
        case (is LinearProbe, .rademacher):
            projection = LinearProjection(
                classes: probe.classes, dimension: probe.dimension, outputs: settings.dimension, seed: seed)
        case (is LinearProbe, .gaussian):
            projection = GaussianProjection(
                classes: probe.classes, dimension: probe.dimension, outputs: settings.dimension, seed: seed)
        default:
            let sizes = Self.sizes(settings.dimension, layers: probe.layers.count)
            projection = KroneckerProjection(layers: probe.layers, sizes: sizes, seed: seed)
        }
    }

    /// d, and the dimensions of the signatures that take part.
    var dimension: Int {
        embeddingDimension + (projection?.outputs ?? 0) + (settings.layout.tokens?.dimension ?? 0)
    }

    /// Whether a fingerprint is the embedding, but for its length.
    var isEmbedding: Bool { projection == nil && tokens == nil }

    /// Whether the gradient's signature takes part.
    var needsGradients: Bool { projection != nil }

    /// Whether fingerprints have a block of words.
    var needsWords: Bool { tokens != nil }

    /// The fingerprints `[rows × dimension]`.
    ///
    /// - Parameters:
    ///   - factors: of the same rows; of no account unless ``needsGradients``.
    ///   - words: of the same rows; of no account unless ``needsWords``.
    /// - Throws: `corrupt`, from a damaged file of frequencies.
    func fingerprints(
        _ embeddings: Matrix, _ factors: GradientFactors?, words: TokenCounts?, workers: Int
    ) throws(StorageError) -> Matrix {
        var signatures: Matrix?
        if let projection {
            guard let factors else { preconditionFailure("these fingerprints have a signature of the gradient") }
            signatures = projection.project(factors, embeddings: embeddings.elements.span, workers: workers)
        }
        var hashed: Matrix?
        if let tokens {
            guard let words else { preconditionFailure("these fingerprints have a block of words") }
            hashed = try tokens.signatures(words, workers: workers)
        }
        return settings.layout.fingerprints(embeddings: embeddings, signatures: signatures, tokens: hashed)
    }

    /// Names everything that fingerprints are made with: two of different identity must not be compared.
    ///
    /// - Parameter frequencies: the token probe, where the layout has a block of words.
    func identity(probe: Artifact, frequencies: Artifact?) -> String {
        let settings = String(decoding: JSONFile.encode(self.settings), as: UTF8.self)
        let words = frequencies.map { "\n\($0.manifest.fingerprint)" } ?? ""
        return Digest.sha256("\(probe.manifest.fingerprint)\n\(settings)\n\(seed)\(words)")
    }

    /// Kronecker factors for each layer whose products add up to about m: each layer m_out·m_in ≈ m / layers.
    private static func sizes(_ outputs: Int, layers: Int) -> [(out: Int, in: Int)] {
        let share = max(1, outputs / layers)
        let left = (1...share).last { $0 * $0 <= share && share % $0 == 0 } ?? 1
        return Array(repeating: (out: left, in: share / left), count: layers)
    }
}
