/// One output of an audit as HTML.
struct AuditArticle {
    private let output: AuditOutput
    private let number: Int
    private let level: Double
    private let weakWords: Set<String>

    /// - Parameter number: of the output in the audit, from 1.
    init(_ output: AuditOutput, number: Int, level: Double, weakWords: Set<String>) {
        (self.output, self.number) = (output, number)
        (self.level, self.weakWords) = (level, weakWords)
    }

    var html: String {
        let head = "<article id=\"o\(number)\">\n<h2><span class=\"label\">Output</span> \(isolated(output.id))</h2>\n"
        switch output.result {
        case .failed(let message):
            let text = output.text.map { box(Markup.escape($0)) } ?? ""
            return head + verdict("failed", "Not attributed", message) + text + "</article>\n"
        case .attributed(let verdict, let sources):
            let (text, marked) = compared(with: sources)
            let list = sources.isEmpty ? "" : "<ol class=\"sources\">\n\(marked.joined())</ol>\n"
            let none = sources.isEmpty ? "<p class=\"note\">No sample matches.</p>\n" : ""
            return head + shown(verdict) + text + none + list + "</article>\n"
        }
    }

    private func shown(_ verdict: AuditOutput.Verdict) -> String {
        let kind =
            switch verdict {
            case .sourceFound: "found"
            case .noSource: "none"
            case .untested: "untested"
            }
        return self.verdict(kind, AuditWords.headline(verdict, level: level), AuditWords.explanation(verdict))
    }

    private func verdict(_ kind: String, _ headline: String, _ explanation: String) -> String {
        "<p class=\"verdict \(kind)\"><b>\(Markup.escape(headline)).</b> \(Markup.escape(explanation))</p>\n"
    }

    /// The output's text and the sources, with what they share marked in both.
    private func compared(with sources: [AuditSource]) -> (text: String, sources: [String]) {
        guard let text = output.text else {
            return (
                "<p class=\"note\">The output is a vector: there is no text to show.</p>\n", sources.map { item($0) }
            )
        }
        let words = TextWords(text, limit: SharedWords.wordLimit)
        var marked = MarkedText(text, words: words)
        let items = sources.map { source in
            guard let text = source.text else { return item(source) }
            let other = TextWords(text, limit: SharedWords.wordLimit)
            let shared = SharedWords(output: words, source: other, weak: weakWords)
            marked.add(shared.output, rank: source.rank)
            var markedSource = MarkedText(text, words: other)
            markedSource.add(shared.source, rank: source.rank)
            return item(source, marked: markedSource.html(), longest: shared.longest, isCut: other.isCut)
        }
        let html = marked.html { ranks in
            let links = ranks.map { "<a href=\"#\(anchor($0))\">\($0)</a>" }
            return "<sup>\(links.joined(separator: ","))</sup>"
        }
        return (box(html) + (words.isCut ? Self.cutNote : ""), items)
    }

    private func anchor(_ rank: Int) -> String { "o\(number)-s\(rank)" }

    private func item(_ source: AuditSource, marked: String? = nil, longest: Int = 0, isCut: Bool = false) -> String {
        let passage = source.passage.map { " <span class=\"label\">passage \($0)</span>" } ?? ""
        var html = "<li id=\"\(anchor(source.rank))\">\n<h3><span class=\"label\">\(source.rank).</span> "
        html += "\(isolated(source.id))\(passage)</h3>\n"
        html += "<dl class=\"scores\">\(AuditWords.scores(source.scores).map(Self.pair).joined())</dl>\n"
        html +=
            marked.map(box) ?? source.text.map { box(Markup.escape($0)) }
            ?? "<p class=\"note\">The sample is a vector: there is no text to show.</p>\n"
        if let sentence = source.nearestSentence {
            html += "<p class=\"note\">Nearest sentence: \(isolated(sentence))</p>\n"
        }
        if longest > 0 { html += "<p class=\"note\">Longest run in common: \(longest) words.</p>\n" }
        if isCut { html += Self.cutNote }
        let isLicence = { (fact: Fact) in ["license", "licence"].contains(fact.name.lowercased()) }
        let facts =
            source.metadata.filter(isLicence).map { Fact("Licence", $0.value) }
            + source.metadata.filter { !isLicence($0) }
        if !facts.isEmpty {
            let rows = facts.map { "<dt>\(isolated($0.name))</dt><dd>\(isolated($0.value))</dd>\n" }
            html += "<dl class=\"metadata\">\n\(rows.joined())</dl>\n"
        }
        return html + "</li>\n"
    }

    private static let cutNote =
        "<p class=\"note\">Only the first \(Numerals.count(SharedWords.wordLimit)) words were compared.</p>\n"

    private static func pair(_ fact: Fact) -> String {
        "<div><dt>\(Markup.escape(fact.name))</dt><dd>\(Markup.escape(fact.value))</dd></div>"
    }

    private func box(_ html: String) -> String { "<div class=\"text\" dir=\"auto\">\(html)</div>\n" }

    /// Kept from reordering what stands around it.
    private func isolated(_ text: String) -> String { "<bdi>\(Markup.escape(text))</bdi>" }
}
