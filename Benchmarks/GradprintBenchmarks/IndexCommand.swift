internal import ArgumentParser
internal import Foundation
internal import Kernels
internal import Storage
internal import TensorFiles
internal import VectorIndex

/// The partitioned index on vectors whose nearest neighbours are known: what building takes, and recall and speed by
/// the partitions that a search looks into.
struct IndexCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index", abstract: "Times building and searching the partitioned index.")

    @Option(help: "Vectors as .fbin or .npy.") var base: String
    @Option(help: "Queries, likewise.") var queries: String
    @Option(help: "Their nearest rows: .ibin (i32 rows, i32 columns, i32 values) or .npy of int32 or int64.")
    var truth: String
    @Option(help: "A folder for the index' files.") var work: String
    @Option var threads = 2
    @Option(help: "Numbers of partitions to look into, with commas.") var probes = "8,16,32,64"
    @Option var bits = 6
    @Option(help: "Partitions; from the rows unless given.") var partitions: Int?
    @Option(help: "Rows to train on for each partition.") var samples: Int?
    @Option(help: "How many neighbours to find.") var count = 10
    @Option var metric: Metric = .l2
    @Option(help: "Rows of a part.") var shardRows = 65_536
    @Option(help: "ε of the bounds.") var confidence: Float = PartitionedIndex.defaultConfidence
    @Option(help: "Rank so many candidates by the exact vectors of an .fbin file; 0 for none.") var rerank = 0
    @Option(help: "Queries to time one by one.") var singles = 500
    @Flag(help: "Search the files that are in the folder.") var reuse = false
    @Flag(help: "Merge twice, the second time from files in the system's cache.") var mergeAgain = false

    func run() throws {
        BLAS.setThreads(1)
        let vectors = try VectorFile(path: base)
        let questions = try VectorFile(path: queries)
        let matrix = Matrix(
            rows: questions.rows, columns: questions.dimension, elements: try questions.read(rows: 0..<questions.rows))
        let exact = try NeighbourFile.read(truth)
        guard rerank == 0 || base.hasSuffix(".fbin") else {
            throw ValidationError("--rerank reads an .fbin file as --base")
        }
        guard exact.count == questions.rows else {
            throw ValidationError("--truth has \(exact.count) rows and --queries \(questions.rows)")
        }
        var settings = PartitionSettings(partitions: partitions, bits: bits)
        if let samples { settings.samplesPerPartition = samples }
        let builder = IndexBuilder(
            path: base, rows: vectors.rows, dimension: vectors.dimension, folder: work,
            settings: settings,
            metric: metric, shardRows: shardRows, threads: threads)
        let build = reuse ? nil : try builder.build(mergesAgain: mergeAgain)
        var watch = Stopwatch()
        let index = try builder.open()
        let opening = watch.lap("open")
        let reranking = rerank > 0 ? exactScores(try MappedFile(path: base), dimension: vectors.dimension) : nil
        var lines: [SearchReport] = []
        for number in try numbers(probes, "--probes") {
            lines.append(try measure(index, matrix, exact: exact, probes: number, reranking))
        }
        try printJSON(
            Report(
                kernels: KernelLevel.current.rawValue, rows: index.count, dimension: index.dimension,
                partitions: index.model.partitions, imbalance: index.imbalance, bits: index.model.bits, build: build,
                bytesPerVector: Double(try builder.sliceBytes(index.model)) / Double(max(1, index.count)),
                openMilliseconds: opening * 1000,
                openProcessorMilliseconds: (watch.processorSeconds["open"] ?? 0) * 1000,
                peakMegabytes: Double(PeakMemory.bytes) / 1e6, searches: lines))
    }

    private func measure(
        _ index: PartitionedIndex, _ queries: Matrix, exact: [[Int]], probes: Int,
        _ reranking: PartitionedIndex.Reranking?
    ) throws -> SearchReport {
        func search(_ queries: Matrix, workers: Int) throws -> [[Neighbor]] {
            try index.search(
                queries, count: count, probes: probes, reranking: reranking, confidence: confidence, workers: workers)
        }
        let read = PeakMemory.readBytes
        var first = Stopwatch()
        let found = try search(queries, workers: threads)
        let firstSeconds = first.lap("first")
        let firstRead = PeakMemory.readBytes - read
        var hits = 0
        for (result, rows) in zip(found, exact) {
            let wanted = Set(rows.prefix(count))
            hits += result.count { wanted.contains($0.row) }
        }
        var seconds: [Double] = []
        var processorSeconds: [Double] = []
        for _ in 0..<3 {
            var watch = Stopwatch()
            _ = try search(queries, workers: threads)
            seconds.append(watch.lap("batch"))
            processorSeconds.append(watch.processorSeconds["batch"] ?? 0)
        }
        var latencies: [Double] = []
        for query in 0..<min(singles, queries.rows) {
            let one = Matrix(rows: 1, columns: queries.columns, elements: queries.row(query))
            var watch = Stopwatch()
            _ = try search(one, workers: 1)
            latencies.append(watch.lap("single"))
        }
        latencies.sort()
        func percentile(_ share: Double) -> Double? {
            latencies.isEmpty ? nil : latencies[Int(share * Double(latencies.count - 1))] * 1000
        }
        return SearchReport(
            probes: probes, recall: Double(hits) / Double(queries.rows * count),
            queriesPerSecond: Double(queries.rows) / seconds.sorted()[1],
            processorMicroseconds: processorSeconds.sorted()[1] * 1e6 / Double(queries.rows),
            firstQueriesPerSecond: Double(queries.rows) / firstSeconds, firstReadMegabytes: Double(firstRead) / 1e6,
            singleMilliseconds50: percentile(0.5), singleMilliseconds99: percentile(0.99))
    }

    private func exactScores(_ file: MappedFile, dimension: Int) -> PartitionedIndex.Reranking {
        let metric = metric
        return PartitionedIndex.Reranking(candidates: rerank) { query, rows throws(IndexError) in
            rows.map { row in
                let bytes = file.bytes.extracting(8 + row * dimension * 4..<8 + (row + 1) * dimension * 4)
                return unsafe bytes.withUnsafeBytes { bytes in
                    let vector = unsafe Span<Float>(_unsafeElements: bytes.bindMemory(to: Float.self))
                    return metric == .l2 ? -squaredDistance(query, vector) : dot(query, vector)
                }
            }
        }
    }
}

extension Metric: ExpressibleByArgument {}

struct SearchReport: Encodable {
    let probes: Int
    let recall: Double
    /// All queries in one batch, the median of three.
    let queriesPerSecond: Double
    /// Of all threads, a query of the batch.
    let processorMicroseconds: Double
    /// The batch's first search, and what it read from the disk.
    let firstQueriesPerSecond: Double
    let firstReadMegabytes: Double
    /// One query at a time on one thread.
    let singleMilliseconds50: Double?
    let singleMilliseconds99: Double?
}

private struct Report: Encodable {
    let kernels: String
    let rows: Int
    let dimension: Int
    let partitions: Int
    /// K · Σ rows² / (Σ rows)² over the partitions.
    let imbalance: Double
    let bits: Int
    let build: IndexBuilder.Report?
    let bytesPerVector: Double
    let openMilliseconds: Double
    let openProcessorMilliseconds: Double
    let peakMegabytes: Double
    let searches: [SearchReport]
}
