import Foundation
import Pipeline
import Storage
import Synchronization

/// A pipeline of four toy stages over "files" that are lists of numbers: enough to test the runner without models.
struct ToyPipeline {
    var files: [[Int]] = [[1, 2, 3, 4, 5], [6, 7, 8]]
    var shardRows = 2
    var factor = 3
    var offset = 1
    /// Names of tasks that fail, and what was run.
    let failing: Set<String>
    let log = RunLog()

    init(failing: Set<String> = []) { self.failing = failing }

    var stages: [any Stage] {
        [
            ToyIngest(files: files, parameters: shardRows, log: log),
            ToyCatalog(log: log),
            ToyMultiply(parameters: factor, failing: failing, log: log),
            ToySum(parameters: offset, log: log),
        ] + (joins ? [ToyJoin(log: log)] : [])
    }

    /// The first files, and those that were appended, each a batch of its own.
    var batches = 0
    /// Whether there is a stage of segments.
    var joins = false
    var trained = 1
    /// What had been erased when the models were trained anew.
    var erased: String?
    var growth: Growth {
        let records = files.map { Batch.File(path: "memory", identity: "\($0)", bytes: 1) }
        var growth = Growth(Batch(number: 0, files: Array(records.dropLast(batches)), vectors: nil))
        for record in records.suffix(batches) { growth.append(files: [record], vectors: nil) }
        if trained > 1 { growth.retrain(erased: erased) }
        return growth
    }

    func runner(
        _ directory: RunDirectory, workers: Int = 1, dropped: Set<String> = [],
        progress: BuildProgress = BuildProgress { _ in }
    ) -> Runner {
        Runner(
            directory: directory, stages: stages, growth: growth, configuration: "offset: \(offset)\n",
            options: Runner.Options(workers: workers, dropped: dropped), progress: progress)
    }
}

/// The tasks that ran, in the order they began.
final class RunLog: Sendable {
    private let names = Mutex<[String]>([])
    func add(_ name: String) { names.withLock { $0.append(name) } }
    func take() -> [String] {
        names.withLock { names in
            defer { names = [] }
            return names
        }
    }
}

private func readNumbers(_ path: String) throws -> [Int] {
    try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").compactMap { Int($0) }
}

private func writeNumbers(_ numbers: [Int], _ path: String) throws {
    try Data(numbers.map { "\($0)\n" }.joined().utf8).write(to: URL(filePath: path))
}

struct ToyIngest: Stage {
    static let name = "ingest"
    static let version = 1
    let files: [[Int]]
    let parameters: Int
    let log: RunLog
    var granularity: Granularity { .file }
    static func erasure(of artifact: Artifact) -> Erasure { .none }
    var inputs: [StageInput] { [] }
    func estimate(_ extent: Extent) -> ResourceEstimate { ResourceEstimate(memory: 1, disk: 1) }

    func run(_ context: TaskContext) throws {
        let file = context.file ?? 0
        log.add("ingest/\(file)")
        var rest = files[file][...]
        var part = 0
        while !rest.isEmpty {
            try writeNumbers(Array(rest.prefix(parameters)), context.output(Catalog.shardFile(part: part)))
            rest = rest.dropFirst(parameters)
            part += 1
        }
        context.advance(rows: files[file].count)
        context.record("shards", .integer(part))
    }
}

struct ToyCatalog: Stage {
    static let name = "catalog"
    static let version = 1
    let log: RunLog
    var parameters: Int { 0 }
    var granularity: Granularity { .batch }
    static func erasure(of artifact: Artifact) -> Erasure { .none }
    var inputs: [StageInput] { [.upTo("ingest")] }
    func estimate(_ extent: Extent) -> ResourceEstimate { ResourceEstimate(memory: 1, disk: 1) }

    func run(_ context: TaskContext) throws {
        log.add("catalog")
        var shards: [Catalog.Shard] = []
        var first = 0
        for (file, artifact) in context.inputs("ingest")[context.files].enumerated() {
            for part in artifact.manifest.outputs.indices {
                let rows = try readNumbers(artifact.path(Catalog.shardFile(part: part))).count
                shards.append(Catalog.Shard(file: file, part: part, rows: rows, firstRow: first, textBytes: 0))
                first += rows
            }
        }
        try Catalog(shards: shards).write(path: context.output(Catalog.fileName))
    }
}

struct ToyFailure: Error {}

struct ToyMultiply: Stage {
    static let name = "multiply"
    static let version = 1
    let parameters: Int
    let failing: Set<String>
    let log: RunLog
    var granularity: Granularity { .shard }
    static func erasure(of artifact: Artifact) -> Erasure { .none }
    var inputs: [StageInput] { [.same("ingest")] }
    func estimate(_ extent: Extent) -> ResourceEstimate { ResourceEstimate(memory: extent.rows, disk: extent.rows) }

    func run(_ context: TaskContext) throws {
        let numbers = try readNumbers(context.corpusShard())
        log.add("multiply/\(numbers)")
        if failing.contains("\(numbers)") { throw ToyFailure() }
        try writeNumbers(numbers.map { $0 * parameters }, context.output("products"))
        context.advance(rows: numbers.count)
    }
}

struct ToySum: Stage {
    static let name = "sum"
    static let version = 1
    let parameters: Int
    let log: RunLog
    var granularity: Granularity { .whole }
    static func erasure(of artifact: Artifact) -> Erasure { .none }
    var inputs: [StageInput] { [.all("multiply"), .same("catalog")] }
    func estimate(_ extent: Extent) -> ResourceEstimate { ResourceEstimate(memory: 1, disk: 1) }

    func run(_ context: TaskContext) throws {
        log.add("sum")
        var sum = parameters
        for artifact in context.inputs("multiply") { sum += try readNumbers(artifact.path("products")).reduce(0, +) }
        try writeNumbers([sum], context.output("sum"))
        context.record("sum", .integer(sum))
    }
}

/// Joins a segment's products, in slices of at most four rows.
struct ToyJoin: Stage {
    static let name = "join"
    static let version = 1
    let log: RunLog
    var parameters: Int { 0 }
    var granularity: Granularity { .slice }
    static func erasure(of artifact: Artifact) -> Erasure { .none }
    var inputs: [StageInput] { [.all("multiply"), .same("sum")] }
    func estimate(_ extent: Extent) -> ResourceEstimate { ResourceEstimate(memory: 1, disk: extent.rows) }
    func slices(rows: Int, trainedRows: Int) -> Int { (rows + 3) / 4 }

    func run(_ context: TaskContext) throws {
        guard case .slice(let segment, let index, let count) = context.part else { throw ToyFailure() }
        log.add("join/\(segment.batches)/\(index)")
        var numbers: [Int] = []
        for artifact in context.inputs("multiply") { numbers += try readNumbers(artifact.path("products")) }
        precondition(numbers.count == segment.rows && count == slices(rows: segment.rows, trainedRows: 0))
        try writeNumbers(
            Array(numbers[min(numbers.count, 4 * index)..<min(numbers.count, 4 * index + 4)]), context.output("joined"))
    }
}

/// A folder that goes when its owner does.
final class TemporaryFolder {
    let path: String

    init() {
        path = FileManager.default.temporaryDirectory.appending(path: "gradprint-\(UUID().uuidString)").path
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Every file below it with its bytes, journals and locks left out.
    func contents(of folder: String) -> [String: Data] {
        var found: [String: Data] = [:]
        let root = "\(path)/\(folder)"
        for name in FileManager.default.enumerator(atPath: root)?.allObjects as? [String] ?? [] {
            guard !["log.jsonl", "lock"].contains(name) else { continue }
            if let data = FileManager.default.contents(atPath: "\(root)/\(name)") { found[name] = data }
        }
        return found
    }
}
