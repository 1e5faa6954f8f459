internal import ArgumentParser
internal import Foundation
internal import Kernels

/// What `make bench` measures in-process, and the input it measures on. Each command prints one JSON object.
@main
struct GradprintBenchmarks: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "GradprintBenchmarks",
        abstract:
            "Makes input for benchmarks, times the numeric chain and embedding, and measures the recall of candidates.",
        subcommands: [
            GenerateCommand.self, TextsCommand.self, NumericCommand.self, LissaCommand.self, EmbedCommand.self,
            TokenizerCommand.self, TransformerCommand.self, StaticCommand.self, RecallCommand.self, ScaleCommand.self,
            IndexCommand.self, RunRecallCommand.self, PerturbCommand.self, NeighboursCommand.self,
        ]
    )
}

/// Seconds by stage, and the processor time of all threads, which other processes disturb less.
struct Stopwatch {
    private(set) var seconds: [String: Double] = [:]
    private(set) var processorSeconds: [String: Double] = [:]
    private var last = ContinuousClock.now
    private var lastProcessor = clock()

    /// Ends a stage that began with the last one's end; returns its seconds.
    @discardableResult
    mutating func lap(_ stage: String) -> Double {
        let now = ContinuousClock.now
        let elapsed = (now - last) / .seconds(1)
        seconds[stage] = elapsed
        last = now
        let processor = clock()
        processorSeconds[stage] = Double(processor - lastProcessor) / Double(CLOCKS_PER_SEC)
        lastProcessor = processor
        return elapsed
    }

    mutating func restart() { (last, lastProcessor) = (.now, clock()) }
}

/// Positive numbers with commas between them, as an option has them.
func numbers(_ text: String, _ option: String) throws -> [Int] {
    let numbers = text.split(separator: ",").compactMap { Int($0) }
    guard !numbers.isEmpty, numbers.allSatisfy({ $0 > 0 }), numbers.count == text.split(separator: ",").count else {
        throw ValidationError("\(option) is '\(text)'; expected positive numbers with commas")
    }
    return numbers
}

func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
}
