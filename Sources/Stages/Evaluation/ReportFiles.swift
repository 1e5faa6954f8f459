internal import Evaluation
internal import Pipeline
internal import Storage

/// A report's page and the files beside it, as they grow.
struct ReportFiles {
    private(set) var sections: [ReportPage.Section] = []
    private var files: [(name: String, text: String)] = []

    static let page = "index.html"
    /// Every file that any report may have: what an earlier report in the folder left goes.
    private static let all = [
        "methods.csv", "differences.csv", "published.csv", "ablation.csv", "ablation-simulated.csv", "projection.csv",
        "no-source.csv", "no-source-scores.csv", "risk-coverage.csv", "calibration.csv", "rankings.csv", "latency.csv",
        "lds.csv", "removal.csv", "precision.svg", "differences.svg", "ablation.svg", "projection.svg",
        "risk-coverage.svg", "calibration.svg", "latency.svg", "lds.svg", "removal.svg",
    ]

    mutating func heading(_ text: String) { sections.append(.heading(text)) }
    mutating func paragraph(_ text: String) { sections.append(.paragraph(text)) }
    mutating func facts(_ facts: [Fact]) { sections.append(.facts(facts)) }

    /// A table on the page and as CSV.
    mutating func table(_ table: ReportTable, file: String) {
        sections.append(.table(table))
        add(file, table.csv)
    }

    /// A drawing on the page and as a file of its own.
    mutating func figure(_ drawing: SVGDrawing, file: String, caption: String) {
        sections.append(.figure(drawing, caption: caption))
        add(file, drawing.text)
    }

    /// Numbers that are too many for the page.
    mutating func csv(_ file: String, head: [String], rows: [[String]]) {
        add(file, CSVText.document(head: head, rows: rows))
    }

    private mutating func add(_ name: String, _ text: String) {
        precondition(Self.all.contains(name) && !files.contains { $0.name == name }, "\(name) is no file of a report")
        files.append((name, text))
    }

    /// The page last: when it is there, so is all that it speaks of.
    func write(to folder: String, page: ReportPage) throws(StorageError) {
        for name in Self.all where !files.contains(where: { $0.name == name }) {
            RunDirectory.remove("\(folder)/\(name)")
        }
        for file in files { try DurableFile.write(file.text, to: "\(folder)/\(file.name)") }
        try DurableFile.write(page.html, to: "\(folder)/\(Self.page)")
    }
}
