internal import ArgumentParser
internal import Evaluation
internal import Foundation
internal import Kernels
internal import Stages
internal import Storage

enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable { case jsonl, table }

/// One JSON object a line.
final class JSONLinesWriter: AttributionSink {
    let wantsTexts = false
    private let file: ResultFile
    private let encoder = JSONEncoder()
    private let workers: Int

    /// - Parameter workers: threads that encode.
    init(path: String, withTiming: Bool, workers: Int) throws {
        file = try ResultFile(path: path)
        self.workers = workers
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if let key = AttributedOutput.omitsTiming { encoder.userInfo[key] = !withTiming }
    }

    func write(_ outputs: [AttributedOutput]) throws {
        let encoder = encoder
        let parts = Parallel.map(count: outputs.count, blockSize: 64, workers: workers) { block in
            Result {
                try block.map { String(decoding: try encoder.encode(outputs[$0]), as: UTF8.self) + "\n" }.joined()
            }
        }
        for part in parts { try file.sink.write(try part.get()) }
    }

    func finish() throws { try file.finish() }

    func abandon() { file.abandon() }
}

/// A table for a reader, with precision and mean reciprocal rank when the log names sources.
final class TableWriter: AttributionSink {
    let wantsTexts = true
    private let file: ResultFile
    private let isInCorpus: (String) -> Bool
    private let withTiming: Bool
    /// Whether outputs are tested for a source as a rule.
    private let tests: Bool
    private var metrics: RankingMetrics
    private var unknownSources: Set<String> = []
    private var withoutSource = 0
    private var flagged = 0
    private var tested = 0
    private var untested = 0
    private var failed = 0
    private var outputs = 0
    private var times = (embed: 0.0, search: 0.0, refine: 0.0)

    /// - Parameters:
    ///   - depth: sources listed for each output.
    ///   - tests: whether outputs are tested for a source as a rule: one that is not is marked.
    ///   - isInCorpus: whether the corpus holds a sample of this id.
    init(path: String, depth: Int, tests: Bool, withTiming: Bool, isInCorpus: @escaping (String) -> Bool) throws {
        self.withTiming = withTiming
        metrics = RankingMetrics(depth: depth)
        self.tests = tests
        file = try ResultFile(path: path)
        self.isInCorpus = isInCorpus
    }

    func write(_ outputs: [AttributedOutput]) throws {
        for output in outputs { try write(output) }
    }

    private func write(_ output: AttributedOutput) throws {
        outputs += 1
        switch output.result {
        case .failed(let message):
            failed += 1
            try print("\(output.id)  error: \(message)\n")
        case .attributed(let attributions, let noSource, let timing):
            times = (times.embed + timing.embed, times.search + timing.search, times.refine + timing.refine)
            let known = count(output, attributions)
            var verdict = ""
            switch noSource {
            case true?:
                flagged += 1
                tested += 1
                verdict = "no source in this corpus: "
            case false?: tested += 1
            case nil where tests:
                untested += 1
                verdict = "not tested: "
            case nil: break
            }
            try print("\(output.id)  \(verdict)\(shortened(output.text, to: 150))")
            for attribution in attributions {
                let mark = known.contains(attribution.sourceID) ? "*" : " "
                let passage = attribution.passage.map { "#\($0)" } ?? ""
                let score = fixed(Double(attribution.score), 3)
                let chance = attribution.pValue.map { "  p \(fixed($0, 4))" } ?? ""
                try print(
                    " \(mark)\(attribution.rank)  \(score)\(chance)  \(attribution.sourceID)\(passage): \(shortened(attribution.text, to: 90))"
                )
            }
            try print("")
        }
    }

    func finish() throws {
        let attributed = max(1, outputs - failed)
        let verdicts =
            (tested == 0 ? "" : ", \(flagged) of them without a source in this corpus")
            + (untested == 0 ? "" : ", \(untested) not tested")
        try print("\(outputs) outputs\(verdicts), \(failed) not attributed because of an error")
        if metrics.queries > 0 {
            try print(
                "\(metrics.queries) with a known source in the corpus (*): P@1 \(fixed(metrics.precisionAt1, 3)), hit@\(metrics.depth) \(fixed(metrics.hitRate, 3)), MRR@\(metrics.depth) \(fixed(metrics.meanReciprocalRank, 3))"
            )
        }
        if withoutSource > 0 { try print("\(withoutSource) known to have none: their listed sources are all wrong") }
        if !unknownSources.isEmpty {
            let names = unknownSources.sorted()
            let more = names.count > 10 ? " and \(names.count - 10) more" : ""
            try print("not counted, for the corpus lacks them: \(names.prefix(10).joined(separator: ", "))\(more)")
        }
        guard withTiming else { return try file.finish() }
        let parts = [("embed", times.embed), ("search", times.search), ("refine", times.refine)]
        let text = parts.map { "\($0.0) \(fixed($0.1 / Double(attributed), 2)) ms" }
        try print("time an output: \(text.joined(separator: ", "))")
        try file.finish()
    }

    func abandon() { file.abandon() }

    /// Counts one output in the metrics; returns its sources that the corpus holds.
    private func count(_ output: AttributedOutput, _ attributions: [Attribution]) -> Set<String> {
        guard let sources = output.knownSources else { return [] }
        guard !sources.isEmpty else {
            withoutSource += 1
            return []
        }
        let known = Set(sources.filter(isInCorpus))
        unknownSources.formUnion(Set(sources).subtracting(known))
        metrics.add(ranked: attributions.map(\.sourceID), relevant: known)
        return known
    }

    private func print(_ line: String) throws { try file.sink.write(line + "\n") }
}

/// The first line's worth of a text.
private func shortened(_ text: String, to count: Int) -> String {
    let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return line.count <= count ? line : line.prefix(count - 1) + "…"
}

/// A number with a fixed count of decimals.
private func fixed(_ value: Double, _ decimals: Int) -> String { String(format: "%.\(decimals)f", value) }
