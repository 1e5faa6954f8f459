internal import Foundation
internal import Lineage

/// A comparison as tables and JSON.
struct LineageReport {
    let a: ModelFingerprint
    let b: ModelFingerprint
    let comparison: WeightComparison

    /// Every pair, in the order (0, 1), (0, 2), … (1, 2), …
    static func pairs(_ models: [ModelFingerprint]) -> [LineageReport] {
        var reports: [LineageReport] = []
        for i in models.indices {
            for j in models.indices where j > i {
                guard let first = models[i].weights, let second = models[j].weights else { continue }
                reports.append(
                    LineageReport(a: models[i], b: models[j], comparison: WeightComparison(first, second)))
            }
        }
        return reports
    }

    struct Record: Encodable {
        let a: String
        let b: String
        let verdict: WeightComparison.Verdict
        let similarity: Double
        let pValue: Double
        let statement: String
        let matchedHiddenUnits: WeightComparison.Units?
        let layers: [LayerSummary]
        let tensors: [TensorMatch]
        let onlyInA: [String]
        let onlyInB: [String]
    }

    var record: Record {
        Record(
            a: a.model.name, b: b.model.name, verdict: comparison.verdict, similarity: comparison.similarity,
            pValue: comparison.pValue, statement: statement, matchedHiddenUnits: comparison.matchedUnits,
            layers: LayerSummary.of(comparison), tensors: comparison.matches, onlyInA: comparison.onlyInA,
            onlyInB: comparison.onlyInB)
    }

    private var statement: String { LineageStatement(comparison, a: a.model.name, b: b.model.name).text }

    // MARK: Tables

    func table(everyTensor: Bool) -> String {
        let matching = LayerSummary.of(comparison).reduce(0) { $0 + $1.matching }
        var text = """
            A           \(Self.describe(a))
            B           \(Self.describe(b))
            verdict     \(Self.words(comparison.verdict))
            similarity  \(Self.number(comparison.similarity))
            p-value     \(Self.chance(comparison.pValue))
            matrices    \(matching) of \(comparison.matches.filter { $0.comparisons > 0 }.count) comparable ones match; \
            \(comparison.onlyInA.count) only in A, \(comparison.onlyInB.count) only in B


            """
        var rows = [["layer", "matches", "similarity", "state", "in the other model"]]
        for layer in LayerSummary.of(comparison) {
            rows.append([
                layer.layer.map { "\($0)" } ?? "none", "\(layer.matching) of \(layer.matrices)",
                Self.number(layer.meanSimilarity), layer.state.rawValue,
                layer.matchedLayers.isEmpty
                    ? "–" : "layer " + layer.matchedLayers.map { "\($0)" }.joined(separator: ", "),
            ])
        }
        text += Self.columns(rows)
        if everyTensor {
            rows = [["matrix of A", "matrix of B", "weights", "neurons", "z", "p-value", "notes"]]
            for match in comparison.matches {
                rows.append([
                    match.name, match.match ?? "–", match.weights.map(Self.number) ?? "–",
                    match.neurons.map(Self.number) ?? "–", String(format: "%.1f", match.z),
                    String(format: "%.1g", match.pValue), match.isTransposed ? "transposed" : "",
                ])
            }
            text += "\n" + Self.columns(rows)
        }
        return text + "\n" + Self.wrapped(statement) + "\n"
    }

    /// The similarity of every pair.
    static func matrix(_ names: [String], _ reports: [LineageReport]) -> String {
        var rows = [["A", "B", "verdict", "similarity", "p-value"]]
        for report in reports {
            rows.append([
                report.a.model.name, report.b.model.name, words(report.comparison.verdict),
                number(report.comparison.similarity), chance(report.comparison.pValue),
            ])
        }
        return columns(rows)
    }

    static func map(_ names: [String], _ reports: [LineageReport]) -> LineageMap {
        var distances = [[Double]](repeating: [Double](repeating: 0, count: names.count), count: names.count)
        var next = 0
        for i in names.indices {
            for j in names.indices where j > i {
                distances[i][j] = 1 - reports[next].comparison.similarity
                distances[j][i] = distances[i][j]
                next += 1
            }
        }
        return LineageMap(names: names, distances: distances, title: "Distance of models: 1 − similarity of weights")
    }

    // MARK: Words

    static func words(_ verdict: WeightComparison.Verdict) -> String {
        switch verdict {
        case .related: "related"
        case .sharesParts: "shares parts"
        case .unrelated: "unrelated"
        case .incomparable: "not comparable"
        }
    }

    static func number(_ value: Double) -> String { String(format: "%.3f", value) }

    static func chance(_ p: Double) -> String {
        p <= WeightComparison.smallestPValue ? "< 1e-15" : String(format: "%.2g", p)
    }

    private static func describe(_ fingerprint: ModelFingerprint) -> String {
        let model = fingerprint.model
        return "\(model.name) (\(model.parameters) parameters, \(model.elementTypes.joined(separator: "/")), "
            + "\(fingerprint.weights?.tensors.count ?? 0) matrices)"
    }

    /// Columns as wide as their longest cell; cells of the first row are the headings.
    static func columns(_ rows: [[String]]) -> String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (cell, width) in zip(row, widths) {
                line += cell + String(repeating: " ", count: width - cell.count + 2)
            }
            while line.hasSuffix(" ") { line.removeLast() }
            return line + "\n"
        }.joined()
    }

    private static func wrapped(_ text: String, width: Int = 100) -> String {
        var lines = [""]
        for word in text.split(separator: " ") {
            if lines[lines.count - 1].isEmpty {
                lines[lines.count - 1] = String(word)
            } else if lines[lines.count - 1].count + 1 + word.count <= width {
                lines[lines.count - 1] += " \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines.joined(separator: "\n")
    }
}
