/// The fingerprint of TensorGuard (arXiv 2506.01631): 14 statistics of gradients, as the published files hold them.
package struct TensorGuardFeatures: Hashable, Sendable, Codable {
    package var globalMean: Double
    package var globalStandardDeviation: Double
    package var globalNorm: Double
    package var globalSkewness: Double
    package var globalKurtosis: Double
    package var attention: Group
    package var feedForward: Group
    package var embedding: Group

    /// The means over a kind of layer; zeros when the model has none, as the published classifier fills in.
    package struct Group: Hashable, Sendable, Codable {
        package var mean: Double
        package var standardDeviation: Double
        package var norm: Double

        package init(mean: Double = 0, standardDeviation: Double = 0, norm: Double = 0) {
            self.mean = mean
            self.standardDeviation = standardDeviation
            self.norm = norm
        }
    }

    /// The names in the published files, in the order of ``values``.
    package static let names = [
        "global_mean", "global_std", "global_norm", "global_skewness", "global_kurtosis", "attention_mean",
        "attention_std", "attention_norm", "ffn_mean", "ffn_std", "ffn_norm", "embedding_mean", "embedding_std",
        "embedding_norm",
    ]

    package var values: [Double] {
        [globalMean, globalStandardDeviation, globalNorm, globalSkewness, globalKurtosis]
            + [attention, feedForward, embedding].flatMap { [$0.mean, $0.standardDeviation, $0.norm] }
    }

    /// - Parameter values: 14 numbers in the order of ``names``.
    package init(values: [Double]) {
        precondition(values.count == Self.names.count)
        globalMean = values[0]
        globalStandardDeviation = values[1]
        globalNorm = values[2]
        globalSkewness = values[3]
        globalKurtosis = values[4]
        attention = Group(mean: values[5], standardDeviation: values[6], norm: values[7])
        feedForward = Group(mean: values[8], standardDeviation: values[9], norm: values[10])
        embedding = Group(mean: values[11], standardDeviation: values[12], norm: values[13])
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(values: try Self.names.map { try container.decodeIfPresent(Double.self, forKey: Key($0)) ?? 0 })
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        for (name, value) in zip(Self.names, values) { try container.encode(value, forKey: Key(name)) }
    }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.init(stringValue) }
        init?(intValue: Int) { nil }
    }
}
