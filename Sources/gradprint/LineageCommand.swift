internal import ArgumentParser
internal import Foundation
internal import Lineage
internal import Logging
internal import Pipeline
internal import Storage

struct LineageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lineage",
        abstract: "Tells which model a set of weights was derived from.",
        discussion: """
            A model is a safetensors file, a folder that holds one, or a folder of shards with its index JSON. A few \
            kilobytes a matrix are kept of it as a fingerprint, and everything else works from fingerprints:

              gradprint lineage fingerprint MODEL --output MODEL.fingerprint.json
              gradprint lineage compare MODEL OTHER
              gradprint lineage library add BASE… --library DIR
              gradprint lineage classify UNKNOWN --library DIR

            Two methods. 'weights' compares what the weights are and survives fine-tuning, merged LoRA, pruning, \
            quantisation, merging, added or dropped layers, another vocabulary, permuted or rescaled neurons, \
            transposed and renamed tensors. 'tensorguard' is the published method (arXiv 2506.01631), kept for \
            comparison: it mostly tells models of different shapes apart.
            """,
        subcommands: [
            LineageFingerprintCommand.self, LineageCompareCommand.self, LineageClassifyCommand.self,
            LineageLibraryCommand.self,
        ])
}

/// Options of the commands that read weights.
struct WeightOptions: ParsableArguments {
    @Flag(help: "Leave out matrices that are all zeros or hold NaN or infinity, and list them, instead of failing.")
    var omitDamaged = false

    @OptionGroup var workers: WorkerOptions

    /// The fingerprint in a file, or of a model.
    func fingerprint(_ path: String, method: LineageMethod?, logger: Logger) throws -> ModelFingerprint {
        if ModelFingerprint.isFingerprint(path: path) { return try ModelFingerprint(path: path) }
        let model = try ModelWeights(path: path)
        let meter = ProgressMeter(name: model.name, isQuiet: logger.logLevel > .info)
        let fingerprint = try ModelFingerprint(
            model, method: method, workers: workers.count(), damagePolicy: omitDamaged ? .omit : .refuse,
            progress: { meter.show(done: $0, total: $1) })
        meter.clear()
        for omission in fingerprint.weights?.omitted ?? [] {
            logger.warning("\(path): left out \(omission.name): it \(omission.reason)")
        }
        return fingerprint
    }
}

extension LineageMethod: ExpressibleByArgument {}

/// A line on a terminal's standard error that says how far a model is read.
struct ProgressMeter: Sendable {
    private let name: String
    private let isShown: Bool

    init(name: String, isQuiet: Bool) {
        self.name = name
        isShown = !isQuiet && isatty(STDERR_FILENO) == 1
    }

    func show(done: Int, total: Int) {
        guard isShown else { return }
        let line = "\r\u{1b}[K\(name): \(byteSize(done)) of \(byteSize(total))"
        FileHandle.standardError.write(Data(line.utf8))
    }

    func clear() {
        if isShown { FileHandle.standardError.write(Data("\r\u{1b}[K".utf8)) }
    }
}

/// Runs a lineage command's body, with the exit codes of bad input.
func reportingLineage(_ options: CommonOptions, _ body: (Logger) throws -> Void) throws {
    try reportingErrors(options) { logger in
        do {
            try body(logger)
        } catch let error as LineageError {
            if case .file(let cause) = error { throw RunError(cause, damaged: .badInput) }
            if case .incomparable(let message) = error { throw RunError(.incompatible, message) }
            throw RunError(.badInput, "\(error)")
        }
    }
}

/// Writes a result to a file, or to standard output for `nil` and `-`.
func writeResult(_ text: String, to path: String?) throws {
    guard let path, path != "-" else { return try writeOutput(text) }
    try reporting(damaged: .inputOutput) { () throws(StorageError) in
        let file = try ResultFile(path: absolute(path))
        try file.sink.write(text)
        try file.finish()
    }
}

/// Any result as JSON, with sorted keys.
func lineageJSON(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
    return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
}

/// Where a command's result and its drawings go.
struct LineageOutputOptions: ParsableArguments {
    @Flag(help: "Print JSON.")
    var json = false

    @Option(name: .shortAndLong, help: "The result's file. (default: standard output)")
    var output: String?

    @Option(help: ArgumentHelp("Draw the distances of the models here.", valueName: "file.svg"))
    var heatMap: String?

    @Option(help: ArgumentHelp("Draw which models join at which distance here.", valueName: "file.svg"))
    var dendrogram: String?

    /// - Parameter map: made only where a drawing is wanted.
    func draw(_ map: @autoclosure () -> LineageMap) throws {
        guard heatMap != nil || dendrogram != nil else { return }
        let map = map()
        if let heatMap { try writeResult(map.heatMap(), to: heatMap) }
        if let dendrogram { try writeResult(map.dendrogram(), to: dendrogram) }
    }
}
