/// What all charts share: colours, shapes, and the width of a text.
enum PlotStyle {
    /// Width of every chart in user units; the height follows from the content.
    static let width = 480.0

    /// Series' colours: each has a contrast of 3 : 1 to its paper, and any two differ by 12 in CIELAB also as protanopia,
    /// deuteranopia and tritanopia show them (by the matrices of Machado et al., IEEE TVCG 15, 2009, severity 1). The
    /// first are after Okabe & Ito ("Color Universal Design", 2008). Dashes, markers and order say the same once more.
    static let palette: [(light: String, dark: String)] = [
        ("#0072b2", "#56a8e0"), ("#d55e00", "#f08a3c"), ("#00875f", "#2fc295"), ("#b0578d", "#e09ac4"),
        ("#543800", "#e0fc00"), ("#7000fc", "#8c1cfc"), ("#000070", "#c41c38"), ("#000000", "#a8fca8"),
    ]

    private static let dashes = ["", "6 3", "2 3", "8 3 2 3", "12 4", "1 4"]

    /// `stroke-dasharray` of a series; "none" for the first.
    static func dash(_ series: Int) -> String {
        let dash = dashes[series % dashes.count]
        return dash.isEmpty ? "none" : dash
    }

    static func color(_ series: Int) -> SVGCanvas.Attributes {
        let index = series % palette.count
        return ["class": "gp-c\(index)", "color": palette[index].light]
    }

    /// About how wide a text is, in user units: there is no font to ask. Wide scripts count double.
    static func textWidth(_ text: String, size: Double = SVGCanvas.fontSize) -> Double {
        text.reduce(0) {
            $0 + ($1.unicodeScalars.first!.value >= 0x1100 ? 1.0 : "iljt.,:;|'! ".contains($1) ? 0.32 : 0.56)
        }
            * size
    }

    /// A text cut to fit a width, and whether it was cut.
    static func fitted(_ text: String, width: Double) -> (text: String, isCut: Bool) {
        guard textWidth(text) > width else { return (text, false) }
        var cut = text
        while !cut.isEmpty, textWidth(cut + "…") > width { cut.removeLast() }
        return (cut + "…", true)
    }

    /// Draws a series' marker around a point.
    static func marker(_ series: Int, x: Double, y: Double, title: String?, on canvas: inout SVGCanvas) {
        func shape(_ offsets: [(Double, Double)]) -> String {
            offsets.map { canvas.number(x + $0.0) + "," + canvas.number(y + $0.1) }.joined(separator: " ")
        }
        switch series % 4 {
        case 0:
            canvas.element(
                "circle", ["cx": canvas.number(x), "cy": canvas.number(y), "r": "3.2", "fill": "currentColor"],
                title: title)
        case 1:
            let points = shape([(-3, -3), (3, -3), (3, 3), (-3, 3)])
            canvas.element("polygon", ["points": points, "fill": "currentColor"], title: title)
        case 2:
            let points = shape([(0, -4), (3.8, 3), (-3.8, 3)])
            canvas.element("polygon", ["points": points, "fill": "currentColor"], title: title)
        default:
            let points = shape([(0, -4.2), (4.2, 0), (0, 4.2), (-4.2, 0)])
            canvas.element("polygon", ["points": points, "fill": "currentColor"], title: title)
        }
    }
}
