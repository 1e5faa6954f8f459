internal import Calibration
internal import Evaluation

extension EvaluationReport {
    mutating func addMethods() {
        let methods = results.methods
        files.heading("Methods")
        files.paragraph(
            "Over all \(results.counts.known) queries that have a source in the corpus, to rank 10; a query whose source is not found counts as wrong. Samples of the same text, and passages of one document, count as one source. P@5 is the number of sources among the first five, divided by five; so it is at most 0.2 where a query has one source."
        )
        let columns =
            [ReportTable.Column("method")]
            + RankingMetric.allCases.map { ReportTable.Column($0.name, best: .highest) } + [.init("what it is")]
        let table = ReportTable(
            caption: "All methods", columns: columns,
            rows: methods.map { method in
                [.text(method.name.rawValue)] + RankingMetric.allCases.map { .number(method.mean($0)) }
                    + [.text(method.name.summary)]
            })
        let intervals = methods.map { method in
            [RankingMetric.precisionAt1, .reciprocalRank].map { metric in
                bootstrap.mean(of: method.outcomes.map { $0.value(metric) }).map { BarChart.Value($0) }
            }
        }
        let chart = BarChart(
            title: "P@1 and MRR by method", axis: PlotAxis("share of queries, reciprocal rank", range: 0...1),
            categories: methods.map(\.name.rawValue),
            series: [
                .init("P@1", values: intervals.map { $0[0] }), .init("MRR", values: intervals.map { $0[1] }),
            ])
        files.table(table, file: "methods.csv")
        files.figure(
            chart.drawing(), file: "precision.svg",
            caption:
                "P@1 and MRR with 95 % intervals over queries. Where two intervals overlap, the paired differences below still tell the methods apart."
        )
        for (method, reason) in results.skipped {
            files.paragraph("\(method.rawValue) is left out: \(reason).")
        }
        addDifferences()
        addPublished()
    }

    private mutating func addDifferences() {
        let others = results.methods.dropFirst()
        guard !others.isEmpty else { return }
        let rows = others.map { other -> [ReportTable.Cell] in
            let cells = [RankingMetric.precisionAt1, .reciprocalRank].map { metric -> ReportTable.Cell in
                bootstrap.difference(metric, from: other.outcomes, to: results.own.outcomes).map { .estimate($0) }
                    ?? .empty
            }
            return [.text("gif − \(other.name.rawValue)")] + cells
        }
        let table = ReportTable(
            caption: "gif beside each other method, paired on the same queries",
            columns: [
                .init("difference"), .init("P@1", isSigned: true), .init("MRR", isSigned: true),
            ], rows: rows)
        files.table(table, file: "differences.csv")
        files.paragraph(
            "An interval that lies above 0 says that gif is better on queries like these, one that holds 0 that the difference may be chance."
        )
    }

    /// Numbers of publications stand apart: they are of other data, and were not measured here.
    private mutating func addPublished() {
        let published: [(String, Double, Double?)] = [
            ("gradient-informed fingerprinting", 0.833, 0.871), ("TRACE", 0.712, nil), ("TRAK", 0.658, nil),
        ]
        let table = ReportTable(
            caption: "As published, on other data; not measured here and not reproduced",
            columns: [.init("method"), .init("P@1"), .init("MRR")],
            rows: published.map { [.text($0.0), .number($0.1), $0.2.map { .number($0) } ?? .empty] })
        files.table(table, file: "published.csv")
    }

    mutating func addAblation() {
        let hasTokens = results.calibration.ranker.weight(of: .token) > 0 || results.known.texts != nil
        let hasSentences = results.calibration.ablations.contains { $0.features.contains(.sentence) }
        let shown = results.ablation.filter {
            (hasTokens || $0.ranking != .token) && (hasSentences || $0.ranking != .sentence)
        }
        let metrics: [RankingMetric] = [.precisionAt1, .hitAt10, .reciprocalRank]
        let table = ReportTable(
            caption: "gif's candidates in other orders",
            columns: [.init("order")] + metrics.map { .init($0.name, best: .highest) },
            rows: shown.map { row in [.text(row.ranking.rawValue)] + metrics.map { .number(row.outcomes.mean($0)) } })
        let chart = BarChart(
            title: "P@1 by what candidates are ordered by", axis: PlotAxis("P@1", range: 0...1),
            categories: shown.map(\.ranking.rawValue),
            series: [
                .init(
                    "P@1",
                    values: shown.map { row in
                        bootstrap.mean(of: row.outcomes.map { $0.value(.precisionAt1) }).map { .init($0) }
                    })
            ])
        let found = results.found
        files.heading("What each part of the evidence brings")
        files.paragraph(
            "The same candidates in the order of each part alone, and of all parts with the weights that the build fitted by itself on simulated outputs, without labels. A source is among the candidates of \(found.count) of \(found.total) queries (\(Numerals.fixed(found.rate, 3))); no order can be better than that."
        )
        files.table(table, file: "ablation.csv")
        files.figure(
            chart.drawing(), file: "ablation.svg",
            caption: "P@1 of gif's candidates in the order of the index, of each part, and of all, with 95 % intervals."
        )
        addSimulatedAblation()
    }

    private mutating func addSimulatedAblation() {
        let record = results.calibration
        guard !record.ablations.isEmpty else {
            files.paragraph("The build fitted no weights: its configuration or its corpus left nothing to fit.")
            return
        }
        let columns: [ReportTable.Column] = [
            .init("parts"), .init("P@1", best: .highest), .init("MRR", best: .highest),
            .init("log loss", best: .lowest),
        ]
        let table = ReportTable(
            caption: "The build's own ablation, on simulated outputs held out of the fit, each row fitted anew",
            columns: columns,
            rows: record.ablations.map { row in
                [
                    .text(row.features.map(\.title).joined(separator: " + ")), .number(row.precisionAt1),
                    .number(row.reciprocalRank), .number(row.logLoss),
                ]
            })
        files.table(table, file: "ablation-simulated.csv")
    }
}
