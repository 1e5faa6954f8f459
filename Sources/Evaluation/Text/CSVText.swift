/// Tables as RFC 4180 has them: comma, CRLF after every record, quotes only where a field needs them.
package enum CSVText {
    /// One record with its line end.
    ///
    /// Fields are written as they are; one that a spreadsheet would take for a formula is not changed.
    package static func record(_ fields: [String]) -> String {
        fields.map(quoted).joined(separator: ",") + "\r\n"
    }

    /// A head and its records.
    ///
    /// - Parameter rows: each as long as the head.
    package static func document(head: [String], rows: [[String]]) -> String {
        precondition(rows.allSatisfy { $0.count == head.count }, "each record has the head's \(head.count) fields")
        return record(head) + rows.map(record).joined()
    }

    private static func quoted(_ field: String) -> String {
        let needsQuotes = field.utf8.contains { $0 == 0x22 || $0 == 0x2C || $0 == 0x0D || $0 == 0x0A }
        return needsQuotes ? "\"" + field.replacing("\"", with: "\"\"") + "\"" : field
    }
}
