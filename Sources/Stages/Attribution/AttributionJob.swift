internal import Corpus
internal import Foundation
internal import Kernels
package import Pipeline
internal import Storage

/// Where the outputs to attribute come from.
package enum OutputSource: Sendable {
    /// JSON Lines; `-` is standard input.
    case texts(path: String)
    /// Vectors made elsewhere, with an id file.
    case vectors(path: String, ids: String?)
}

/// Takes attributed outputs, in the order of the log.
package protocol AttributionSink: AnyObject {
    /// Whether it uses the texts of outputs and sources.
    var wantsTexts: Bool { get }
    /// - Parameter outputs: some of the log's, in its order.
    func write(_ outputs: [AttributedOutput]) throws
    /// Ends the result, and durably so when it is a file.
    func finish() throws
    /// Undoes a result that came to no end.
    func abandon()
}

/// The job behind `gradprint attribute`: streams a log through the engine, batch by batch.
package struct AttributionJob {
    private let engine: AttributionEngine
    private let workers: Int

    /// Outputs that are searched and refined together: the more, the fewer times a partition is read. Memory does not grow
    /// with the log.
    private static let batch = 2048
    /// So often a generation is opened whose files change meanwhile.
    private static let attempts = 10

    /// - Parameters:
    ///   - modelPath: the embedder, when it is not where the build found it.
    ///   - method: what ranks; only the run's own has p-values.
    ///   - filter: what has to be true of a sample that is found.
    ///   - workers: threads; the result does not depend on it.
    ///   - log: takes a sentence when a method has to be prepared.
    /// - Throws: `missingInput` without a finished build; `incompatible` for another embedder than the build's, and for a
    ///   method that needs what the run does not have.
    package init(
        directory: RunDirectory, modelPath: String?, method: MethodName = .gif, filter: RowFilter = RowFilter(),
        workers: Int,
        log: @escaping (String) -> Void = { _ in }
    ) throws(RunError) {
        // The newest generation; when a build replaces it meanwhile, the one after it, and when a purge exchanges its files,
        // those that take their place.
        var attempts = 0
        while true {
            let generation = try directory.currentGeneration()
            let mark = try? ErasureMark(directory, generation)
            do {
                engine = try AttributionEngine(
                    OpenGeneration(directory: directory, modelPath: modelPath, filter: filter, workers: workers),
                    method: method, workers: workers,
                    log: log)
                break
            } catch {
                attempts += 1
                let isChanging =
                    try directory.currentGeneration()?.number != generation?.number
                    || (error.kind == .corrupt
                        && (mark?.isWithinPurge != false || (try? ErasureMark(directory, generation)) != mark))
                guard isChanging, attempts < Self.attempts else { throw error }
            }
        }
        self.workers = workers
    }

    /// What the user should know before using the result.
    package var warnings: [String] {
        guard !engine.opened.isCurrent else { return engine.opened.notes }
        let changed =
            "the run's configuration was changed after generation \(engine.opened.generation.number) was built, and the build has not come to its end since; attributing against generation \(engine.opened.generation.number)"
        return [changed] + engine.opened.notes
    }

    /// Sources that are listed when nothing else is said.
    package static let defaultCount = 10
    /// The largest p-value at which a best match counts as a source when nothing else is said.
    package static let defaultLevel = 0.05

    /// Whether the corpus holds a document or sample of this id that is neither deleted nor replaced.
    package func hasSource(_ id: String) -> Bool { engine.corpus.contains(id: id, among: engine.opened.live.set) }

    /// What the attributions rest on.
    package var provenance: AttributionProvenance { engine.opened.provenance }

    /// Words that more than `share` of the corpus' samples have, lower-cased; none for a corpus of vectors.
    ///
    /// - Complexity: reads some hundred samples.
    package func frequentWords(share: Double = 0.05) throws(RunError) -> Set<String> {
        try engine.frequentWords(share: share)
    }

    /// Attributes every output of a log.
    ///
    /// - Parameters:
    ///   - count: sources to list for each output.
    ///   - level: the largest p-value at which a best match counts as a source.
    /// - Returns: a sentence on what was done.
    /// - Throws: `badInput` also where no output could be attributed; the result then says of each why.
    package func run(
        _ source: OutputSource, count: Int = AttributionJob.defaultCount, level: Double = AttributionJob.defaultLevel,
        to sink: any AttributionSink
    ) throws(RunError) -> String {
        let (summary, reason): (String, String?)
        do {
            let options = AttributionEngine.Options(
                count: count, level: level, withTexts: sink.wantsTexts, workers: workers)
            (summary, reason) = try attribute(source, options, to: sink)
        } catch {
            sink.abandon()
            throw RunError(describing: error)
        }
        if let reason { throw RunError(.badInput, "no output could be attributed; of the first, \(reason)") }
        return summary
    }

    /// - Returns: a sentence on what was done, and why the first output was not attributed if none was.
    private func attribute(
        _ source: OutputSource, _ options: AttributionEngine.Options, to sink: any AttributionSink
    ) throws -> (summary: String, failure: String?) {
        if engine.method.needsTexts, case .vectors = source {
            throw RunError(
                .incompatible,
                "method \(engine.method.rawValue) compares words, and --vectors gives none; give the outputs as texts, or choose another method"
            )
        }
        let start = ContinuousClock.now
        var firstFailure: String?
        var totals = (outputs: 0, failed: 0, tested: 0, untested: 0, withoutSource: 0, worstResidual: 0.0)
        try forEachBatch(of: source) { batch in
            let results = try engine.attribute(batch, options)
            try sink.write(results.outputs)
            for output in results.outputs {
                totals.outputs += 1
                switch output.result {
                case .failed(let reason):
                    totals.failed += 1
                    firstFailure = firstFailure ?? "\(output.id): \(reason)"
                case .attributed(_, let noSource, _):
                    totals.tested += noSource == nil ? 0 : 1
                    totals.untested += noSource == nil ? 1 : 0
                    totals.withoutSource += noSource == true ? 1 : 0
                }
            }
            totals.worstResidual = max(totals.worstResidual, results.worstResidual)
        }
        try sink.finish()
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        var verdicts = ""
        if totals.tested > 0 {
            verdicts = ", \(grouped(totals.withoutSource)) without a source in this corpus at level \(options.level)"
        }
        if engine.method == .gif, totals.untested > 0 {
            verdicts += ", \(grouped(totals.untested)) that nothing is known of at level \(options.level)"
        }
        let summary =
            "\(grouped(totals.outputs)) outputs in \(duration(seconds))\(verdicts), \(grouped(totals.failed)) not attributed because of an error; largest LiSSA residual of those formed \(Figure.number(totals.worstResidual).short)"
        return (summary, totals.failed == totals.outputs ? firstFailure : nil)
    }

    /// A vector that cannot be read is that output's error, not the log's.
    private static func content(of row: Int, in vectors: VectorSet) -> LoggedOutput.Content {
        do {
            return .vector(try vectors.read(rows: row..<row + 1))
        } catch {
            return .failed("\(error)")
        }
    }

    private func forEachBatch(of source: OutputSource, _ body: ([LoggedOutput]) throws -> Void) throws {
        var batch: [LoggedOutput] = []
        switch source {
        case .texts(let path):
            let reader = try OutputLog(path: path)
            while let record = try reader.next() {
                batch.append(LoggedOutput(record))
                if batch.count == Self.batch {
                    try body(batch)
                    batch = []
                }
            }
        case .vectors(let path, let ids):
            let vectors = try VectorSet([path], ids: ids)
            for rows in ranges(vectors.rows, of: Self.batch) {
                try body(rows.map { LoggedOutput(id: vectors.id($0), content: Self.content(of: $0, in: vectors)) })
            }
        }
        if !batch.isEmpty { try body(batch) }
    }
}
