internal import Calibration
internal import Foundation
internal import Pipeline
internal import Storage

/// What the calibrate stage leaves: how candidates are ranked, and what chance looks like.
struct CalibrationRecord: Codable, Sendable {
    /// How the ranking fared on simulated outputs that took no part in fitting it (but in choosing the features).
    struct Ablation: Codable, Sendable, Hashable {
        /// The features that took part, each fitted anew.
        let features: [Feature]
        let precisionAt1: Double
        let reciprocalRank: Double
        /// Mean of minus the log likelihood of the source among its candidates, in nats.
        let logLoss: Double
    }

    let ranker: Ranker
    let confidence: ConfidenceModel
    let null: NullDistribution
    /// Nothing where the configuration fixes the ranking.
    let ablations: [Ablation]
    /// Cluster influence, where it brought nothing on held-out outputs and has weight 0 for it.
    let dropped: [Feature]
    /// Simulated outputs that the weights were fitted on, and those that chose the features and measured the ranking.
    let fitted: Int
    let heldOut: Int
    /// Of the held-out ones, the share whose source is among the candidates.
    let recall: Double
    /// Of the held-out ones, the share whose source ranks first.
    let precisionAt1: Double
    /// The share whose source ranks first in the order of the vector index alone.
    let precisionAt1Unrefined: Double

    static let fileName = "calibration.json"

    func write(to path: String) throws(StorageError) { try JSONFile.seal(self, path: path) }

    /// - Throws: `corrupt` for a damaged file.
    static func read(_ artifact: Artifact) throws(StorageError) -> CalibrationRecord {
        try JSONFile.unseal(CalibrationRecord.self, path: artifact.path(fileName))
    }
}
