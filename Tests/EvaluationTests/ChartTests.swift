import Evaluation
import Testing

@Suite struct ChartTests {
    private let hostile = "</text><script>\"'&\u{202E}\0"

    private func lines(_ points: [CurvePoint], scale: PlotAxis.Scale = .linear, isStepped: Bool = false) -> String {
        LineChart(
            title: hostile, x: PlotAxis(hostile, scale: scale), y: PlotAxis("P@1", range: 0...1),
            series: [
                .init(hostile, points: points, showsMarkers: true),
                .init("a second one with a very long name indeed", points: points, isStepped: isStepped),
            ], showsDiagonal: true
        ).drawing().text
    }

    @Test func chartsAreWellFormedWhateverTheyAreGiven() {
        let points = [CurvePoint(x: 16, y: 0.2), CurvePoint(x: 64, y: .nan), CurvePoint(x: 256, y: 0.4)]
        for text in [
            lines(points), lines(points, scale: .logarithmic(base: 2), isStepped: true), lines([]),
            lines([CurvePoint(x: 0, y: -3)], scale: .logarithmic(base: 10)), lines([CurvePoint(x: 5, y: 0.5)]),
            bars(.grouped), bars(.stacked),
        ] {
            let check = MarkupCheck(text)
            #expect(check.fault == nil)
            #expect(check.elements.first == "svg" && !check.elements.contains("script"))
            #expect(!text.contains("nan") && !text.contains("inf\"") && !text.contains("\u{202E}"))
            #expect(text.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\""))
            #expect(!text.contains("href") && !text.contains("url("))
        }
    }

    private func bars(_ arrangement: BarChart.Arrangement) -> String {
        BarChart(
            title: "t", axis: PlotAxis("ms"), categories: [hostile, "static + token"],
            series: [
                .init("a", values: [.init(1, interval: 0.5...2), nil]), .init(hostile, values: [.init(0), .init(3)]),
            ], arrangement: arrangement
        ).drawing().text
    }

    @Test func pointsThatCannotBeShownLeaveAGap() {
        let gap = lines([CurvePoint(x: 1, y: 0), CurvePoint(x: 2, y: .infinity), CurvePoint(x: 3, y: 1)])
        let whole = lines([CurvePoint(x: 1, y: 0), CurvePoint(x: 2, y: 0.5), CurvePoint(x: 3, y: 1)])
        // Two series, and no diagonal: the axes show no value in common.
        #expect(MarkupCheck(gap).elements.count { $0 == "path" } == 2 * 2)
        #expect(MarkupCheck(whole).elements.count { $0 == "path" } == 2)
        #expect(MarkupCheck(lines([])).content.contains("no data"))
        let diagonal = lines([CurvePoint(x: 0, y: 0), CurvePoint(x: 1, y: 1)])
        #expect(MarkupCheck(diagonal).elements.count { $0 == "path" } == 2 + 1)
    }

    @Test func logarithmicTicksAreThePowers() {
        let text = lines([16, 32, 64, 128, 256].map { CurvePoint(x: $0, y: 0.5) }, scale: .logarithmic(base: 2))
        for tick in ["16", "32", "64", "128", "256"] { #expect(text.contains(">\(tick)</text>")) }
        let decades = lines([0.01, 0.1, 1, 100_000].map { CurvePoint(x: $0, y: 0.5) }, scale: .logarithmic(base: 10))
        for tick in ["0.01", "0.1", "1", "10", "100k"] { #expect(decades.contains(">\(tick)</text>")) }
    }

    @Test func linearTicksAreRoundAndHoldTheData() {
        let text = LineChart(
            title: "t", x: PlotAxis("x"), y: PlotAxis("y"),
            series: [.init("s", points: [CurvePoint(x: 0.03, y: -0.2), CurvePoint(x: 1.17, y: 43)])]
        ).drawing().text
        for tick in ["0.0", "0.2", "1.0", "1.2", "\u{2212}10", "0", "50"] {
            #expect(text.contains(">\(tick)</text>"), "no tick \(tick)")
        }
    }

    @Test func denseCurvesAreThinned() {
        let points = (0...100_000).map { CurvePoint(x: Double($0), y: Double($0 % 2) * 1e-9) }
        let thinned = LineChart(
            title: "t", x: PlotAxis("x"), y: PlotAxis("y", range: 0...1), series: [.init("s", points: points)]
        ).drawing().text
        #expect(thinned.utf8.count < 40_000 && MarkupCheck(thinned).fault == nil)
    }

    @Test func stackedBarsEndWithTheirSum() {
        let text = bars(.stacked)
        #expect(text.contains(">1.00</text>") && text.contains(">3.00</text>"))
        #expect(!text.contains("gp-error\" ") && bars(.grouped).contains("gp-error"))
    }
}
