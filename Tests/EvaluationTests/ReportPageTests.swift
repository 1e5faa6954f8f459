import Evaluation
import Testing

@Suite struct ReportPageTests {
    private let hostile = "<script>alert('x')</script>\u{202E}\0&"

    private var table: ReportTable {
        ReportTable(
            caption: hostile,
            columns: [
                .init("method"), .init("P@1", best: .highest), .init("ms", decimals: 1, best: .lowest),
                .init("gain", isSigned: true),
            ],
            rows: [
                [.text("a, \(hostile)"), .number(0.7001), .number(3.14), .empty],
                [.text("b"), .number(0.7004), .number(2), .estimate(Estimate(value: 0.1, lower: -0.05, upper: 0.25))],
                [.text("c"), .number(0.6), .number(.nan), .estimate(Estimate(value: -0.1, lower: -0.2, upper: 0))],
            ])
    }

    private var page: ReportPage {
        let drawing = LineChart(title: hostile, x: PlotAxis("x"), y: PlotAxis("y"), series: []).drawing()
        return ReportPage(
            title: hostile, subtitle: hostile,
            sections: [
                .heading("One " + hostile), .paragraph(hostile), .facts([Fact(hostile, hostile)]), .heading("Two"),
                .table(table), .heading("Three"), .figure(drawing, caption: hostile), .code(hostile),
            ])
    }

    @Test func isWellFormedAndNeedsNothingElse() {
        let html = page.html
        let check = MarkupCheck(html, empty: MarkupCheck.htmlEmpty)
        #expect(check.fault == nil)
        #expect(!check.elements.contains("script") && !check.elements.contains("link"))
        #expect(html.contains("name=\"viewport\"") && html.contains("default-src 'none'"))
        #expect(html.ranges(of: "http").count == 2, "http-equiv and the name space of SVG only")
        #expect(!html.unicodeScalars.contains { $0 == "\0" || $0 == "\u{202E}" })
        #expect(html == page.html)
    }

    @Test func headingsAreListedAndLinked() {
        #expect(page.html.contains("<a href=\"#part-2\">Two</a>") && page.html.contains("<h2 id=\"part-2\">Two</h2>"))
        #expect(!ReportPage(title: "t", sections: [.heading("One")]).html.contains("<nav"))
    }

    @Test func bestIsBoldAsShownAndTiesShareIt() {
        let html = page.html
        #expect(html.ranges(of: "<b>0.700</b>").count == 2)
        #expect(html.contains("<b>2.0</b>") && !html.contains("<b>3.1</b>") && !html.contains("<b>0.600</b>"))
        #expect(html.contains("<td class=\"number\">–</td>"))
        #expect(html.contains("+0.100 <span class=\"interval\">[\u{2212}0.050, +0.250]</span>"))
        #expect(html.contains("<th scope=\"row\">b</th>"))
    }

    @Test func csvHasAllDigitsAndOneFieldForEachNumber() {
        let records = table.csv.split(separator: "\r\n")
        #expect(records[0] == "method,P@1,ms,gain,gain lower,gain upper")
        #expect(records[1] == "\"a, \(hostile)\",0.7001,3.14,,,")
        #expect(records[2] == "b,0.7004,2.0,0.1,-0.05,0.25")
        #expect(records[3] == "c,0.6,,-0.1,-0.2,0.0")
    }
}
