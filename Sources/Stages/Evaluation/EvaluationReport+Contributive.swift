internal import Baselines
internal import Evaluation

extension EvaluationReport {
    mutating func addContributive() {
        guard results.description.settings.contributive != nil else { return }
        files.heading("Contributive truth")
        guard let truth = results.contributive else {
            files.paragraph("Not measured: \(results.contributiveMissing ?? "no probe").")
            return
        }
        files.paragraph(
            "Similarity is not influence. The probe was trained on \(truth.subsets) random halves of \(truth.corpusRows) samples, with labels and clustering fixed. The linear datamodeling score of a method is the rank correlation (Spearman) over the halves of the sum of its scores with how well the probe trained on that half does on an output, averaged over \(truth.outputs) outputs that are not in the corpus. What remained of the gradient at the end of a training was at most \(Numerals.significant(truth.gradientNorm))."
        )
        let table = ReportTable(
            caption: "Linear datamodeling score",
            columns: [.init("method"), .init("LDS", best: .highest)],
            rows: truth.rows.map { [.text($0.name), .estimate(Self.estimate($0.score.correlation))] })
        let chart = BarChart(
            title: "Linear datamodeling score by method", axis: PlotAxis("rank correlation"),
            categories: truth.rows.map(\.name),
            series: [.init("LDS", values: truth.rows.map { .init(Self.estimate($0.score.correlation)) })])
        files.table(table, file: "lds.csv")
        files.figure(
            chart.drawing(), file: "lds.svg", caption: "Linear datamodeling score with 95 % intervals over outputs.")
        addSeries(truth)
        addRemoval(truth)
    }

    /// Whether ten terms of the series are enough.
    private mutating func addSeries(_ truth: ContributiveEvaluation) {
        func score(_ name: String) -> Double? { truth.rows.first { $0.name == name }?.score.correlation.mean }
        guard let exact = score(ContributiveEvaluation.exact), let short = score(ContributiveEvaluation.shortSeries),
            let long = score(ContributiveEvaluation.longSeries)
        else { return }
        let isClose = abs(exact - short) <= 0.02
        let conclusion =
            isClose
            ? "Ten terms are enough here."
            : "Ten terms are not enough where the probe's own l2 is the damping: its series converges slowly."
        files.paragraph(
            "LiSSA with T = 10 scores \(Numerals.fixed(short, 3)), with T = 1000 \(Numerals.fixed(long, 3)), the exact solve \(Numerals.fixed(exact, 3)). \(conclusion)"
        )
    }

    private mutating func addRemoval(_ truth: ContributiveEvaluation) {
        let curves = Array(zip(truth.curveNames, truth.curves))
        let table = ReportTable(
            caption:
                "Increase of the loss on an output, in nats, when the samples ranked first are taken away and the probe is trained again",
            columns: [.init("method"), .init("removed", decimals: 0), .init("increase", decimals: 4)],
            rows: curves.flatMap { name, curve in
                curve.points.map {
                    [.text(name), .number(Double($0.removed)), .estimate(Self.estimate($0.increase))]
                }
            })
        let chart = LineChart(
            title: "Loss after removal", x: PlotAxis("samples removed", scale: .logarithmic(base: 10)),
            y: PlotAxis("increase of the loss, nats"),
            series: curves.map { name, curve in
                .init(
                    name, points: curve.points.map { CurvePoint(x: Double($0.removed), y: $0.increase.mean) },
                    showsMarkers: true)
            })
        files.table(table, file: "removal.csv")
        files.figure(
            chart.drawing(), file: "removal.svg",
            caption:
                "The higher, the more the samples that a method ranks first contributed; means over \(truth.removalOutputs) outputs."
        )
    }

    private static func estimate(_ interval: Interval) -> Estimate {
        Estimate(
            value: interval.mean, lower: min(interval.low, interval.mean), upper: max(interval.high, interval.mean))
    }
}
