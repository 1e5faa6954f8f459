/// Curves over a common axis.
package struct LineChart: Sendable {
    package struct Series: Sendable {
        package var name: String
        /// In the order they are joined; points that the axes cannot show leave a gap.
        package var points: [CurvePoint]
        /// Draws each point; for a few measured ones.
        package var showsMarkers: Bool
        /// Keeps a value until the next point, as a distribution does.
        package var isStepped: Bool

        package init(_ name: String, points: [CurvePoint], showsMarkers: Bool = false, isStepped: Bool = false) {
            (self.name, self.points, self.showsMarkers, self.isStepped) = (name, points, showsMarkers, isStepped)
        }
    }

    /// What the chart shows, for those who cannot see it.
    package var title: String
    package var x: PlotAxis
    package var y: PlotAxis
    package var series: [Series]
    /// Draws y = x, for what should lie on it.
    package var showsDiagonal: Bool

    package init(title: String, x: PlotAxis, y: PlotAxis, series: [Series], showsDiagonal: Bool = false) {
        (self.title, self.x, self.y) = (title, x, y)
        (self.series, self.showsDiagonal) = (series, showsDiagonal)
    }

    private static let plotHeight = 250.0

    /// - Complexity: O(points).
    package func drawing() -> SVGDrawing {
        let points = series.flatMap(\.points).filter { x.shows($0.x) && y.shows($0.y) }
        let legend = PlotLegend(names: series.map(\.name), width: PlotStyle.width - 24)
        let top = 10 + legend.height
        let bottom = top + Self.plotHeight
        let vertical = AxisLayout(y, values: points.map(\.y), from: bottom, to: top, ticks: 5)
        let left = 30 + (vertical.ticks.map { PlotStyle.textWidth($0.label) }.max() ?? 0)
        let horizontal = AxisLayout(x, values: points.map(\.x), from: left, to: PlotStyle.width - 16, ticks: 6)
        var canvas = SVGCanvas(width: PlotStyle.width, height: bottom + 42)
        legend.draw(on: &canvas, x: 12, y: 4) { index, x, y, canvas in
            canvas.line(from: (x, y), to: (x + 20, y), lineStyle(index))
            if series[index].showsMarkers { PlotStyle.marker(index, x: x + 10, y: y, title: nil, on: &canvas) }
        }
        drawAxes(horizontal, vertical, left: left, top: top, bottom: bottom, on: &canvas)
        if showsDiagonal { drawDiagonal(horizontal, vertical, on: &canvas) }
        for index in series.indices {
            canvas.group(PlotStyle.color(index)) { draw(index, horizontal, vertical, on: &$0) }
        }
        if points.isEmpty { canvas.text("no data", x: (left + PlotStyle.width) / 2, y: top + 120, anchor: "middle") }
        return canvas.drawing(title: title)
    }

    private func lineStyle(_ series: Int) -> SVGCanvas.Attributes {
        ["stroke-width": "2", "stroke-dasharray": PlotStyle.dash(series), "fill": "none", "stroke-linejoin": "round"]
    }

    private func drawAxes(
        _ horizontal: AxisLayout, _ vertical: AxisLayout, left: Double, top: Double, bottom: Double,
        on canvas: inout SVGCanvas
    ) {
        let right = PlotStyle.width - 16
        for tick in vertical.ticks {
            let y = vertical.position(tick.value)
            canvas.line(from: (left, y), to: (right, y), ["stroke-opacity": "0.15"])
            canvas.text(tick.label, x: left - 6, y: y + 4, anchor: "end")
        }
        for tick in horizontal.ticks {
            let x = horizontal.position(tick.value)
            canvas.line(from: (x, bottom), to: (x, bottom + 4))
            canvas.text(tick.label, x: x, y: bottom + 17, anchor: "middle")
        }
        canvas.line(from: (left, bottom), to: (right, bottom))
        canvas.text(x.label, x: (left + right) / 2, y: bottom + 35, anchor: "middle")
        let middle = (top + bottom) / 2
        let turn = "rotate(-90 14 \(canvas.number(middle)))"
        canvas.text(y.label, x: 14, y: middle, anchor: "middle", ["transform": turn])
    }

    private func drawDiagonal(_ horizontal: AxisLayout, _ vertical: AxisLayout, on canvas: inout SVGCanvas) {
        let from = max(horizontal.domain.lowerBound, vertical.domain.lowerBound)
        let to = min(horizontal.domain.upperBound, vertical.domain.upperBound)
        guard from < to else { return }
        // Straight only on two axes of one kind; in between it is drawn in pieces.
        let points = stride(from: 0.0, through: 1, by: 1 / 64).map { share in
            let value = from + (to - from) * share
            return (horizontal.position(value), vertical.position(value))
        }
        canvas.element(
            "path",
            [
                "d": path(points, canvas), "fill": "none", "stroke": "currentColor", "stroke-opacity": "0.5",
                "stroke-dasharray": "3 4",
            ])
    }

    private func draw(_ index: Int, _ horizontal: AxisLayout, _ vertical: AxisLayout, on canvas: inout SVGCanvas) {
        let isStepped = series[index].isStepped
        let isShown = { (point: CurvePoint) in
            x.shows(point.x) && y.shows(point.y) && horizontal.domain.contains(point.x)
                && vertical.domain.contains(point.y)
        }
        for piece in series[index].points.split(whereSeparator: { !isShown($0) }) {
            var places: [(Double, Double)] = []
            for (offset, point) in piece.enumerated() {
                let place = (horizontal.position(point.x), vertical.position(point.y))
                // What moves less than half a unit cannot be seen; the last point always stays.
                if let last = places.last, abs(last.0 - place.0) < 0.5, abs(last.1 - place.1) < 0.5,
                    offset + 1 < piece.count
                {
                    continue
                }
                if isStepped, let last = places.last { places.append((place.0, last.1)) }
                places.append(place)
            }
            canvas.group(lineStyle(index)) { $0.element("path", ["d": path(places, $0), "stroke": "currentColor"]) }
            guard series[index].showsMarkers else { continue }
            for point in piece {
                let (x, y) = (horizontal.position(point.x), vertical.position(point.y))
                let values = "\(Numerals.significant(point.x)): \(Numerals.significant(point.y))"
                PlotStyle.marker(index, x: x, y: y, title: "\(series[index].name), \(values)", on: &canvas)
            }
        }
    }

    private func path(_ points: [(Double, Double)], _ canvas: SVGCanvas) -> String {
        points.enumerated().map { ($0 == 0 ? "M" : "L") + canvas.number($1.0) + " " + canvas.number($1.1) }.joined()
    }
}
