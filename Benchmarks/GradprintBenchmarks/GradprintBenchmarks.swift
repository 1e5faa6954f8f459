internal import ArgumentParser
internal import Foundation
internal import Kernels

/// What `make bench` measures in-process, and the input it measures on. Each command prints one JSON object.
@main
struct GradprintBenchmarks: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "GradprintBenchmarks",
        abstract: "Makes input for benchmarks and times the numeric chain.",
        subcommands: [GenerateCommand.self, TextsCommand.self, NumericCommand.self, LissaCommand.self]
    )
}

/// Seconds by stage, in the order of the stages.
struct Stopwatch {
    private(set) var seconds: [String: Double] = [:]
    private var last = ContinuousClock.now

    /// Ends a stage that began with the last one's end; returns its seconds.
    @discardableResult
    mutating func lap(_ stage: String) -> Double {
        let now = ContinuousClock.now
        let elapsed = (now - last) / .seconds(1)
        seconds[stage] = elapsed
        last = now
        return elapsed
    }

    mutating func restart() { last = .now }
}

func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
}
