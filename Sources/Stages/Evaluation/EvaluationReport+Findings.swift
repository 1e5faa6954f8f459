internal import Calibration
internal import Evaluation

extension EvaluationReport {
    /// What the gradient signature brings, in words that follow from the numbers.
    mutating func addFindings() {
        let gradient = results.ablation(.cluster)
        let similarity = results.ablation(.similarity)
        let combined = results.ablation(.combined)
        let ranker = results.calibration.ranker
        var sentences = [
            "The gradient signature is the gradient of a small probe that predicts an embedding's cluster. It is a function of the embedding and its cluster alone, so it holds no information that the embedding does not; what it can do is weigh that information differently."
        ]
        let (alone, beside) = (gradient.outcomes.mean(.precisionAt1), similarity.outcomes.mean(.precisionAt1))
        if let difference = bootstrap.difference(.precisionAt1, from: similarity.outcomes, to: gradient.outcomes) {
            sentences.append(
                "Alone, the cluster probe's influence puts a source first for \(share(alone)) of the queries, the similarity of the same candidates for \(share(beside)): \(verdict(difference, better: "it is better", worse: "it is worse"))."
            )
        }
        if let signature = results.methods.first(where: { $0.name == .gradient }) {
            sentences.append(
                "Searched for over the whole corpus, the projected signature alone finds \(share(signature.mean(.precisionAt1))) at rank 1."
            )
        }
        let weight = ranker.weight(of: .cluster)
        if results.calibration.ablations.isEmpty {
            sentences.append("The build fitted no weights, so what it is worth beside the other parts was not asked.")
        } else if weight > 0 {
            sentences.append(
                "Beside the other parts the build gave it a weight of \(Numerals.fixed(weight, 3)) (all weights add up to 1): on simulated outputs that it had not seen, sources were clearly likelier with it."
            )
        } else {
            sentences.append(
                "Beside the other parts the build gave it weight 0: on simulated outputs that it had not seen, sources were not clearly likelier with it. It takes no part in the ranking and costs nothing."
            )
        }
        let names = Feature.allCases.map { "\($0.title) \(Numerals.fixed(ranker.weight(of: $0), 3))" }
        sentences.append("The weights: \(names.joined(separator: ", ")).")
        files.heading("What the gradient signature brings, and what it does not")
        for sentence in sentences { files.paragraph(sentence) }
        addReference()
        addRefinement(combined)
    }

    /// Beside the reference method as published.
    private mutating func addReference() {
        guard let paper = results.methods.first(where: { $0.name == .gifPaper }),
            let cosine = results.methods.first(where: { $0.name == .static }),
            let difference = bootstrap.difference(.precisionAt1, from: cosine.outcomes, to: paper.outcomes)
        else { return }
        files.paragraph(
            "The reference method to the letter (gif-paper) puts a source first for \(share(paper.mean(.precisionAt1))), the cosine of the embeddings that it starts from for \(share(cosine.mean(.precisionAt1))): \(verdict(difference, better: "the method adds to it", worse: "the method loses by it"))."
        )
    }

    /// Whether the refinement is worth while at all.
    private mutating func addRefinement(_ combined: AblationResult) {
        let index = results.ablation(.index)
        guard let difference = bootstrap.difference(.precisionAt1, from: index.outcomes, to: combined.outcomes) else {
            return
        }
        files.paragraph(
            "Refinement as a whole takes the candidates from \(share(index.outcomes.mean(.precisionAt1))) in the order of the vector index to \(share(combined.outcomes.mean(.precisionAt1))): \(verdict(difference, better: "it is worth while", worse: "it does harm here"))."
        )
    }

    private func share(_ value: Double) -> String { Numerals.fixed(value, 3) }

    private func verdict(_ difference: Estimate, better: String, worse: String) -> String {
        let interval =
            "\(Numerals.fixed(difference.value, 3, signed: true)) [\(Numerals.fixed(difference.lower, 3, signed: true)), \(Numerals.fixed(difference.upper, 3, signed: true))]"
        if difference.lower > 0 { return "\(better), by \(interval)" }
        if difference.upper < 0 { return "\(worse), by \(interval)" }
        return "the difference of \(interval) may be chance"
    }

    mutating func addProjections() {
        files.heading("Dimension of the gradient signature")
        guard let points = results.projections?.points else {
            files.paragraph("Not measured: \(results.projectionsMissing ?? "no probe").")
            return
        }
        let table = ReportTable(
            caption: "Random projections of the gradient to m dimensions",
            columns: [
                .init("m", decimals: 0), .init("gradient alone, P@1", best: .highest),
                .init("gradient alone, MRR", best: .highest), .init("[e ; c], P@1", best: .highest),
                .init("[e ; c], MRR", best: .highest),
            ],
            rows: points.map { point in
                [
                    .number(Double(point.dimension)), .number(point.gradient.mean(.precisionAt1)),
                    .number(point.gradient.mean(.reciprocalRank)), .number(point.reference.mean(.precisionAt1)),
                    .number(point.reference.mean(.reciprocalRank)),
                ]
            })
        func series(_ name: String, _ outcomes: (ProjectionSweep.Point) -> [RankingOutcome]) -> LineChart.Series {
            .init(
                name,
                points: points.map { CurvePoint(x: Double($0.dimension), y: outcomes($0).mean(.precisionAt1)) },
                showsMarkers: true)
        }
        let chart = LineChart(
            title: "P@1 by dimension of the projected gradient",
            x: PlotAxis("m", scale: .logarithmic(base: 2)), y: PlotAxis("P@1", range: 0...1),
            series: [series("gradient alone", \.gradient), series("[e ; c], no refinement", \.reference)])
        files.table(table, file: "projection.csv")
        files.figure(
            chart.drawing(), file: "projection.svg",
            caption:
                "P@1 by m, for the signature alone (cosine) and for the reference method's fingerprint [e ; c] as it is (Euclidean distance, not re-ranked)."
        )
    }
}
