internal import Kernels

/// Which matrices TensorGuard looks at.
enum LayerSelection {
    enum Kind: Sendable, CaseIterable { case embedding, attention, feedForward, other }

    /// The kind that chooses: the embedding is asked for first.
    static func kind(_ name: String) -> Kind {
        let name = name.lowercased()
        if name.contains("embed") { return .embedding }
        if name.contains("attention") || name.contains("attn") { return .attention }
        if name.contains("ffn") || name.contains("mlp") { return .feedForward }
        return .other
    }

    /// The kind that the statistics are counted under: the embedding is asked for last.
    static func statisticsKind(_ name: String) -> Kind {
        let name = name.lowercased()
        if name.contains("attention") || name.contains("attn") { return .attention }
        if name.contains("ffn") || name.contains("mlp") { return .feedForward }
        return name.contains("embed") ? .embedding : .other
    }

    /// Whether the published code reads the tensor: one of a layer after 15 is left out.
    static func isRead(_ name: String) -> Bool {
        guard let range = name.firstRange(of: "layers.") else { return true }
        let digits = name[range.upperBound...].prefix { $0 != "." }
        return Int(digits).map { $0 <= 15 } ?? true
    }

    /// Of more than ten matrices: of each kind the first, the middle and the last, topped up to ten.
    ///
    /// The published code tops up in the order of a Python set, which changes from run to run; here it is a seeded sample.
    /// - Parameter names: of the two-axis tensors that are read, sorted.
    static func choose(_ names: [String]) -> [String] {
        guard names.count > 10 else { return names }
        var chosen: [String] = []
        for kind in Kind.allCases {
            let members = names.filter { Self.kind($0) == kind }
            let count = min(3, members.count)
            for index in 0..<count {
                let place = count == 1 ? 0 : index * (members.count - 1) / (count - 1)
                chosen.append(members[place])
            }
        }
        guard chosen.count < 10 else { return chosen }
        let remaining = names.filter { !chosen.contains($0) }
        var generator = SeededGenerator(seed: 0, stream: 1)
        return chosen + generator.sample(10 - chosen.count, below: remaining.count).map { remaining[$0] }
    }
}
