/// The matches of one layer, or of what belongs to none.
package struct LayerSummary: Hashable, Sendable, Codable {
    /// The first number in the matrices' names; `nil` for embeddings and heads.
    package let layer: Int?
    /// The layers of the other model that the matches lie in.
    package let matchedLayers: [Int]
    package let matrices: Int
    package let matching: Int
    package let meanSimilarity: Double
    package let state: State

    package enum State: String, Sendable, Codable {
        /// Every matrix matches by its weights, at .9995 or more: the same, or rounded.
        case unchanged
        /// Every matrix matches by its weights.
        case changed
        /// Every matrix matches, some by their neurons only.
        case reordered
        /// Some matrices match.
        case partly
        case replaced
    }

    /// The layers of the smaller model, in their order; what belongs to none comes first.
    package static func of(_ comparison: WeightComparison) -> [LayerSummary] {
        let comparable = comparison.matches.filter { $0.comparisons > 0 }
        let groups = Dictionary(grouping: comparable) { layerNumber($0.name) ?? -1 }
        return groups.keys.sorted().map { key in
            let group = groups[key]!
            let matching = group.filter { $0.isMatch(among: comparable.count) }
            let layers = Set(matching.compactMap { $0.match.flatMap(layerNumber) }).sorted()
            let state: State =
                if matching.isEmpty {
                    .replaced
                } else if matching.count < group.count {
                    .partly
                } else if matching.contains(where: \.isReordered) {
                    .reordered
                } else {
                    matching.allSatisfy { $0.similarity >= 0.9995 } ? .unchanged : .changed
                }
            return LayerSummary(
                layer: key < 0 ? nil : key, matchedLayers: layers, matrices: group.count, matching: matching.count,
                meanSimilarity: group.reduce(0) { $0 + max(0, $1.similarity) } / Double(group.count), state: state)
        }
    }

    /// The first part of a dotted name that is a number.
    static func layerNumber(_ name: String) -> Int? {
        for part in name.split(separator: ".") where part.allSatisfy(\.isNumber) {
            if let number = Int(part) { return number }
        }
        return nil
    }
}
