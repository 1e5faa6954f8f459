internal import Evaluation

/// The report of an evaluation: what the numbers are, in tables, figures and words.
struct EvaluationReport {
    let results: EvaluationResults
    let bootstrap: PairedBootstrap
    var files = ReportFiles()

    init(_ results: EvaluationResults) {
        self.results = results
        let settings = results.description.settings
        bootstrap = PairedBootstrap(seed: settings.seed, workers: settings.workers)
        addData()
        addMethods()
        addAblation()
        addFindings()
        addProjections()
        addNoSource()
        addLatency()
        addContributive()
        addDigests()
        addRankings()
    }

    var page: ReportPage {
        ReportPage(
            title: "How well sources are found",
            subtitle: "gradprint evaluate: \(results.counts.known) queries with a known source, "
                + "\(Numerals.count(results.description.rows)) samples",
            sections: files.sections)
    }

    func write(to folder: String) throws { try files.write(to: folder, page: page) }

    // MARK: Data

    private mutating func addData() {
        let (counts, run) = (results.counts, results.description)
        files.heading("Data")
        var facts = [
            Fact("samples", Numerals.count(run.rows)),
            Fact("of them the same text or source as an earlier one", Numerals.count(run.identicalRows)),
            Fact("queries read", Numerals.count(counts.read)),
            Fact("measured, with a source in the corpus", Numerals.count(counts.known)),
            Fact("measured, known to have none", Numerals.count(counts.nulls)),
        ]
        if run.hiddenRows > 0 {
            facts.append(
                Fact(
                    "left out: samples that are deleted or replaced (what was learned before, was learned from them too)",
                    Numerals.count(run.hiddenRows)))
        }
        if let sampled = counts.sampled { facts.append(Fact("seeded sample of", Numerals.count(sampled))) }
        for (title, count) in [
            ("left out: not readable", counts.failed), ("left out: no field source_ids", counts.unlabelled),
            ("left out: all their sources are missing from the corpus", counts.lost),
            ("source ids that the corpus lacks", counts.unknownIDs),
        ] where count > 0 {
            facts.append(Fact(title, Numerals.count(count)))
        }
        files.facts(facts)
    }

    private mutating func addDigests() {
        let run = results.description
        files.heading("What was used")
        files.facts([
            Fact("seed", "\(run.settings.seed)"), Fact("queries, SHA-256", run.queriesDigest),
            Fact("embedder, SHA-256", run.embedderDigest), Fact("index, SHA-256 of its parts", run.configurationDigest),
            Fact("platform of the build", run.platform),
            Fact("embedding dimension", "\(run.dimension)"), Fact("clusters of the probe", "\(run.clusters)"),
            Fact("candidates of each index", "\(run.candidates)"),
            Fact(
                "intervals",
                "95 %, percentile bootstrap over queries, \(bootstrap.resamples) resamples; of shares: Wilson"),
        ])
    }

    /// Each method's first sources for each query.
    private mutating func addRankings() {
        let count = max(10, results.description.settings.count)
        var rows: [[String]] = []
        for method in results.methods {
            for (position, ranking) in method.rankings.enumerated() {
                guard let truth = results.known.truths[position] else { continue }
                for (rank, row) in ranking.prefix(count).enumerated() {
                    let isSource = results.sources.isSource(row: row, of: truth)
                    rows.append([
                        method.name.rawValue, results.known.ids[position], "\(rank + 1)",
                        results.sources.name(ofRow: row), isSource ? "1" : "0", "\(truth.names.count)",
                    ])
                }
            }
        }
        files.csv(
            "rankings.csv", head: ["method", "query", "rank", "source_id", "is_source", "sources"], rows: rows)
    }
}
