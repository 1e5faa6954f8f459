internal import Evaluation

extension EvaluationReport {
    private var level: Double { results.description.level }

    mutating func addNoSource() {
        files.heading("Outputs without a source")
        guard !results.nullSets.isEmpty else {
            files.paragraph("The build made no null distribution, so there are no p-values to judge.")
            return
        }
        let shown = Numerals.pValue(level)
        files.paragraph(
            "Each best match has a p-value: the share of simulated outputs without a source, of about as many words, whose best match looks at least as good. At level \(shown) about that share of outputs without a source may be given one. Judged by outputs of several kinds that have none; an output with a source that is flagged counts as wrong."
        )
        addSets(shown)
        addScores(shown)
        addCurves()
    }

    private mutating func addSets(_ shown: String) {
        let table = ReportTable(
            caption: "By kind of output without a source",
            columns: [
                .init("outputs without a source"), .init("number", decimals: 0),
                .init("false attributions at \(shown)"), .init("AUROC", best: .none),
                .init("P@1 kept at \(shown)"), .init("distance from uniform"),
            ],
            rows: results.nullSets.map { set in
                let own = set.own
                return [
                    .text(set.title), .number(Double(own.nulls)),
                    .estimate(own.falseAttributions(atLevel: level).estimate),
                    own.areaUnderCurve.map { .number($0) } ?? .empty,
                    .number(own.precisionKept(atLevel: level).rate), .number(own.calibration.distance),
                ]
            })
        let precision = results.own.mean(.precisionAt1)
        let kept = results.nullSets[0].own.precisionKept(atLevel: level).rate
        files.table(table, file: "no-source.csv")
        files.paragraph(
            "Of P@1 \(Numerals.fixed(precision, 3)), \(Numerals.fixed(kept, 3)) is kept at level \(shown)"
                + (precision > 0 ? " (\(Numerals.fixed(100 * kept / precision, 1)) %)." : "."))
    }

    /// What single scores keep when as many outputs without a source are given one.
    private mutating func addScores(_ shown: String) {
        let sets = results.nullSets.filter { $0.scores.count > 1 }
        guard !sets.isEmpty else { return }
        let rows = sets.flatMap { set -> [[ReportTable.Cell]] in
            let rate = set.own.falseAttributions(atLevel: level).rate
            return set.scores.map { score in
                [
                    .text(set.title), .text(score.name), .number(rate),
                    .number(score.evaluation.precisionKept(atFalseRate: rate).rate),
                    score.evaluation.areaUnderCurve.map { .number($0) } ?? .empty,
                ]
            }
        }
        let table = ReportTable(
            caption: "What each score keeps at the false rate that gif has at level \(shown)",
            columns: [
                .init("outputs without a source"), .init("score"), .init("false rate"), .init("P@1 kept"),
                .init("AUROC"),
            ], rows: rows)
        files.table(table, file: "no-source-scores.csv")
    }

    private mutating func addCurves() {
        // Real outputs that have no source, where there are any.
        let chosen =
            results.nullSets.first { $0.name == "unsourced" } ?? results.nullSets.first { $0.name == "taken-out" }
        if let chosen {
            let curves = chosen.scores.map { ($0.name, $0.evaluation.riskCoverage) }
            let chart = LineChart(
                title: "Risk by coverage", x: PlotAxis("share of outputs answered", range: 0...1),
                y: PlotAxis("share wrong among them"), series: curves.map { .init($0.0, points: $0.1) })
            files.figure(
                chart.drawing(), file: "risk-coverage.svg",
                caption:
                    "Queries with a source together with \(chosen.title), answered from the most confident on; an answer to an output without a source is wrong. Lower is better."
            )
            files.csv(
                "risk-coverage.csv", head: ["score", "coverage", "risk"],
                rows: curves.flatMap { name, points in points.map { [name, "\($0.x)", "\($0.y)"] } })
        }
        let curves = results.nullSets.map { ($0.title, $0.own.calibration.points) }
        let chart = LineChart(
            title: "Calibration of the p-values", x: PlotAxis("p-value", range: 0...1),
            y: PlotAxis("share of outputs without a source", range: 0...1),
            series: curves.map { .init($0.0, points: $0.1, isStepped: true) }, showsDiagonal: true)
        files.figure(
            chart.drawing(), file: "calibration.svg",
            caption:
                "The share of outputs without a source that have a p-value of at most so much. Honest p-values lie on the diagonal; below it they are more careful than they say, above it more rash."
        )
        files.csv(
            "calibration.csv", head: ["outputs", "p_value", "share"],
            rows: curves.flatMap { name, points in points.map { [name, "\($0.x)", "\($0.y)"] } })
    }
}
