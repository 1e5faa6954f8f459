/// A finished drawing: well-formed, self-contained SVG that may stand alone or inside a page.
package struct SVGDrawing: Hashable, Sendable {
    /// The document, without an XML declaration.
    package let text: String
    /// In user units.
    let width: Double
}

/// Collects a drawing's elements.
///
/// Colours come from `currentColor`: a group's `color` attribute is what a renderer without style sheets uses, the style
/// sheet swaps it for the dark scheme. A page that sets `--ink` and `--paper` has its own colours used.
struct SVGCanvas {
    typealias Attributes = KeyValuePairs<String, String>

    let width: Double
    let height: Double
    private var body = ""

    static let fontSize = 12.0

    init(width: Double, height: Double) { (self.width, self.height) = (width, height) }

    private static let style: String = {
        let dark = zip(0..., PlotStyle.palette).map { ".gp-c\($0){color:\($1.dark)}" }.joined()
        return ".gp-plot{color:var(--ink,#1c2024)}.gp-paper{fill:var(--paper,#ffffff)}"
            + "@media screen and (prefers-color-scheme:dark){.gp-plot{color:var(--ink,#e4e7ea)}"
            + ".gp-paper{fill:var(--paper,#15181b)}\(dark)}"
    }()

    /// - Parameter title: what the drawing shows, for those who cannot see it.
    func drawing(title: String) -> SVGDrawing {
        let size = "width=\"\(number(width))\" height=\"\(number(height))\""
        let head =
            "<svg xmlns=\"http://www.w3.org/2000/svg\" \(size) viewBox=\"0 0 \(number(width)) \(number(height))\""
            + " role=\"img\" class=\"gp-plot\" color=\"#1c2024\" font-family=\"system-ui,sans-serif\""
            + " font-size=\"\(number(Self.fontSize))\">\n<title>\(Markup.escape(title))</title>\n"
        let paper =
            "<style>\(Self.style)</style>\n<rect class=\"gp-paper\" width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
        return SVGDrawing(text: head + paper + body + "</svg>\n", width: width)
    }

    mutating func element(_ name: String, _ attributes: Attributes, title: String? = nil) {
        body += "<\(name)\(render(attributes))"
        body += title.map { "><title>\(Markup.escape($0))</title></\(name)>\n" } ?? "/>\n"
    }

    /// Elements that share attributes.
    mutating func group(_ attributes: Attributes, _ content: (inout SVGCanvas) -> Void) {
        body += "<g\(render(attributes))>\n"
        content(&self)
        body += "</g>\n"
    }

    mutating func line(from: (x: Double, y: Double), to: (x: Double, y: Double), _ attributes: Attributes = [:]) {
        body += "<line x1=\"\(number(from.x))\" y1=\"\(number(from.y))\" x2=\"\(number(to.x))\" y2=\"\(number(to.y))\""
        body += " stroke=\"currentColor\"\(render(attributes))/>\n"
    }

    mutating func text(
        _ text: String, x: Double, y: Double, anchor: String = "start", title: String? = nil,
        _ attributes: Attributes = [:]
    ) {
        body += "<text x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor)\" fill=\"currentColor\""
        body += "\(render(attributes))>\(Markup.escape(text))"
        body += title.map { "<title>\(Markup.escape($0))</title>" } ?? ""
        body += "</text>\n"
    }

    func number(_ value: Double) -> String { Numerals.coordinate(value) }

    private func render(_ attributes: Attributes) -> String {
        attributes.map { " \($0.key)=\"\(Markup.escape($0.value))\"" }.joined()
    }
}
