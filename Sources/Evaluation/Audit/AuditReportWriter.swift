/// Writes an audit: one HTML file for a reader who has to defend or to challenge what was found.
///
/// Outputs are written as they come and none is kept, so an audit may be of any length. The file loads nothing and runs
/// nothing, and holds neither times nor paths but those it is given: the same outputs give the same bytes.
package struct AuditReportWriter {
    private let level: Double
    private let weakWords: Set<String>
    private let write: (String) throws -> Void
    private var outputs = 0
    private var found = 0
    private var withoutSource = 0
    private var untested = 0
    private var failed = 0

    /// Writes the head and the key to the numbers and marks.
    ///
    /// - Parameters:
    ///   - title: names the audited log.
    ///   - level: the p-value up to which a match counts as a source.
    ///   - weakWords: lower-cased words, such as articles and prepositions, that are not marked outside a run.
    ///   - write: takes the file piece by piece; what it throws ends the audit.
    package init(
        title: String, subtitle: String = "", level: Double, weakWords: Set<String>,
        write: @escaping (String) throws -> Void
    ) throws {
        (self.level, self.weakWords, self.write) = (level, weakWords, write)
        let subtitle = subtitle.isEmpty ? "" : "<p class=\"subtitle\">\(Markup.escape(subtitle))</p>\n"
        try write(PageStyle.head(title: title, extraStyle: AuditStyle.text))
        try write("<h1>\(Markup.escape(title))</h1>\n\(subtitle)\(Self.key(level: level))")
    }

    /// Writes one output.
    ///
    /// - Complexity: linear in its texts, but for the comparison of words (``SharedWords``), which is bounded for each
    ///   source by the square of ``SharedWords/wordLimit``.
    package mutating func append(_ output: AuditOutput) throws {
        outputs += 1
        switch output.result {
        case .failed: failed += 1
        case .attributed(.sourceFound, _): found += 1
        case .attributed(.noSource, _): withoutSource += 1
        case .attributed(.untested, _): untested += 1
        }
        try write(AuditArticle(output, number: outputs, level: level, weakWords: weakWords).html)
    }

    /// Writes the counts and what the audit was made with, and ends the file.
    package func finish(_ provenance: AuditProvenance) throws {
        var counts = [Fact("Outputs", Numerals.count(outputs)), Fact("Source found", Numerals.count(found))]
        counts.append(Fact("No source found at level \(Numerals.pValue(level))", Numerals.count(withoutSource)))
        if untested > 0 { counts.append(Fact("Not tested", Numerals.count(untested))) }
        counts.append(Fact("Not attributed because of an error", Numerals.count(failed)))
        try write(
            "<section id=\"summary\">\n<h2>Summary</h2>\n\(counts.table())"
                + "<h2>What this was made with</h2>\n\(provenance.facts.table())"
                + "<p class=\"note\">Command</p>\n<pre><code>\(Markup.escape(provenance.command))</code></pre>\n"
                + "</section>\n" + PageStyle.foot)
    }

    private static func key(level: Double) -> String {
        let level = Numerals.pValue(level)
        let entries = AuditWords.legend.map {
            "<dt>\(Markup.escape($0.name))</dt><dd>\(Markup.escape($0.value))</dd>\n"
        }
        return """
            <nav aria-label="Contents"><a href="#summary">Summary and what this was made with</a></nav>
            <section>
            <h2>How to read this</h2>
            <p>Each output of the log is followed by a verdict and by the samples of the corpus that match it best, best \
            first. A source counts as found when the p-value of the best match is at most \(level). A listed sample is \
            evidence to weigh: it shows what the corpus holds, and no number here proves that a model copied it.</p>
            <p>Words that an output and a source have in common are <mark>marked</mark>; runs of \
            \(SharedWords.minimumRun) or more words that stand in both in the same order are <mark class="run">marked \
            more strongly</mark>, and in the output they are followed by the rank<sup>1</sup> of each source that has \
            them. Case and punctuation do not count. Of a text longer than \(Numerals.count(SharedWords.wordLimit)) words \
            only the first are compared.</p>
            <dl class="legend">
            \(entries.joined())</dl>
            </section>

            """
    }
}
