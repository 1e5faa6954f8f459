internal import ArgumentParser
internal import Foundation
internal import Kernels
internal import Logging
internal import Pipeline
internal import Stages
internal import Storage

/// Options that every command understands.
struct CommonOptions: ParsableArguments {
    @Option(help: ArgumentHelp("How messages on standard error are written.", valueName: "text|json"))
    var logFormat: LogFormat = .text

    @Flag(name: .shortAndLong, help: "Print errors only.")
    var quiet = false

    /// Sets up logging and the kernel level; returns the logger of the command.
    func start() throws -> Logger {
        // Writing to a closed pipe or past a file-size limit is an error with a message, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        BLAS.setThreads(1)
        try pinKernels()
        let format = logFormat
        let level: Logger.Level = quiet ? .error : .info
        return Logger(label: "gradprint") { _ in StandardErrorHandler(format: format, logLevel: level) }
    }

    private func pinKernels() throws {
        guard let name = ProcessInfo.processInfo.environment["GRADPRINT_KERNELS"], !name.isEmpty else { return }
        guard let level = KernelLevel(rawValue: name) else {
            throw RunError(
                .configuration,
                "GRADPRINT_KERNELS is '\(name)'; it has to be one of \(KernelLevel.allCases.map(\.rawValue).joined(separator: ", "))"
            )
        }
        guard level <= .highest else {
            throw RunError(
                .incompatible,
                "GRADPRINT_KERNELS is \(name), and \(ProcessInfo.processInfo.hostName) has \(KernelLevel.highest.rawValue) at most: choose machines that have it (slurm.constraint), or lower it to what all machines of the build have (slurm.kernel_level)"
            )
        }
        KernelLevel.pin(level)
    }
}

/// How many threads a command may use.
struct WorkerOptions: ParsableArguments {
    @Option(help: "Threads in all; the result does not depend on it. (default: one a core)")
    var workers: Int?

    func validate() throws {
        if let workers, !(1...1024).contains(workers) { throw ValidationError("--workers has to be from 1 to 1024.") }
    }

    /// The command line's word, else the configuration's, else one a core.
    func count(configured: Int? = nil) -> Int { workers ?? configured ?? ProcessInfo.processInfo.activeProcessorCount }
}

enum LogFormat: String, ExpressibleByArgument, CaseIterable, Sendable { case text, json }

/// One line a message on standard error.
struct StandardErrorHandler: LogHandler {
    let format: LogFormat
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    init(format: LogFormat, logLevel: Logger.Level) {
        self.format = format
        self.logLevel = logLevel
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let line: String
        switch format {
        case .text:
            line =
                event.level >= .warning ? "gradprint: \(event.level): \(event.message)" : "gradprint: \(event.message)"
        case .json:
            let object = [
                "time": Date.now.ISO8601Format(), "level": event.level.rawValue, "message": "\(event.message)",
            ]
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            line = (try? encoder.encode(object)).map { String(decoding: $0, as: UTF8.self) } ?? "\(event.message)"
        }
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }
}

/// Runs a command's body; an error becomes a message on standard error and the exit code of its kind.
func reportingErrors(_ options: CommonOptions, _ body: (Logger) throws -> Void) throws {
    let logger: Logger
    do {
        logger = try options.start()
    } catch let error as RunError {
        FileHandle.standardError.write(Data("gradprint: error: \(error)\n".utf8))
        throw ExitCode(error.kind.rawValue)
    }
    do {
        try body(logger)
    } catch let exit as ExitCode {
        throw exit
    } catch {
        let error = RunError(describing: error)
        logger.error("\(error)")
        throw ExitCode(error.kind.rawValue)
    }
}

/// Writes a result to standard output; a full disk or a closed pipe is an error.
func writeOutput(_ text: String) throws(RunError) {
    try reporting(damaged: .inputOutput) { () throws(StorageError) in
        let sink = try ByteSink(path: "-")
        try sink.write(text)
        try sink.finish()
    }
}

/// Refuses results that would replace what the command reads, or lie among the files of a run or a model, or replace each
/// other.
///
/// - Parameters:
///   - results: paths of results; `-`, which is standard output, harms nothing.
///   - inputs: files that are read.
///   - folders: of a run or a model.
func requireApart(results: [String?], inputs: [String?], folders: [String?]) throws {
    func resolved(_ path: String) -> String { URL(filePath: absolute(path)).resolvingSymlinksInPath().path }
    let inputs = inputs.compactMap(\.self).filter { $0 != "-" }.map(resolved)
    let folders = folders.compactMap(\.self).map(resolved)
    var seen: Set<String> = []
    for name in results.compactMap(\.self) {
        let path = name == "-" ? name : resolved(name)
        if !seen.insert(path).inserted { throw ValidationError("\(name): two results need two files.") }
        if name == "-" { continue }
        if inputs.contains(path) { throw ValidationError("\(name): it is read, so no result may replace it.") }
        if let folder = folders.first(where: { path == $0 || path.hasPrefix($0 + "/") }) {
            throw ValidationError("\(name): it would lie among the files of \(folder).")
        }
    }
}
