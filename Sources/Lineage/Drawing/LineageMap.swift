internal import Foundation

/// Distances between several models, as tables and drawings.
package struct LineageMap: Sendable {
    package let names: [String]
    /// Symmetric, with zeros on the diagonal.
    package let distances: [[Double]]
    /// What the distances mean, for the drawings' titles.
    package let title: String

    package init(names: [String], distances: [[Double]], title: String) {
        precondition(names.count == distances.count && !names.isEmpty)
        self.names = names
        self.distances = distances
        self.title = title
    }

    /// The models' order in which near ones stand together.
    private var order: [Int] { HierarchicalClustering(distances: distances).tree.leaves }

    /// An SVG: one square for each pair, dark for near; the distance is in each square's tooltip.
    package func heatMap() -> String {
        let order = order
        let (cell, margin, top) = (22.0, labelWidth, 40.0)
        let size = cell * Double(names.count)
        let highest = max(distances.joined().max() ?? 0, 1e-9)
        var svg = SVG(width: margin + size + 20, height: top + size + 20, title: title)
        for (row, i) in order.enumerated() {
            let y = top + cell * Double(row)
            svg.text(names[i], x: margin - 6, y: y + cell * 0.68, anchor: "end")
            for (column, j) in order.enumerated() {
                let share = distances[i][j] / highest
                svg.rectangle(
                    x: margin + cell * Double(column), y: y, side: cell - 1, color: Self.color(share),
                    tip: "\(names[i]) – \(names[j]): \(String(format: "%.3f", distances[i][j]))")
            }
        }
        return svg.finish()
    }

    /// An SVG: which models join at which distance.
    package func dendrogram() -> String {
        let tree = HierarchicalClustering(distances: distances).tree
        let (step, margin, top, width) = (22.0, labelWidth, 40.0, 420.0)
        let highest = max(tree.height, 1e-9)
        let order = tree.leaves
        var svg = SVG(width: margin + width + 40, height: top + step * Double(names.count) + 40, title: title)
        var places = [Int: Double]()
        for (row, leaf) in order.enumerated() {
            places[leaf] = top + step * (Double(row) + 0.5)
            svg.text(names[leaf], x: margin - 6, y: places[leaf]! + 4, anchor: "end")
        }
        func x(_ height: Double) -> Double { margin + width * height / highest }
        func draw(_ tree: HierarchicalClustering.Tree, _ svg: inout SVG) -> Double {
            guard case .join(let left, let right, let height) = tree else { return places[tree.leaves[0]]! }
            let (a, b) = (draw(left, &svg), draw(right, &svg))
            svg.line(x1: x(left.height), y1: a, x2: x(height), y2: a)
            svg.line(x1: x(right.height), y1: b, x2: x(height), y2: b)
            svg.line(x1: x(height), y1: a, x2: x(height), y2: b)
            return (a + b) / 2
        }
        _ = draw(tree, &svg)
        let bottom = top + step * Double(names.count) + 14
        for tick in 0...4 {
            let height = highest * Double(tick) / 4
            svg.line(x1: x(height), y1: bottom - 6, x2: x(height), y2: bottom - 2)
            svg.text(String(format: "%.2f", height), x: x(height), y: bottom + 12, anchor: "middle")
        }
        return svg.finish()
    }

    private var labelWidth: Double { 20 + 7.2 * Double(min(48, names.map(\.count).max() ?? 0)) }

    /// Dark blue for 0, white for 1.
    private static func color(_ share: Double) -> String {
        func mix(_ from: Double, _ to: Double) -> Int { Int((from + (to - from) * min(1, max(0, share))).rounded()) }
        return "rgb(\(mix(20, 247)),\(mix(60, 250)),\(mix(120, 253)))"
    }
}

/// A drawing that is written as text.
private struct SVG {
    private var body: String

    init(width: Double, height: Double, title: String) {
        let size = "\(Int(width.rounded(.up))) \(Int(height.rounded(.up)))"
        body =
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(size)\" font-family=\"sans-serif\" font-size=\"12\">\n"
            + "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
        text(title, x: 10, y: 20, anchor: "start")
    }

    mutating func text(_ text: String, x: Double, y: Double, anchor: String) {
        let shown = text.count > 48 ? text.prefix(47) + "…" : text[...]
        body +=
            "<text x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor)\">\(escape(String(shown)))</text>\n"
    }

    mutating func rectangle(x: Double, y: Double, side: Double, color: String, tip: String) {
        body +=
            "<rect x=\"\(number(x))\" y=\"\(number(y))\" width=\"\(number(side))\" height=\"\(number(side))\" "
            + "fill=\"\(color)\"><title>\(escape(tip))</title></rect>\n"
    }

    mutating func line(x1: Double, y1: Double, x2: Double, y2: Double) {
        body +=
            "<line x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" y2=\"\(number(y2))\" "
            + "stroke=\"#1c3c78\" stroke-width=\"1.5\"/>\n"
    }

    func finish() -> String { body + "</svg>\n" }

    private func number(_ value: Double) -> String { String(format: "%.1f", value) }

    private func escape(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}
