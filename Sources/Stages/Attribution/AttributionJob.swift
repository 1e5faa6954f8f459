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
    func write(_ output: AttributedOutput) throws
    /// Ends the result, and durably so when it is a file.
    func finish() throws
}

/// The job behind `gradprint attribute`: streams a log through the engine, batch by batch.
package struct AttributionJob {
    private let engine: AttributionEngine
    private let workers: Int

    /// Outputs that are searched and refined together. Memory does not grow with the log.
    private static let batch = 512

    /// - Parameters:
    ///   - modelPath: the embedder, when it is not where the build found it.
    ///   - workers: threads; the result does not depend on it.
    /// - Throws: `missingInput` without a finished build; `incompatible` for another embedder than the build's.
    package init(
        directory: RunDirectory, modelPath: String?, workers: Int
    ) throws(RunError) {
        engine = try AttributionEngine(directory: directory, modelPath: modelPath)
        self.workers = workers
    }

    /// Whether the corpus holds a document or sample of this id.
    package func hasSource(_ id: String) -> Bool { engine.corpus.contains(id: id) }

    /// Attributes every output of a log.
    ///
    /// - Parameter count: sources to list for each output; `nil` takes the configuration's number of candidates.
    /// - Returns: a sentence on what was done.
    package func run(_ source: OutputSource, count: Int?, to sink: any AttributionSink) throws -> String {
        let start = ContinuousClock.now
        var totals = (outputs: 0, failed: 0, worstResidual: 0.0)
        try forEachBatch(of: source) { batch in
            let results = try engine.attribute(batch, count: count, workers: workers)
            for output in results.outputs {
                try sink.write(output)
                totals.outputs += 1
                if case .failed = output.result { totals.failed += 1 }
            }
            totals.worstResidual = max(totals.worstResidual, results.worstResidual)
        }
        try sink.finish()
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        return
            "\(grouped(totals.outputs)) outputs in \(duration(seconds)), \(grouped(totals.failed)) not attributed because of an error; largest LiSSA residual \(Figure.number(totals.worstResidual).short)"
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
                let values = try vectors.read(rows: rows)
                try body(
                    rows.map { row in
                        let start = (row - rows.lowerBound) * vectors.dimension
                        return LoggedOutput(
                            id: vectors.id(row), vector: Array(values[start..<start + vectors.dimension]))
                    })
            }
        }
        if !batch.isEmpty { try body(batch) }
    }
}
