import Foundation
import Testing

/// Runs the built `gradprint`, as a user would.
struct CommandLineTool {
    struct Result {
        let status: Int32
        let output: String
        let errors: String
    }

    /// The executable beside the test bundle.
    static let path: String = {
        let runner = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? CommandLine.arguments[0]
        return URL(filePath: runner).deletingLastPathComponent().appending(path: "gradprint").path
    }()

    static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The tiny seeded models that the embedding tests use.
    static func fixture(_ name: String) -> String {
        repository.appending(path: "Tests/EmbeddingTests/Fixtures/\(name)").path
    }

    static func run(
        _ arguments: [String], input: Data? = nil, environment: [String: String] = [:]
    ) throws -> Result {
        let (process, output, errors) = try start(arguments, input: input, environment: environment)
        process.waitUntilExit()
        return Result(status: process.terminationStatus, output: try output.text(), errors: try errors.text())
    }

    /// Starts the tool and kills it with SIGKILL after `seconds`, unless it has ended before.
    ///
    /// - Returns: whether it ended by itself, successfully.
    static func runAndKill(_ arguments: [String], after seconds: Double) throws -> Bool {
        let (process, _, _) = try start(arguments, input: nil, environment: [:])
        let deadline = Date.now.addingTimeInterval(seconds)
        while process.isRunning, Date.now < deadline { usleep(500) }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        return process.terminationReason == .exit && process.terminationStatus == 0
    }

    private static func start(
        _ arguments: [String], input: Data?, environment: [String: String]
    ) throws -> (Process, Capture, Capture) {
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let (output, errors) = (try Capture(), try Capture())
        process.standardOutput = output.handle
        process.standardError = errors.handle
        if let input {
            let file = try Capture()
            try input.write(to: URL(filePath: file.path))
            process.standardInput = try FileHandle(forReadingFrom: URL(filePath: file.path))
        } else {
            process.standardInput = FileHandle.nullDevice
        }
        try process.run()
        return (process, output, errors)
    }
}

/// A file that takes a process' output: unlike a pipe it never fills up.
final class Capture {
    let path: String
    let handle: FileHandle

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "gradprint-\(UUID().uuidString)").path
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        handle = try FileHandle(forWritingTo: URL(filePath: path))
    }

    func text() throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// A folder that goes when its owner does.
final class Workspace {
    let path: String

    init() {
        path = FileManager.default.temporaryDirectory.appending(path: "gradprint-\(UUID().uuidString)").path
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: URL(filePath: file(name)))
        return file(name)
    }

    /// A corpus of short texts about a few things, so that clusters and neighbours mean something.
    func writeCorpus(_ name: String, rows: Int) throws -> String {
        let subjects = ["the cat", "a river", "the compiler", "an old song", "her garden", "the index", "a lighthouse"]
        let verbs = ["finds", "crosses", "rewrites", "remembers", "feeds", "measures", "hides"]
        let objects = ["a mouse", "the valley", "a loop", "the summer", "the birds", "every vector", "the ships"]
        var lines = ""
        for row in 0..<rows {
            let text = "\(subjects[row % 7]) \(verbs[row / 7 % 7]) \(objects[row / 49 % 7]) number \(row)"
            lines += "{\"id\": \"s\(row)\", \"text\": \"\(text)\", \"licence\": \"CC0\"}\n"
        }
        return try write(name, lines)
    }

    /// Every file of a run with its bytes, the journal and the lock left out.
    func contents(ofRun name: String) -> [String: Data] {
        var found: [String: Data] = [:]
        let names = FileManager.default.enumerator(atPath: file(name))?.allObjects as? [String] ?? []
        for entry in names where !["log.jsonl", "lock", "deletions.lock"].contains(entry) {
            if let data = FileManager.default.contents(atPath: "\(file(name))/\(entry)") { found[entry] = data }
        }
        return found
    }
}
