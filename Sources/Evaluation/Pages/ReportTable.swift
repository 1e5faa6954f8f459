/// A table of measurements: as HTML with the best values in bold, and as CSV with all their digits.
package struct ReportTable: Sendable {
    package struct Column: Hashable, Sendable {
        package enum Best: Hashable, Sendable { case highest, lowest, none }

        package var title: String
        /// Of the numbers in it, as shown.
        package var decimals: Int
        /// Which value is set in bold.
        package var best: Best
        /// Whether positive numbers show their sign, as differences should.
        package var isSigned: Bool

        package init(_ title: String, decimals: Int = 3, best: Best = .none, isSigned: Bool = false) {
            (self.title, self.decimals, self.best, self.isSigned) = (title, decimals, best, isSigned)
        }
    }

    package enum Cell: Hashable, Sendable {
        case text(String)
        case number(Double)
        /// A number with its interval.
        case estimate(Estimate)
        case empty

        var value: Double? {
            switch self {
            case .number(let value): value.isFinite ? value : nil
            case .estimate(let estimate): estimate.value.isFinite ? estimate.value : nil
            case .text, .empty: nil
            }
        }
    }

    package var caption: String?
    package var columns: [Column]
    /// The first cell of a row names it.
    package var rows: [[Cell]]

    package init(caption: String? = nil, columns: [Column], rows: [[Cell]]) {
        precondition(rows.allSatisfy { $0.count == columns.count }, "each row has \(columns.count) cells")
        (self.caption, self.columns, self.rows) = (caption, columns, rows)
    }

    /// RFC 4180, numbers as short as they read back to the same; an estimate takes three fields.
    package var csv: String {
        let spread = columns.indices.map { column in
            rows.contains { if case .estimate = $0[column] { true } else { false } }
        }
        let head = zip(columns, spread).flatMap { column, isSpread in
            [column.title] + (isSpread ? ["\(column.title) lower", "\(column.title) upper"] : [])
        }
        return CSVText.document(
            head: head, rows: rows.map { row in zip(row, spread).flatMap { Self.fields($0, isSpread: $1) } })
    }

    private static func fields(_ cell: Cell, isSpread: Bool) -> [String] {
        let padding = isSpread ? ["", ""] : []
        return switch cell {
        case .text(let text): [text] + padding
        case .number(let value): [value.isFinite ? "\(value)" : ""] + padding
        case .estimate(let estimate): ["\(estimate.value)", "\(estimate.lower)", "\(estimate.upper)"]
        case .empty: [""] + padding
        }
    }

    var html: String {
        let best = columns.indices.map(shownBest)
        let isNumeric = columns.indices.map { column in rows.contains { $0[column].value != nil } }
        let head = columns.indices.map { column in
            "<th scope=\"col\"\(isNumeric[column] ? " class=\"number\"" : "")>\(Markup.escape(columns[column].title))</th>"
        }
        let body = rows.map { row in
            let cells = row.indices.map { column in
                let name = column == 0 && !isNumeric[0] ? "th" : "td"
                let attributes = name == "th" ? " scope=\"row\"" : isNumeric[column] ? " class=\"number\"" : ""
                return "<\(name)\(attributes)>\(content(row[column], column, best[column]))</\(name)>"
            }
            return "<tr>\(cells.joined())</tr>\n"
        }
        let caption = caption.map { "<caption>\(Markup.escape($0))</caption>\n" } ?? ""
        return "<div class=\"scroll\"><table>\n\(caption)<thead><tr>\(head.joined())</tr></thead>\n"
            + "<tbody>\n\(body.joined())</tbody></table></div>\n"
    }

    private func content(_ cell: Cell, _ column: Int, _ best: String?) -> String {
        if case .text(let text) = cell { return Markup.escape(text) }
        guard let value = cell.value else { return cell == .empty ? "" : "–" }
        let number = shown(value, column)
        let marked = number == best ? "<b>\(number)</b>" : number
        guard case .estimate(let estimate) = cell else { return marked }
        let interval = "[\(shown(estimate.lower, column)), \(shown(estimate.upper, column))]"
        return "\(marked) <span class=\"interval\">\(interval)</span>"
    }

    private func shown(_ value: Double, _ column: Int) -> String {
        Numerals.fixed(value, columns[column].decimals, signed: columns[column].isSigned)
    }

    /// The best value as it is shown, so that what looks equal is treated alike; nil where there is nothing to choose.
    private func shownBest(_ column: Int) -> String? {
        let values = rows.compactMap { $0[column].value }
        guard values.count > 1 else { return nil }
        return switch columns[column].best {
        case .highest: values.max().map { shown($0, column) }
        case .lowest: values.min().map { shown($0, column) }
        case .none: nil
        }
    }
}
