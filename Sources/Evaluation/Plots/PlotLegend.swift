/// The names of a chart's series above it, in as many lines as they need.
struct PlotLegend {
    private let entries: [(name: String, x: Double, line: Int)]
    /// What it takes of the chart's height.
    let height: Double

    private static let lineHeight = 18.0
    private static let swatch = 26.0

    /// - Parameter width: where lines break.
    init(names: [String], width: Double) {
        var (x, line) = (0.0, 0)
        var entries: [(String, Double, Int)] = []
        for name in names {
            let name = PlotStyle.fitted(name, width: width - Self.swatch).text
            let needed = Self.swatch + PlotStyle.textWidth(name)
            if x > 0, x + needed > width { (x, line) = (0, line + 1) }
            entries.append((name, x, line))
            x += needed + 16
        }
        self.entries = entries
        height = names.isEmpty ? 0 : Double(line + 1) * Self.lineHeight + 4
    }

    /// - Parameter swatch: draws a series' sample, 20 wide, at the left end's height `y`.
    func draw(
        on canvas: inout SVGCanvas, x: Double, y: Double,
        swatch: (_ series: Int, _ x: Double, _ y: Double, _ canvas: inout SVGCanvas) -> Void
    ) {
        for (series, entry) in entries.enumerated() {
            let middle = y + (Double(entry.line) + 0.5) * Self.lineHeight
            canvas.group(PlotStyle.color(series)) { swatch(series, x + entry.x, middle, &$0) }
            canvas.text(entry.name, x: x + entry.x + Self.swatch, y: middle + 4)
        }
    }
}
