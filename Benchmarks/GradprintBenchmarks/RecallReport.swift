internal import Evaluation
internal import Foundation

/// One way to find candidates at one size: how often a source is among the first 10, 100 and 1,000.
struct RecallLine {
    static let depths = [10, 100, 1000]

    let method: String
    /// m of the token signature, where there is one.
    let dimension: Int?
    /// For each depth, the share of the queries.
    let hits: [Double]
    /// Of one core, a query, where it is measured.
    let milliseconds: Double?

    init(_ method: String, dimension: Int? = nil, milliseconds: Double? = nil, hits: (Int) -> Double) {
        (self.method, self.dimension, self.milliseconds) = (method, dimension, milliseconds)
        self.hits = Self.depths.map(hits)
    }
}

/// The lines of one size, as text, CSV and a chart over the signature's dimension.
struct RecallTable {
    let set: String
    let rows: Int
    let queries: Int
    let lines: [RecallLine]

    static let head =
        ["set", "rows", "queries", "method", "dimension"] + RecallLine.depths.map { "hit@\($0)" } + ["ms/query"]

    var records: [[String]] {
        lines.map { line in
            ["\(set)", "\(rows)", "\(queries)", line.method, line.dimension.map(String.init) ?? ""]
                + line.hits.map { Numerals.fixed($0, 4) }
                + [line.milliseconds.map { Numerals.fixed($0, 3) } ?? ""]
        }
    }

    var text: String {
        var text = "\n\(set), \(Numerals.count(rows)) rows, \(Numerals.count(queries)) queries with a source\n"
        text += cells("candidates", RecallLine.depths.map { "@\($0)" } + ["ms/query"])
        for line in lines {
            text += cells(
                line.method,
                line.hits.map { Numerals.fixed($0, 3) } + [line.milliseconds.map { Numerals.fixed($0, 2) } ?? ""])
        }
        return text
    }

    private func cells(_ name: String, _ values: [String]) -> String {
        let padded = values.map { String(repeating: " ", count: max(1, 10 - $0.count)) + $0 }
        return name.padding(toLength: 46, withPad: " ", startingAt: 0) + padded.joined() + "\n"
    }

    /// Shares at depth 100 over m; methods without a signature are level lines.
    func chart(dimensions: [Int]) -> String {
        let depth = 1
        var series: [LineChart.Series] = []
        for line in lines where line.dimension == nil {
            let points = dimensions.map { CurvePoint(x: Double($0), y: line.hits[depth]) }
            series.append(LineChart.Series(line.method, points: points))
        }
        let families = Dictionary(grouping: lines.filter { $0.dimension != nil }) { $0.method.prefix { $0 != "=" } }
        for (name, members) in families.sorted(by: { $0.key < $1.key }) {
            let points = members.map { CurvePoint(x: Double($0.dimension ?? 0), y: $0.hits[depth]) }
            let title = name.replacing(", m ", with: "")
            series.append(
                LineChart.Series(title.trimmingCharacters(in: .whitespaces), points: points, showsMarkers: true))
        }
        return LineChart(
            title:
                "Source among the first \(RecallLine.depths[depth]) candidates, \(set), \(Numerals.count(rows)) rows",
            x: PlotAxis("m of the token signature", scale: .logarithmic(base: 2)),
            y: PlotAxis("share of queries"), series: series
        ).drawing().text
    }
}
