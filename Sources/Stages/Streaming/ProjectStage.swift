package import Pipeline
internal import Kernels
internal import Probing
internal import Storage

/// The fingerprint of every row: its embedding and the random projection of its gradient.
package struct ProjectStage: Stage {
    /// The configuration's `fingerprint:` section.
    package struct Settings: Codable, Hashable, Sendable {
        package enum Distribution: String, CaseIterable, Codable, Sendable { case rademacher, gaussian }

        package let dimension: Int
        package let distribution: Distribution
        package let layout: FingerprintLayout

        init(_ section: ConfigurationSection, profile: PipelineConfiguration.Profile) throws(RunError) {
            var section = section
            let combine = try section.choice(
                "combine", default: profile == .paper ? FingerprintLayout.Combination.raw : .weighted)
            dimension = try section.integer("dimension", default: 32, in: 1...65_536)
            distribution = try section.choice("distribution", default: .rademacher)
            layout = FingerprintLayout(
                combine: combine,
                embeddingWeight: try section.number("embedding_weight", default: 1, in: 0...1e6),
                signatureWeight: try section.number("signature_weight", default: 0, in: 0...1e6))
            try section.finish()
        }
    }

    package struct Parameters: Codable, Sendable {
        let settings: Settings
        let seed: UInt64
    }

    package static let name = "project"
    package static let version = 1
    package let parameters: Parameters

    init(_ settings: Settings, seed: UInt64) { parameters = Parameters(settings: settings, seed: seed) }

    package var granularity: Granularity { .shard }
    package var inputs: [StageInput] {
        [.same(EmbedStage.name), .same(GradientSignStage.name), .same(ProbeTrainStage.name)]
    }

    package func estimate(_ extent: Extent) -> ResourceEstimate {
        ResourceEstimate(memory: 128 << 20, disk: extent.rows * (1024 + parameters.settings.dimension) * 4)
    }
}
