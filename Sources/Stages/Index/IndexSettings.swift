internal import Pipeline
package import VectorIndex

/// The configuration's `index:` section.
package struct IndexSettings: Codable, Hashable, Sendable {
    package enum Kind: String, CaseIterable, Codable, Sendable {
        /// Partitioned from ``IndexSettings/largestFlat`` rows on.
        case auto
        /// Exact: every fingerprint is compared.
        case flat
        /// Approximate: an inverted file with RaBitQ codes.
        case partitioned
    }

    /// What the index' files depend on.
    package struct Layout: Codable, Hashable, Sendable {
        package let kind: Kind
        package let metric: Metric
        /// Bits of a code, of a partitioned index.
        package let bits: Int
        /// How many partitions; nil takes them from the number of rows.
        package let partitions: Int?

        /// Whether a corpus of so many rows gets a partitioned index.
        package func isPartitioned(rows: Int) -> Bool {
            switch kind {
            case .auto: rows > IndexSettings.largestFlat
            case .flat: false
            case .partitioned: true
            }
        }

        package var partitioning: PartitionSettings { PartitionSettings(partitions: partitions, bits: bits) }
    }

    /// How a partitioned index is searched.
    package struct Search: Codable, Hashable, Sendable {
        /// The share of the exact ten nearest that a search is to find, on held-out rows.
        package let recall: Double
        /// How many partitions are looked into; nil takes as few as reach the recall.
        package let probes: Int?
    }

    package let layout: Layout
    package let search: Search

    /// Up to so many rows an exact search is fast enough to need no approximation.
    package static let largestFlat = 250_000

    /// - Parameter hasWords: whether words find candidates too, so that a search may miss more.
    init(
        _ section: ConfigurationSection, profile: PipelineConfiguration.Profile, hasWords: Bool
    ) throws(RunError) {
        var section = section
        let kind = try section.choice("kind", default: profile == .paper ? Kind.flat : .auto)
        let partitions = try section.integer("partitions", default: 0, in: 0...16_000_000)
        layout = Layout(
            kind: kind,
            metric: try section.choice("metric", default: profile == .paper ? .l2 : .innerProduct),
            bits: try section.integer("bits", default: 6, in: 1...8),
            partitions: partitions == 0 ? nil : partitions)
        let probes = try section.integer("probes", default: 0, in: 0...16_000_000)
        search = Search(
            recall: try section.number("recall", default: hasWords ? 0.9 : 0.95, in: 0.01...1),
            probes: probes == 0 ? nil : probes)
        try section.finish()
    }
}
