/// Bars in rows, one row of bars for each category: labels of any length stay level and readable.
package struct BarChart: Sendable {
    package enum Arrangement: Sendable {
        /// One bar for each series, below each other.
        case grouped
        /// One bar made of the series' values, which must not be negative; its sum stands at its end.
        case stacked
    }

    package struct Value: Hashable, Sendable {
        package var value: Double
        /// Drawn as an error bar.
        package var interval: ClosedRange<Double>?

        package init(_ value: Double, interval: ClosedRange<Double>? = nil) {
            (self.value, self.interval) = (value, interval)
        }

        package init(_ estimate: Estimate) { self.init(estimate.value, interval: estimate.lower...estimate.upper) }
    }

    package struct Series: Sendable {
        package var name: String
        /// One for each category; nil where there is none.
        package var values: [Value?]

        package init(_ name: String, values: [Value?]) { (self.name, self.values) = (name, values) }
    }

    /// What the chart shows, for those who cannot see it.
    package var title: String
    package var axis: PlotAxis
    package var categories: [String]
    package var series: [Series]
    package var arrangement: Arrangement

    package init(
        title: String, axis: PlotAxis, categories: [String], series: [Series], arrangement: Arrangement = .grouped
    ) {
        precondition(axis.scale == .linear, "bars start at 0, so their axis is linear")
        precondition(series.allSatisfy { $0.values.count == categories.count }, "a value (or nil) for each category")
        precondition(
            arrangement == .grouped || series.allSatisfy { $0.values.allSatisfy { ($0?.value ?? 0) >= 0 } },
            "only values from 0 stack")
        (self.title, self.axis, self.categories) = (title, axis, categories)
        (self.series, self.arrangement) = (series, arrangement)
    }

    private static let thickness = 14.0
    private static let gap = 12.0

    package func drawing() -> SVGDrawing {
        let names = series.count > 1 ? series.map(\.name) : []
        let legend = PlotLegend(names: names, width: PlotStyle.width - 24)
        let rowHeight = Self.thickness * Double(arrangement == .grouped ? max(1, series.count) : 1) + Self.gap
        let labelWidth = min(170, categories.map { PlotStyle.textWidth($0) }.max() ?? 0)
        let (left, right) = (labelWidth + 18, PlotStyle.width - (arrangement == .stacked ? 64 : 20))
        let top = 10 + legend.height
        let bottom = top + max(1, Double(categories.count)) * rowHeight
        let layout = AxisLayout(axis, values: extremes, from: left, to: right, ticks: 5)
        var canvas = SVGCanvas(width: PlotStyle.width, height: bottom + 42)
        legend.draw(on: &canvas, x: 12, y: 4) { _, x, y, canvas in
            canvas.element(
                "rect",
                [
                    "x": canvas.number(x + 6), "y": canvas.number(y - 6), "width": "12", "height": "12",
                    "fill": "currentColor",
                ])
        }
        drawAxis(layout, left: left, right: right, top: top, bottom: bottom, on: &canvas)
        for (row, category) in categories.enumerated() {
            let y = top + Double(row) * rowHeight + Self.gap / 2
            let (label, isCut) = PlotStyle.fitted(category, width: labelWidth + 0.01)
            let middle = y + (rowHeight - Self.gap) / 2 + 4
            canvas.text(label, x: left - 8, y: middle, anchor: "end", title: isCut ? category : nil)
            switch arrangement {
            case .grouped: drawGroup(row, y: y, layout, on: &canvas)
            case .stacked: drawStack(row, y: y, layout, on: &canvas)
            }
        }
        let zero = layout.position(min(max(0, layout.domain.lowerBound), layout.domain.upperBound))
        canvas.line(from: (zero, top), to: (zero, bottom))
        return canvas.drawing(title: title)
    }

    /// What the axis has to hold; 0 always.
    private var extremes: [Double] {
        switch arrangement {
        case .grouped:
            let values = series.flatMap(\.values).compactMap(\.self)
            return [0] + values.flatMap { [$0.value] + ($0.interval.map { [$0.lowerBound, $0.upperBound] } ?? []) }
        case .stacked: return [0] + categories.indices.map(total)
        }
    }

    private func total(_ row: Int) -> Double { series.reduce(0) { $0 + ($1.values[row]?.value ?? 0) } }

    private func drawAxis(
        _ layout: AxisLayout, left: Double, right: Double, top: Double, bottom: Double, on canvas: inout SVGCanvas
    ) {
        for tick in layout.ticks {
            let x = layout.position(tick.value)
            canvas.line(from: (x, top), to: (x, bottom), ["stroke-opacity": "0.15"])
            canvas.text(tick.label, x: x, y: bottom + 17, anchor: "middle")
        }
        canvas.text(axis.label, x: (left + right) / 2, y: bottom + 35, anchor: "middle")
    }

    private func drawGroup(_ row: Int, y: Double, _ layout: AxisLayout, on canvas: inout SVGCanvas) {
        for (index, entry) in series.enumerated() {
            guard let value = entry.values[row], value.value.isFinite else { continue }
            let top = y + Double(index) * Self.thickness
            drawBar(index, row: row, from: 0, to: value.value, y: top, height: Self.thickness - 2, layout, on: &canvas)
            guard let interval = value.interval else { continue }
            let middle = top + Self.thickness / 2 - 1
            let (from, to) = (place(interval.lowerBound, layout), place(interval.upperBound, layout))
            canvas.group(["class": "gp-error", "stroke-width": "1.5"]) { canvas in
                canvas.line(from: (from, middle), to: (to, middle))
                for x in [from, to] { canvas.line(from: (x, middle - 3.5), to: (x, middle + 3.5)) }
            }
        }
    }

    private func drawStack(_ row: Int, y: Double, _ layout: AxisLayout, on canvas: inout SVGCanvas) {
        var sum = 0.0
        for (index, entry) in series.enumerated() {
            guard let value = entry.values[row], value.value.isFinite else { continue }
            drawBar(
                index, row: row, from: sum, to: sum + value.value, y: y, height: Self.thickness, layout, on: &canvas)
            sum += value.value
        }
        canvas.text(Numerals.significant(sum), x: place(sum, layout) + 6, y: y + Self.thickness / 2 + 4)
    }

    private func drawBar(
        _ index: Int, row: Int, from: Double, to: Double, y: Double, height: Double, _ layout: AxisLayout,
        on canvas: inout SVGCanvas
    ) {
        let (start, end) = (place(from, layout), place(to, layout))
        let value = Numerals.significant(to - from)
        canvas.group(PlotStyle.color(index)) { canvas in
            canvas.element(
                "rect",
                [
                    "x": canvas.number(min(start, end)), "y": canvas.number(y),
                    "width": canvas.number(abs(end - start)), "height": canvas.number(height), "fill": "currentColor",
                ], title: "\(categories[row]), \(series[index].name): \(value)")
        }
    }

    /// Where a value lies, at the axis' end if beyond it.
    private func place(_ value: Double, _ layout: AxisLayout) -> Double {
        layout.position(min(max(value, layout.domain.lowerBound), layout.domain.upperBound))
    }
}
