internal import Foundation

/// What a comparison found, in sentences that need no explanation.
package struct LineageStatement: Sendable {
    package let text: String

    /// - Parameters:
    ///   - a: the first model's name.
    ///   - b: the second model's.
    package init(_ comparison: WeightComparison, a: String, b: String) {
        let comparable = comparison.matches.filter { $0.comparisons > 0 }
        let matching = comparable.filter { $0.isMatch(among: comparable.count) }
        let count = "\(matching.count) of \(comparable.count) comparable weight matrices"
        switch comparison.verdict {
        case .related:
            text =
                "\(a) and \(b) share an origin: \(count) agree far beyond chance (mean similarity "
                + "\(Self.number(comparison.similarity)), \(Self.chance(comparison.pValue)) for models trained "
                + "independently). One was made from the other, or both from a third model; which, the weights alone "
                + "do not tell.\(Self.changes(comparison, matching))"
        case .sharesParts:
            text =
                "\(a) and \(b) share parts, but not as a whole: \(count) agree far beyond chance "
                + "(\(Self.list(matching.map(\.name)))), the others do not. This is what a model looks like that took "
                + "over single matrices, such as an embedding, and trained the rest anew; or the shared ones are fixed "
                + "tables that many models begin with, such as sinusoidal positions."
        case .unrelated:
            text =
                "No sign of a common origin of \(a) and \(b): their \(comparable.count) comparable weight matrices "
                + "agree no better than those of models trained independently (mean similarity "
                + "\(Self.number(comparison.similarity)), \(Self.chance(comparison.pValue))). This speaks against "
                + "derivation by the means listed in docs/lineage.md; it cannot rule out others, such as training on "
                + "the other model's outputs."
        case .incomparable:
            text =
                "\(a) and \(b) cannot be compared by their weights: no matrix of one has the shape of a matrix of the "
                + "other."
        }
    }

    /// What was done to the weights between the two models, as far as it shows.
    private static func changes(_ comparison: WeightComparison, _ matching: [TensorMatch]) -> String {
        var notes: [String] = []
        func tell(_ matches: [TensorMatch], _ what: String) {
            if !matches.isEmpty { notes.append("\(matches.count) \(matches.count == 1 ? "is" : "are") \(what)") }
        }
        tell(matching.filter { !$0.isReordered && $0.similarity >= 0.9995 }, "unchanged or only rounded")
        tell(matching.filter(\.isReordered), "the same neurons in another order or scale")
        tell(matching.filter(\.isTransposed), "stored with rows and columns exchanged")
        tell(matching.filter { $0.name != $0.match }, "under another name")
        let comparable = comparison.matches.filter { $0.comparisons > 0 }
        let lost = comparable.filter { match in !matching.contains { $0.name == match.name } }
        if !lost.isEmpty { notes.append("\(lost.count) do not match (\(list(lost.map(\.name))))") }
        if !comparison.onlyInA.isEmpty { notes.append("\(comparison.onlyInA.count) are in the first model only") }
        if !comparison.onlyInB.isEmpty { notes.append("\(comparison.onlyInB.count) are in the second model only") }
        return notes.isEmpty ? "" : " Of the matrices, " + notes.joined(separator: "; ") + "."
    }

    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(3).joined(separator: ", ")
        return names.count > 3 ? "\(shown) and \(names.count - 3) more" : shown
    }

    static func number(_ value: Double) -> String { String(format: "%.3f", value) }

    /// A p-value as words that hold: below the smallest one there is no claim.
    static func chance(_ p: Double) -> String {
        p <= WeightComparison.smallestPValue ? "p < 1e-15" : String(format: "p = %.2g", p)
    }
}
