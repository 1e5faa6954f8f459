internal import ArgumentParser
internal import Logging
internal import Pipeline
internal import Stages
internal import Storage

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes a run's embeddings or fingerprints as .npy or .fbin.",
        discussion: """
            Rows stand in the order of the corpus, without those that were deleted or replaced; --ids writes their ids beside \
            them, one a line (of a passage: the document's id, a tab, the passage's number). Fingerprints are there only if the build kept them:

              gradprint build FILE.yaml --set retention.project=keep --run-dir RUN
              gradprint export RUN fingerprints fingerprints.npy --ids ids.txt
            """)

    @Argument(help: ArgumentHelp("The run directory.", valueName: "run"))
    var directory: String

    @Argument(help: ArgumentHelp("What to write.", valueName: "embeddings|fingerprints"))
    var content: RunExport.Content

    @Argument(help: "The file; its end, .npy or .fbin, says the format.")
    var output: String

    @Option(help: ArgumentHelp("A file for the ids.", valueName: "file"))
    var ids: String?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard output.hasSuffix(".npy") || output.hasSuffix(".fbin") else {
            throw ValidationError("The file has to end in .npy or .fbin.")
        }
        try requireApart(results: [output, ids], inputs: [], folders: [directory])
    }

    func run() throws {
        try reportingErrors(common) { logger in
            let export = try RunExport(RunDirectory(path: absolute(directory)), content: content)
            try write(absolute(output)) { try export.write(to: $0, path: output) }
            if let ids { try write(absolute(ids)) { try export.writeIDs(to: $0) } }
            let hidden = export.hidden > 0 ? "; \(grouped(export.hidden)) deleted or replaced rows are left out" : ""
            logger.info("\(grouped(export.rows)) vectors of \(export.dimension) dimensions: \(output)\(hidden)")
        }
    }

    private func write(_ path: String, _ body: (ByteSink) throws -> Void) throws {
        let file = try ResultFile(path: path)
        do {
            try body(file.sink)
            try file.finish()
        } catch {
            file.abandon()
            throw error
        }
    }
}

extension RunExport.Content: ExpressibleByArgument {}
