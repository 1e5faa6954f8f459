internal import Evaluation
internal import Kernels
internal import Pipeline
internal import Probing
internal import VectorIndex

/// What one method did with all outputs.
struct MethodMeasurement: Sendable {
    let name: MethodName
    /// Distinct rows for each output, best first.
    let rankings: [[Int]]
    /// Of each output.
    let best: [BestMatch?]
    /// With the output's sources taken out; nothing for an output without.
    let bestWithoutSource: [BestMatch?]
    let latency: MethodLatency?
}

/// Milliseconds an output.
struct MethodLatency: Sendable {
    /// Outputs one by one, without embedding them.
    let single: LatencySummary
    /// A batch's time divided by its outputs: finding candidates, and what follows.
    let search: Double
    let refine: Double
}

/// Runs methods over outputs.
struct MethodMeasurer {
    let library: MethodLibrary
    let sources: SourceTable
    let settings: EvaluationSettings
    let progress: EvaluationProgress

    func measure(_ method: MethodName, _ outputs: EvaluationOutputs) throws -> MethodMeasurement {
        let ranker = try library.open(method)
        let depth = max(EvaluationSettings.depth, settings.count)
        var found: [[Neighbor]] = []
        var elapsed = Duration.zero
        try progress.step(method.rawValue, of: outputs.count) { advance in
            for rows in ranges(outputs.count, of: EvaluationSettings.batch) {
                let begin = ContinuousClock.now
                found += try rank(outputs, rows, ranker, count: depth)
                elapsed += ContinuousClock.now - begin
                advance(rows.count)
            }
        }
        return MethodMeasurement(
            name: method,
            rankings: found.map { sources.distinct($0.lazy.map(\.row), count: max(10, settings.count)) },
            best: found.map { $0.first.map(Self.match) },
            bestWithoutSource: zip(found, outputs.truths).map { list, truth in
                truth.flatMap { truth in
                    list.first { !sources.isTakenOut(row: $0.row, for: truth) }.map(Self.match)
                }
            },
            latency: settings.measuresTime
                ? MethodLatency(
                    single: try single(outputs, ranker), search: elapsed / .milliseconds(1) / Double(outputs.count),
                    refine: 0) : nil)
    }

    private static func match(_ neighbor: Neighbor) -> BestMatch {
        BestMatch(row: neighbor.row, pValue: nil, score: Double(neighbor.score))
    }

    private func rank(
        _ outputs: EvaluationOutputs, _ rows: Range<Int>, _ ranker: any SourceRanker, count: Int
    ) throws -> [[Neighbor]] {
        let batch = try library.outputs(outputs.embeddings.rows(rows), texts: outputs.texts.map { Array($0[rows]) })
        return try ranker.rank(batch, count: count, workers: settings.workers)
    }

    private func single(_ outputs: EvaluationOutputs, _ ranker: any SourceRanker) throws -> LatencySummary {
        let times = try EvaluationSample.timed(outputs.count, seed: settings.seed).map { output in
            let begin = ContinuousClock.now
            _ = try rank(outputs, output..<output + 1, ranker, count: 10)
            return (ContinuousClock.now - begin) / .milliseconds(1)
        }
        guard let summary = LatencySummary(milliseconds: times) else { preconditionFailure("there are outputs") }
        return summary
    }
}

/// Seeded choices among outputs.
enum EvaluationSample {
    /// Outputs whose time is measured one by one.
    static func timed(_ count: Int, seed: UInt64) -> [Int] {
        var generator = SeededGenerator(seed: seed, stream: 0x713e)
        return generator.sample(EvaluationSettings.timed, below: count)
    }
}

/// The time of attribution itself, as `attribute` takes it.
struct AttributionLatency: Sendable {
    /// Of embedding one output; nothing where outputs come as vectors.
    let embed: LatencySummary?
    let single: LatencySummary
    /// Of a batch, divided by its outputs.
    let batch: Timing

    init(_ engine: AttributionEngine, _ outputs: EvaluationOutputs, seed: UInt64, workers: Int) throws {
        let options = AttributionEngine.Options(count: 10, level: 0.05, withTexts: false, workers: workers)
        func timing(_ chosen: [Int]) throws -> Timing {
            let batch = chosen.map { output in
                LoggedOutput(
                    id: outputs.ids[output],
                    content: outputs.texts.map { .text($0[output]) } ?? .vector(outputs.embeddings.row(output)))
            }
            guard case .attributed(_, _, let timing)? = try engine.attribute(batch, options).outputs.first?.result
            else { throw RunError(.badInput, "output \(outputs.ids[chosen[0]]) could not be attributed") }
            return timing
        }
        let single = try EvaluationSample.timed(outputs.count, seed: seed).map { try timing([$0]) }
        guard let total = LatencySummary(milliseconds: single.map { $0.search + $0.refine }) else {
            preconditionFailure("there are outputs")
        }
        self.single = total
        embed = outputs.texts == nil ? nil : LatencySummary(milliseconds: single.map(\.embed))
        batch = try timing(Array(0..<min(outputs.count, 1000)))
    }
}
