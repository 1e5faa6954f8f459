internal import ArgumentParser
internal import Foundation
internal import Lineage
internal import Logging
internal import Pipeline

struct LineageFingerprintCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fingerprint",
        abstract: "Takes the fingerprint of a model's weights.",
        discussion: """
            Reads F32, F16, BF16, F64, and I8 and U8 with their scales, memory-mapped and block by block: no model is \
            too large. The same weights give the same bytes.

              gradprint lineage fingerprint models/all-MiniLM-L6-v2 --output minilm.fingerprint.json
              gradprint lineage fingerprint models/* --output-dir fingerprints
            """)

    @Argument(help: "Safetensors files, folders of them, or indices of shards.")
    var models: [String]

    @Option(name: .shortAndLong, help: "The fingerprint's file, for one model. (default: standard output)")
    var output: String?

    @Option(help: "A folder for the fingerprints of several models, each as NAME.fingerprint.json.")
    var outputDir: String?

    @Option(help: ArgumentHelp("Take this part only. (default: both)", valueName: "weights|tensorguard"))
    var method: LineageMethod?

    @OptionGroup var weights: WeightOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if output != nil && outputDir != nil { throw ValidationError("Give --output or --output-dir, not both.") }
        if models.count > 1 && outputDir == nil {
            throw ValidationError("With several models, --output-dir says where their fingerprints go.")
        }
    }

    func run() throws {
        try reportingLineage(common) { logger in
            var seen: [String: String] = [:]
            for path in models {
                let start = ContinuousClock.now
                let fingerprint = try weights.fingerprint(path, method: method, logger: logger)
                let name = fingerprint.model.name
                if let other = seen.updateValue(path, forKey: name), outputDir != nil {
                    throw RunError(
                        .badInput, "\(other) and \(path) are both called \(name); take their fingerprints one by one")
                }
                let seconds = start.duration(to: .now) / .seconds(1)
                if let outputDir {
                    let folder = absolute(outputDir)
                    do {
                        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                    } catch {
                        throw RunError(.permission, "\(outputDir): the folder cannot be made")
                    }
                    try writeResult(
                        fingerprint.json(), to: "\(folder)/\(name)\(FingerprintLibrary.ending)")
                } else {
                    try writeResult(fingerprint.json(), to: output)
                }
                logger.info(
                    "\(name): \(fingerprint.model.parameters) parameters, \(byteSize(fingerprint.model.bytes)) in \(String(format: "%.2f", seconds)) s"
                )
            }
        }
    }
}
