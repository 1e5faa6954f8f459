internal import ArgumentParser
internal import Foundation
internal import Kernels
internal import Pipeline
internal import Stages
internal import VectorIndex

/// The recall of a run's partitioned index as it is now, by the partitions that a search looks into.
struct RunRecallCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run-recall", abstract: "Measures the recall of a run's partitioned index against exact search.")

    @Argument(help: "A run with a partitioned index and retention.project=keep.") var directory: String
    @Option(help: "Ids of the rows that are the queries, one a line.") var queries: String
    @Option(help: "Numbers of partitions to look into, with commas.") var probes = "1,2,4,8,16,32,64"
    @Option(help: "How many neighbours to find.") var count = 10
    @Option var threads = 2

    func run() throws {
        BLAS.setThreads(1)
        let probes = try numbers(probes, "--probes")
        let folder = FileManager.default.currentDirectoryPath
        let path = directory.hasPrefix("/") ? directory : "\(folder)/\(directory)"
        let measured = try RunRecall.measure(
            RunDirectory(path: path), queriesIn: queries, count: count, probes: probes, workers: threads)
        try printJSON(
            Report(
                rows: measured.rows, queries: measured.queries, segments: measured.segments,
                partitions: measured.partitions, count: count,
                recall: measured.table.lines.map { Line(probes: $0.probes, recall: $0.recall) }))
    }

    private struct Line: Encodable {
        let probes: Int
        let recall: Double
    }

    private struct Report: Encodable {
        /// That may be found.
        let rows: Int
        let queries: Int
        let segments: Int
        let partitions: Int
        /// Neighbours.
        let count: Int
        let recall: [Line]
    }
}
