import Foundation
import Testing

/// `attribute --report`: the audit beside the result.
@Suite struct AuditTests {
    private let workspace = Workspace()

    /// A corpus with hostile texts, ids and fields among ordinary ones.
    private func build() throws {
        let hostile = """
            {"id": "<b>x</b>", "text": "<script>alert(1)</script> the lamp keeper rows home & sings \\"aloud\\"", \
            "License": "<i>CC-BY</i>", "tags": ["a", {"b": null}], "<img src=x>": "https://example.org/?a=1&b=2"}

            """
        let rows = (0..<150).map {
            "{\"id\": \"s\($0)\", \"text\": \"the row\($0) of thing\($0 % 13) and word\($0 % 7)\"}\n"
        }
        let corpus = try workspace.write("corpus.jsonl", hostile + rows.joined())
        let result = try CommandLineTool.run([
            "build", CommandLineTool.repository.appending(path: "pipelines/default.yaml").path, "--set",
            "corpus.files=\(corpus)", "--set", "embed.path=\(CommandLineTool.fixture("tiny-bert"))", "--set",
            "calibrate.outputs=50", "--set", "calibrate.nulls=100", "--run-dir", workspace.file("run"),
        ])
        #expect(result.status == 0, "\(result.errors)")
    }

    private let log = """
        {"id": "<u>o</u>", "text": "</div><script>alert(2)</script> a lamp keeper rows home slowly"}
        {"id": "broken", "text": ""}
        {"id": "other", "text": "the row5 of thing5"}

        """

    private func attribute(_ extra: [String], log: String? = nil) throws -> CommandLineTool.Result {
        try CommandLineTool.run(
            ["attribute", try workspace.write("log.jsonl", log ?? self.log), "--run-dir", workspace.file("run")] + extra
        )
    }

    private func text(_ name: String) throws -> String {
        try String(contentsOfFile: workspace.file(name), encoding: .utf8)
    }

    @Test func theReportStandsBesideTheResult() throws {
        try build()
        let alone = try attribute(["--no-timing", "--count", "3"])
        let arguments = ["--no-timing", "--count", "3", "--report", workspace.file("audit.html")]
        let result = try attribute(arguments)
        #expect(result.status == 0 && result.output == alone.output && !alone.output.isEmpty, "\(result.errors)")
        let html = try text("audit.html")
        #expect(try attribute(arguments).status == 0)
        #expect(try text("audit.html") == html, "the same bytes for the same input")

        // Texts, ids and fields are shown and do nothing.
        #expect(!html.contains("<script") && !html.contains("<img") && !html.contains("<b>x") && !html.contains("<u>"))
        #expect(html.contains("<bdi>&lt;u&gt;o&lt;/u&gt;</bdi>") && html.contains("<bdi>&lt;b&gt;x&lt;/b&gt;</bdi>"))
        let run = "<mark class=\"run\">lamp keeper rows home</mark>"
        #expect(html.ranges(of: run).count == 2, "in the output and in its source")
        #expect(html.contains("<dt><bdi>Licence</bdi></dt><dd><bdi>&lt;i&gt;CC-BY&lt;/i&gt;</bdi></dd>"))
        #expect(html.contains("<dt><bdi>tags</bdi></dt><dd><bdi>[&quot;a&quot;,{&quot;b&quot;:null}]</bdi></dd>"))
        // The only addresses are those of the texts.
        let loads = html.matches(of: /(?:src|href|action|url)\s*[=(]\s*"?([^")\s>]*)/).map(\.1)
        #expect(!loads.isEmpty && loads.allSatisfy { $0.hasPrefix("#") || $0.hasPrefix("x&gt;") }, "\(loads)")
        #expect(html.ranges(of: "https://").count == 1 && !html.contains("http://"))
        // The words that most rows have are not marked alone; those of few are.
        #expect(!html.contains("<mark>the</mark>") && !html.contains("<mark>and</mark>"))
        #expect(html.contains("<mark>row5</mark>") || html.contains("row5 of thing5</mark>"))

        #expect(html.contains("<b>Not attributed.</b>"))
        for fact in [
            "Index generation", "Configuration digest", "Embedder, SHA-256", "Calibration, fingerprint", "Level",
        ] {
            #expect(html.contains("<th scope=\"row\">\(fact)</th>"), "\(fact)")
        }
        #expect(
            !html.contains("<th scope=\"row\">Date</th>") && html.contains("attribute \(workspace.file("log.jsonl"))"))
        #expect(html.contains(CommandLineTool.fixture("tiny-bert")))
    }

    @Test func flaggedOutputsKeepTheirSources() throws {
        try build()
        let log = try workspace.write(
            "strange.jsonl",
            "{\"id\": \"x\", \"text\": \"zebra quantum soup\"}\n{\"id\": \"y\", \"text\": \"purple tax forms\"}\n")
        let result = try CommandLineTool.run([
            "attribute", log, "--run-dir", workspace.file("run"), "--count", "2", "--report",
            workspace.file("audit.html"),
        ])
        #expect(result.status == 0 && result.output.ranges(of: "\"no_source\":true").count == 2, "\(result.output)")
        let html = try text("audit.html")
        #expect(html.ranges(of: "<b>No source found at level 0.05.</b>").count == 2)
        #expect(html.ranges(of: "class=\"sources\"").count == 2 && html.ranges(of: "<li id=").count == 4)
        #expect(html.contains("<th scope=\"row\">Date</th>"))
    }

    @Test func otherMethodsAreReportedAsUntested() throws {
        try build()
        let result = try attribute(["--method", "bm25", "--no-timing", "--report", workspace.file("audit.html")])
        #expect(result.status == 0 && result.output.contains("\"no_source\":null"), "\(result.errors)")
        #expect(result.output.contains("\"p_value\":null") && result.errors.contains("method bm25"))
        let html = try text("audit.html")
        #expect(html.ranges(of: "<b>Not tested.</b>").count == 2 && html.contains("bm25: "))
        let unknown = try attribute(["--method", "magic"])
        #expect(unknown.status == 64 && unknown.errors.contains("magic") && unknown.errors.contains("gif-paper"))
    }

    @Test func aFailedRunLeavesNoReport() throws {
        try build()
        let report = workspace.file("audit.html")
        let missing = try CommandLineTool.run([
            "attribute", workspace.file("none.jsonl"), "--run-dir", workspace.file("run"), "--report", report,
        ])
        #expect(missing.status == 66, "\(missing.errors)")
        let full = try attribute(["--output", "/dev/full", "--report", report])
        #expect(full.status == 73, "\(full.errors)")
        let nowhere = try attribute(["--report", workspace.file("no/such/folder/audit.html")])
        #expect(nowhere.status != 0 && nowhere.output.isEmpty, "\(nowhere.errors)")
        let folder = try FileManager.default.contentsOfDirectory(atPath: workspace.path).sorted()
        #expect(folder == ["corpus.jsonl", "log.jsonl", "run"], "\(folder)")

        let same = try attribute(["--output", report, "--report", report])
        #expect(same.status == 64 && same.errors.contains("two results need two files"))
        // Two results in one folder, whatever their names end with.
        let both = try attribute(["--output", workspace.file("a"), "--report", workspace.file("b")])
        #expect(both.status == 0 && both.errors.contains("outputs"), "\(both.errors)")
        #expect(try text("a").hasPrefix("{") && text("b").hasPrefix("<!DOCTYPE html>"))
    }
}
