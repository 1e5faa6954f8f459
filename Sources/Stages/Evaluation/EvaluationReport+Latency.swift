internal import Evaluation

extension EvaluationReport {
    mutating func addLatency() {
        guard let attribution = results.latency else { return }
        let embed = attribution.embed?.mean
        var rows: [[ReportTable.Cell]] = []
        func add(_ name: String, _ single: LatencySummary, batch: Double) {
            rows.append([
                .text(name), .number(single.mean), .number(single.p50), .number(single.p99), .number(batch),
            ])
        }
        if let single = attribution.embed { add("embedding, for all", single, batch: attribution.batch.embed) }
        add("gif", attribution.single, batch: attribution.batch.search + attribution.batch.refine)
        var (names, searches, refines) = (["gif"], [attribution.batch.search], [attribution.batch.refine])
        for method in results.methods {
            guard let latency = method.latency else { continue }
            add(method.name.rawValue, latency.single, batch: latency.search + latency.refine)
            names.append(method.name.rawValue)
            searches.append(latency.search)
            refines.append(latency.refine)
        }
        let unit = "ms an output"
        let table = ReportTable(
            caption:
                "Milliseconds an output, embedding apart; \(attribution.single.queries) outputs one by one, and all in batches",
            columns: [
                .init("method"), .init("mean", decimals: 2), .init("p50", decimals: 2), .init("p99", decimals: 2),
                .init("in a batch", decimals: 2),
            ], rows: rows)
        let chart = BarChart(
            title: "Where the time goes, in a batch", axis: PlotAxis(unit), categories: names,
            series: [
                .init("embed", values: names.map { _ in embed == nil ? nil : .init(attribution.batch.embed) }),
                .init("search", values: searches.map { .init($0) }), .init("refine", values: refines.map { .init($0) }),
            ], arrangement: .stacked)
        files.heading("Latency")
        files.paragraph(
            "Measured on this machine with \(results.description.settings.workers) threads; the one part of this report that another run does not repeat. gif reads its indexes from the disk's cache; the other methods scan all samples in memory, except bm25, which has gif's postings."
        )
        files.table(table, file: "latency.csv")
        files.figure(
            chart.drawing(), file: "latency.svg",
            caption:
                "A batch's time divided by its outputs. Only gif tells finding candidates from refining them; the others' time is all search."
        )
    }
}
