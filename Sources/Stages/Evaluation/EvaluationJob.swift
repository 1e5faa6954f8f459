internal import Baselines
internal import Calibration
internal import Evaluation
internal import Kernels
package import Pipeline
internal import Probing
internal import Storage

/// The job behind `gradprint evaluate`: every method over the same queries, and a report of how they fared.
package struct EvaluationJob {
    let engine: AttributionEngine
    private let directory: RunDirectory
    let settings: EvaluationSettings
    let progress: EvaluationProgress

    /// - Parameters:
    ///   - modelPath: the embedder, when it is not where the build found it.
    ///   - note: takes what the user should know meanwhile.
    /// - Throws: as ``AttributionJob/init(directory:modelPath:workers:)``.
    package init(
        directory: RunDirectory, modelPath: String?, settings: EvaluationSettings, progress: BuildProgress,
        note: @escaping @Sendable (String) -> Void
    ) throws(RunError) {
        engine = try AttributionEngine(
            OpenGeneration(directory: directory, modelPath: modelPath), workers: settings.workers)
        self.directory = directory
        self.settings = settings
        self.progress = EvaluationProgress(progress: progress, note: note)
    }

    /// Measures, and writes the report.
    ///
    /// - Parameter folder: gets `index.html`, `*.csv` and `*.svg`; made when it is not there.
    /// - Returns: a sentence on the result.
    package func run(to folder: String) throws(RunError) -> String {
        do {
            try RunDirectory.createFolder(folder)
            let results = try measure()
            try EvaluationReport(results).write(to: folder)
            return results.summary + "; the report is \(folder)/index.html"
        } catch {
            throw RunError(describing: error)
        }
    }

    private func measure() throws -> EvaluationResults {
        let rows = engine.opened.generation.catalog.rows
        let live = engine.opened.live
        if live.hidden > 0 {
            progress.note(
                "\(grouped(live.hidden)) samples of the run are deleted or replaced: they are nobody's source and no method ranks them, but what models and methods have learned, they learned from them too"
            )
        }
        let sources = try progress.step("read the corpus", of: rows) { advance in
            try SourceTable(
                engine.corpus, rows: rows, live: live.set, documentField: settings.documentField, advance: advance)
        }
        if let field = settings.documentField, !sources.hasDocuments {
            throw RunError(.badInput, "--document-field \(field): no sample of the corpus has such a field")
        }
        let queries = try EvaluationQueries(settings, sources: sources, finder: engine.opened.finder, progress)
        if queries.counts.unknownIDs > 0 {
            progress.note(
                "\(queries.counts.unknownIDs) source_ids are not in the corpus, such as \(queries.counts.examples.joined(separator: ", "))"
            )
        }
        let foreign = try settings.foreign.map {
            try EvaluationQueries.foreign($0, settings, finder: engine.opened.finder, progress)
        }
        let pool = queries.outputs + (foreign ?? EvaluationOutputs())
        let library = try MethodLibrary(engine.opened, workers: settings.workers, note: progress.note)
        let (methods, skipped, evidence) = try measureMethods(pool, library, sources)
        let known = pool.truths.indices.filter { pool.truths[$0] != nil }
        let knownOutputs = pool.chosen(known)
        let sets = try noSourceSets(
            pool, queries: queries.outputs.count, methods: methods, evidence: evidence, sources: sources)
        let (projections, projectionsMissing) = try optional {
            try ProjectionSweep(library, knownOutputs, sources: sources, workers: settings.workers, progress)
        }
        let latency =
            settings.measuresTime
            ? try progress.step("attribution latency", of: EvaluationSettings.timed) { _ in
                try AttributionLatency(engine, knownOutputs, seed: settings.seed, workers: settings.workers)
            } : nil
        let (contributive, contributiveMissing) = try optional {
            try settings.contributive.map { try contribute($0, library, knownOutputs) }
        }
        return EvaluationResults(
            description: try EvaluatedRun(engine, settings, sources: sources), counts: queries.counts,
            known: knownOutputs, methods: methods.map { MethodResult($0, positions: known, pool, sources) },
            skipped: skipped,
            ablation: AblatedRanking.allCases.map { kind in
                AblationResult(
                    ranking: kind,
                    outcomes: known.map { position in
                        let rows = evidence[position].rankings[kind] ?? []
                        return sources.outcome(sources.distinct(rows, count: 10), pool.truths[position]!)
                    })
            },
            found: Proportion(count: known.count { evidence[$0].isFound }, of: known.count),
            calibration: engine.opened.calibration, projections: projections, projectionsMissing: projectionsMissing,
            nullSets: sets, latency: latency, contributive: contributive, contributiveMissing: contributiveMissing,
            sources: sources)
    }

    /// `gif` first, then the others that this run can be asked for.
    private func measureMethods(
        _ pool: EvaluationOutputs, _ library: MethodLibrary, _ sources: SourceTable
    ) throws -> ([MethodMeasurement], [(MethodName, String)], [OutputEvidence]) {
        let maker = EvidenceMaker(engine, sources: sources, workers: settings.workers)
        let evidence = try progress.step(MethodName.gif.rawValue, of: pool.count) { advance in
            try maker.evidence(pool, advance: advance)
        }
        var measured = [
            MethodMeasurement(
                name: .gif,
                rankings: evidence.map {
                    sources.distinct($0.rankings[.combined] ?? [], count: max(10, settings.count))
                }, best: evidence.map(\.best), bestWithoutSource: evidence.map(\.bestWithoutSource), latency: nil)
        ]
        var skipped: [(MethodName, String)] = []
        let measurer = MethodMeasurer(library: library, sources: sources, settings: settings, progress: progress)
        for method in MethodName.allCases where method != .gif && settings.methods.contains(method) {
            if method.needsTexts, pool.texts == nil {
                skipped.append((method, "it needs texts, and this run and its queries are vectors"))
                continue
            }
            do {
                measured.append(try measurer.measure(method, pool))
            } catch let error as RunError where error.kind == .incompatible {
                skipped.append((method, error.message))
                progress.note("\(method.rawValue) is left out: \(error.message)")
            }
        }
        return (measured, skipped, evidence)
    }

    /// A part that some runs cannot have.
    private func optional<Value>(_ body: () throws -> Value?) throws -> (Value?, missing: String?) {
        do {
            return (try body(), nil)
        } catch let error as RunError where error.kind == .incompatible {
            return (nil, error.message)
        }
    }

    private func contribute(
        _ contributive: ContributiveSettings, _ library: MethodLibrary, _ known: EvaluationOutputs
    ) throws -> ContributiveEvaluation {
        let probe = try library.linearProbe(for: .influence)
        guard engine.opened.configuration.probe.l2 > 0 else {
            throw RunError(.incompatible, "the probe's l2 is 0, so retraining has no one optimum to be measured by")
        }
        return try ContributiveEvaluation(
            corpus: try library.corpus(among: engine.opened.live.set),
            outputs: try library.outputs(known.embeddings, texts: nil).rows,
            classes: probe.classes, l2: engine.opened.configuration.probe.l2, contributive, seed: settings.seed,
            workers: settings.workers, progress)
    }
}
