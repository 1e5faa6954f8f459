/// A report as one HTML file that needs nothing else: no network, no script, readable on a phone and on paper.
package struct ReportPage: Sendable {
    package enum Section: Sendable {
        /// Starts a part of the report; listed at the top.
        case heading(String)
        case paragraph(String)
        /// Named values, such as what was measured.
        case facts([Fact])
        case table(ReportTable)
        case figure(SVGDrawing, caption: String)
        /// Shown as it is, such as the command that made the report.
        case code(String)
    }

    package var title: String
    package var subtitle: String
    package var sections: [Section]

    package init(title: String, subtitle: String = "", sections: [Section]) {
        (self.title, self.subtitle, self.sections) = (title, subtitle, sections)
    }

    /// The file's text; the same for the same content.
    package var html: String {
        var body = "<h1>\(Markup.escape(title))</h1>\n"
        if !subtitle.isEmpty { body += "<p class=\"subtitle\">\(Markup.escape(subtitle))</p>\n" }
        body += contents
        var headings = 0
        for section in sections {
            switch section {
            case .heading(let text):
                headings += 1
                body += "<h2 id=\"part-\(headings)\">\(Markup.escape(text))</h2>\n"
            case .paragraph(let text): body += "<p>\(Markup.escape(text))</p>\n"
            case .facts(let facts): body += facts.table()
            case .table(let table): body += table.html
            case .figure(let drawing, let caption):
                body += "<figure><div class=\"scroll\">\(drawing.text)</div>\n"
                body += "<figcaption>\(Markup.escape(caption))</figcaption></figure>\n"
            case .code(let text): body += "<pre><code>\(Markup.escape(text))</code></pre>\n"
            }
        }
        return PageStyle.head(title: title) + body + PageStyle.foot
    }

    /// Links to the headings, when there are enough to get lost in.
    private var contents: String {
        let headings = sections.compactMap { if case .heading(let text) = $0 { text } else { nil } }
        guard headings.count > 2 else { return "" }
        let items = headings.enumerated().map { "<li><a href=\"#part-\($0 + 1)\">\(Markup.escape($1))</a></li>\n" }
        return "<nav aria-label=\"Contents\"><ul>\n\(items.joined())</ul></nav>\n"
    }
}
