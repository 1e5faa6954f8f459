/// A named value, as in a table of what was measured or a sample's metadata.
package struct Fact: Hashable, Sendable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
}

extension [Fact] {
    /// A table of two columns.
    func table(caption: String? = nil) -> String {
        let caption = caption.map { "<caption>\(Markup.escape($0))</caption>\n" } ?? ""
        let rows = map {
            "<tr><th scope=\"row\">\(Markup.escape($0.name))</th><td>\(Markup.escape($0.value))</td></tr>\n"
        }
        return
            "<div class=\"scroll\"><table class=\"facts\">\n\(caption)<tbody>\n\(rows.joined())</tbody></table></div>\n"
    }
}
