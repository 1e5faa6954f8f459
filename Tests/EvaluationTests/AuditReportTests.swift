import Evaluation
import Testing

@Suite struct AuditReportTests {
    private let hostile = "<script>alert(\"x\")</script>\u{202E}\0'&"

    private func report(_ outputs: [AuditOutput]) throws -> String {
        var html = ""
        var writer = try AuditReportWriter(title: "Audit", level: 0.05, weakWords: ["the", "and"]) { html += $0 }
        for output in outputs { try writer.append(output) }
        try writer.finish(
            AuditProvenance(
                indexGeneration: "3", models: [Fact("Embedder", "ab12")], configurationDigest: "cd34",
                toolVersion: "1.0", command: "gradprint audit a & b"))
        return html
    }

    private func output(_ text: String, sources: [String]) -> AuditOutput {
        AuditOutput(
            id: "q", text: text,
            result: .attributed(
                .sourceFound(pValue: 0.004),
                sources.enumerated().map {
                    AuditSource(rank: $0 + 1, id: "s\($0 + 1)", text: $1, scores: .init(score: 0.5))
                }))
    }

    /// The texts' boxes of a report, in order.
    private func boxes(_ outputs: [AuditOutput]) throws -> [Substring] {
        try report(outputs).matches(of: /<div class="text" dir="auto">((?:.|\n)*?)<\/div>/).map(\.1)
    }

    @Test func wordsAndRunsAreMarkedInBothTexts() throws {
        let boxes = try boxes([
            output("The quick, brown FOX and a river.", sources: ["See the: quick brown fox! The RIVER and a"])
        ])
        let link = "<sup><a href=\"#o1-s1\">1</a></sup>"
        #expect(
            boxes == [
                "<mark class=\"run\">The quick, brown FOX</mark>\(link) and a <mark>river</mark>.",
                "See <mark class=\"run\">the: quick brown fox</mark>! The <mark>RIVER</mark> and a",
            ])
    }

    @Test func weakAndShortWordsAreNotMarkedAlone() throws {
        let boxes = try boxes([output("the big ox and it", sources: ["it ox; and the: BIG"])])
        #expect(boxes == ["the <mark>big</mark> ox and it", "it ox; and the: <mark>BIG</mark>"])
    }

    @Test func overlappingRunsNameTheirSources() throws {
        let boxes = try boxes([
            output("one two three four five", sources: ["one two three four", "two three four five"])
        ])
        let link = { (rank: Int) in "<a href=\"#o1-s\(rank)\">\(rank)</a>" }
        #expect(
            boxes[0] == """
                <mark class="run">one</mark><sup>\(link(1))</sup> \
                <mark class="run">two three four</mark><sup>\(link(1)),\(link(2))</sup> \
                <mark class="run">five</mark><sup>\(link(2))</sup>
                """)
        #expect(boxes[2] == "<mark class=\"run\">two three four five</mark>")
    }

    @Test func neighbouringRunsOfOneSourceStayApart() throws {
        let boxes = try boxes([output("a b c d e f", sources: ["d e f, then a b c"])])
        #expect(boxes[0].ranges(of: "<mark class=\"run\">").count == 2)
    }

    @Test func wordsAreUnicodeAndComparedCanonically() throws {
        let boxes = try boxes([output("Caf\u{E9} m\u{FC}nchen", sources: ["cafe\u{301}—M\u{DC}NCHEN"])])
        #expect(boxes[0] == "<mark>Café</mark> <mark>münchen</mark>")
        #expect(boxes[1].ranges(of: "<mark>").count == 2)
    }

    @Test func hostileDataStaysText() throws {
        let source = AuditSource(
            rank: 1, id: hostile, passage: 4, text: "run of three \(hostile)",
            metadata: [Fact(hostile, hostile), Fact("LICENSE", hostile)], scores: .init(score: .nan, influence: -1e-12))
        let html = try report([
            AuditOutput(
                id: hostile, text: "run of three \(hostile)", result: .attributed(.noSource(pValue: 0.31), [source])),
            AuditOutput(id: "q\"2", text: nil, result: .failed(message: hostile)),
        ])
        let check = MarkupCheck(html, empty: MarkupCheck.htmlEmpty)
        #expect(check.fault == nil && !check.elements.contains("script"))
        #expect(!html.unicodeScalars.contains { $0 == "\0" || $0 == "\u{202E}" } && html.contains("\u{FFFD}"))
        #expect(html.ranges(of: "http").count == 1, "http-equiv only")
        #expect(html.contains("overflow-wrap:anywhere") && html.contains("@media print"))
    }

    @Test func verdictsAreSentences() throws {
        let html = try report([
            output("a", sources: []),
            AuditOutput(id: "n", text: "b", result: .attributed(.noSource(pValue: 0.31), [])),
            AuditOutput(id: "u", text: "c", result: .attributed(.untested, [])),
            AuditOutput(id: "e", text: nil, result: .failed(message: "line 7 is no JSON")),
        ])
        #expect(
            html.contains(
                "<b>Source found.</b> p = 0.004: of outputs without a source in this corpus and of about as many words, about 4 in 1"
            ))
        #expect(html.contains("<b>No source found at level 0.05.</b> p = 0.31:") && html.contains("about 31 in 100"))
        #expect(html.contains("<b>Not tested.</b>") && html.contains("<b>Not attributed.</b> line 7 is no JSON"))
        let counts = html.matches(of: /<th scope="row">([^<]*)<\/th><td>(\d+)<\/td>/).map { "\($0.1) \($0.2)" }
        #expect(
            counts.prefix(5) == [
                "Outputs 4", "Source found 1", "No source found at level 0.05 1", "Not tested 1",
                "Not attributed because of an error 1",
            ])
        #expect(html.contains("gradprint audit a &amp; b") && html.contains("cd34") && html.contains("ab12"))
    }

    @Test func metadataShowsTheLicenceFirst() throws {
        let source = AuditSource(
            rank: 1, id: "s", text: nil, nearestSentence: "x < y.",
            metadata: [Fact("author", "me"), Fact("Licence", "CC0")],
            scores: .init(
                score: 0.5, pValue: 0.01, similarity: 0.9, sentenceSimilarity: 0.8, influence: -2,
                relativeInfluence: -1, tokenInfluence: 3))
        let html = try report([AuditOutput(id: "q", text: "t", result: .attributed(.untested, [source]))])
        #expect(
            html.contains(
                "<dt><bdi>Licence</bdi></dt><dd><bdi>CC0</bdi></dd>\n<dt><bdi>author</bdi></dt><dd><bdi>me</bdi></dd>"))
        #expect(html.contains("Nearest sentence: <bdi>x &lt; y.</bdi>"))
        for label in [
            "score", "p-value", "similarity", "sentence similarity", "influence", "relative influence",
            "token influence",
        ] {
            #expect(html.ranges(of: "<dt>\(label)</dt>").count == 2, "in the key and in place: \(label)")
        }
    }

    @Test func longTextsAreComparedToTheLimitAndSaySo() throws {
        let long = String(repeating: "word ", count: 2_100)
        let html = try report([output(long, sources: [long])])
        #expect(html.ranges(of: "Only the first 2\u{202F}000 words were compared").count == 2)
        #expect(html.ranges(of: "<mark class=\"run\">").count == 3, "the key's and one in each text")
    }

    @Test func anErrorOfTheSinkEndsTheAudit() throws {
        struct Full: Error {}
        var isFull = false
        var writer = try AuditReportWriter(title: "t", level: 0.05, weakWords: []) { _ in if isFull { throw Full() } }
        isFull = true
        #expect(throws: Full.self) { try writer.append(output("a", sources: [])) }
    }
}
