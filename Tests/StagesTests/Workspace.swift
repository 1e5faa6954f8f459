import Foundation
import Kernels
import Pipeline
import Stages

/// A folder that goes away with its test, and builds and attributions in it.
final class Workspace {
    let path: String

    /// Shard workers multiply with one BLAS thread each, as the program sets it.
    private static let oneThread: Void = BLAS.setThreads(1)

    init() {
        _ = Self.oneThread
        path = FileManager.default.temporaryDirectory.appending(path: "gradprint-\(UUID().uuidString)").path
        try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ text: String, to name: String) throws -> String {
        try Data(text.utf8).write(to: URL(filePath: file(name)))
        return file(name)
    }

    /// A NumPy file, version 1, of little-endian float32.
    func write(_ matrix: Matrix, to name: String) throws -> String {
        var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(matrix.rows), \(matrix.columns)), }"
        header += String(repeating: " ", count: 63 - (header.utf8.count + 10) % 64) + "\n"
        var data = Data([0x93] + Array("NUMPY".utf8) + [1, 0])
        data.append(contentsOf: [UInt8(header.utf8.count & 0xff), UInt8(header.utf8.count >> 8)])
        data.append(contentsOf: Array(header.utf8))
        for value in matrix.elements {
            for shift in stride(from: 0, to: 32, by: 8) { data.append(UInt8(value.bitPattern >> UInt32(shift) & 0xff)) }
        }
        try data.write(to: URL(filePath: file(name)))
        return file(name)
    }

    /// A configuration from `key=value` assignments alone.
    static func configuration(_ assignments: [String]) throws -> (root: ConfigurationNode, PipelineConfiguration) {
        var root = try ConfigurationNode(yaml: "", path: "test.yaml")
        for assignment in assignments { try root.set(assignment) }
        return (root, try PipelineConfiguration(root))
    }

    /// Builds `run` in this process.
    @discardableResult
    func build(_ assignments: [String], run: String = "run", workers: Int = 2) throws -> RunDirectory {
        let (root, configuration) = try Self.configuration(assignments)
        let directory = RunDirectory(path: file(run))
        let job = BuildJob(
            configuration: configuration, root: root, directory: directory, workers: workers,
            allowsMixedPlatforms: false, progress: BuildProgress(isTerminal: false) { _ in })
        _ = try job.build()
        return directory
    }

    /// Attributes vectors against a finished run.
    func attribute(
        _ directory: RunDirectory, vectors: String, ids: String? = nil, method: MethodName = .gif,
        count: Int = AttributionJob.defaultCount, workers: Int = 2
    ) throws -> [AttributedOutput] {
        try attribute(directory, .vectors(path: vectors, ids: ids), method: method, count: count, workers: workers)
    }

    /// Attributes a log of texts against a finished run.
    func attribute(
        _ directory: RunDirectory, log: String, method: MethodName = .gif, count: Int = AttributionJob.defaultCount
    ) throws -> [AttributedOutput] {
        try attribute(directory, .texts(path: log), method: method, count: count, workers: 2)
    }

    func attribute(
        _ directory: RunDirectory, _ source: OutputSource, method: MethodName = .gif,
        count: Int = AttributionJob.defaultCount, workers: Int = 2
    ) throws -> [AttributedOutput] {
        let job = try AttributionJob(directory: directory, modelPath: nil, method: method, workers: workers)
        let sink = Collector()
        _ = try job.run(source, count: count, to: sink)
        return sink.outputs
    }

    private final class Collector: AttributionSink {
        let wantsTexts = true
        func abandon() {}
        var outputs: [AttributedOutput] = []
        func write(_ outputs: [AttributedOutput]) { self.outputs += outputs }
        func finish() {}
    }
}

extension AttributedOutput {
    /// The ranked sources; none for an output that failed.
    var attributions: [Attribution] {
        if case .attributed(let attributions, _, _) = result { attributions } else { [] }
    }
}

/// Points around the corners of a simplex, `rows` after each other taking turns.
func clusteredVectors(_ rows: Int, dimension: Int, clusters: Int, spread: Float = 0.3, seed: UInt64) -> Matrix {
    var generator = SeededGenerator(seed: seed)
    var matrix = Matrix(rows: rows, columns: dimension)
    for row in 0..<rows {
        for column in 0..<dimension {
            matrix[row, column] = spread * generator.normal() + (column == row % clusters ? 1 : 0)
        }
    }
    return matrix
}
