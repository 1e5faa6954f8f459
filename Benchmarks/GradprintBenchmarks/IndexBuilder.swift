internal import Foundation
internal import Kernels
internal import Storage
internal import TensorFiles
internal import VectorIndex

/// Builds a partitioned index of a vector file as the pipeline does: a model, a part for each shard, slices.
struct IndexBuilder {
    let path: String
    let rows: Int
    let dimension: Int
    let folder: String
    let settings: PartitionSettings
    let metric: Metric
    let shardRows: Int
    let threads: Int

    struct Report: Encodable {
        var seconds: [String: Double] = [:]
        /// Of all threads.
        var processorSeconds: [String: Double] = [:]
        var sampleRows = 0
        var partBytes = 0
        /// The most that was resident until the end of each stage, mapped pages of files included.
        var peakMegabytes: [String: Double] = [:]
        var mergeMegabytesPerSecond = 0.0
        /// Of a second merge, with all parts in the system's cache.
        var mergeAgainMegabytesPerSecond: Double?
        /// Of the sample and of the corpus, to their centroids.
        var meanSquaredDistances: [Double] = []
    }

    private var modelPath: String { "\(folder)/model" }
    private var shards: [Range<Int>] {
        stride(from: 0, to: rows, by: shardRows).map { $0..<min(rows, $0 + shardRows) }
    }
    private func partPath(_ shard: Int) -> String { "\(folder)/part-\(shard)" }
    private func slicePath(_ slice: Int) -> String { "\(folder)/slice-\(slice)" }

    private func slices(_ model: PartitionModel) -> [Range<Int>] {
        PartitionSlice.slices(
            rows: rows, partitions: model.partitions, dimension: model.dimension, bits: model.bits)
    }

    /// - Parameter mergesAgain: whether to merge once more, for the time it takes.
    func build(mergesAgain: Bool) throws -> Report {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var report = Report()
        var watch = Stopwatch()
        func lap(_ stage: String) {
            let seconds = watch.lap(stage)
            report.peakMegabytes[stage] = Double(PeakMemory.bytes) / 1e6
            FileHandle.standardError.write(Data("\(folder): \(stage), \(Int(seconds)) s\n".utf8))
        }
        var generator = SeededGenerator(seed: 1)
        let chosen = generator.sample(
            settings.sampleRows(corpusRows: rows, dimension: dimension), below: rows)
        report.sampleRows = chosen.count
        var elements: [Float] = []
        elements.reserveCapacity(chosen.count * dimension)
        var next = 0
        for shard in shards {
            // Opened for each shard, so that the pages of those before do not stay mapped.
            let vectors = try VectorFile(path: path)
            while next < chosen.count, chosen[next] < shard.upperBound {
                elements += try vectors.read(rows: chosen[next]..<chosen[next] + 1)
                next += 1
            }
        }
        lap("sample")
        let trained = try PartitionModel.train(
            sample: Matrix(rows: chosen.count, columns: dimension, elements: elements),
            corpusRows: rows, settings: settings, metric: metric, seed: 1, fingerprintIdentity: base,
            workers: threads)
        elements = []
        try trained.write(to: modelPath)
        lap("train")
        let model = try PartitionModel(path: modelPath)
        var squares = 0.0
        for (shard, rows) in shards.enumerated() {
            let block = try VectorFile(path: path).read(rows: rows)
            let part = try PartitionPart.write(block.span, to: partPath(shard), model: model, workers: threads)
            squares += part.meanSquaredDistance * Double(part.rows)
            if shard % 32 == 31 {
                FileHandle.standardError.write(Data("\(folder): \(rows.upperBound) rows encoded\n".utf8))
            }
        }
        report.meanSquaredDistances = [model.meanSquaredDistance, squares / Double(max(1, rows))]
        lap("assign and encode")
        try merge(model)
        lap("merge")
        report.seconds = watch.seconds
        report.processorSeconds = watch.processorSeconds
        report.seconds["total"] = watch.seconds.values.reduce(0, +)
        report.partBytes = try shards.indices.reduce(0) { try $0 + fileBytes(partPath($1)) }
        report.mergeMegabytesPerSecond = Double(report.partBytes) / (watch.seconds["merge"] ?? .infinity) / 1e6
        if mergesAgain {
            try merge(model)
            report.mergeAgainMegabytesPerSecond = Double(report.partBytes) / watch.lap("merge again") / 1e6
        }
        return report
    }

    private func merge(_ model: PartitionModel) throws {
        let merge = try PartitionMerge(model: model, parts: shards.indices.map { partPath($0) })
        let slices = slices(model)
        let written = Parallel.map(count: slices.count, blockSize: 1, workers: threads) { range in
            Result { () throws(IndexError) in
                try merge.write(slices[range.lowerBound], to: slicePath(range.lowerBound))
            }
        }
        for result in written { _ = try result.get() }
    }

    private var base: String { path.split(separator: "/").last.map(String.init) ?? "" }

    func open() throws -> PartitionedIndex {
        let model = try PartitionModel(path: modelPath)
        return try PartitionedIndex(
            model: model, segments: [.init(slices: slices(model).indices.map { slicePath($0) }, firstRow: 0)])
    }

    func sliceBytes(_ model: PartitionModel) throws -> Int {
        try slices(model).indices.reduce(0) { try $0 + fileBytes(slicePath($1)) }
    }

    private func fileBytes(_ path: String) throws -> Int {
        try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
    }
}

/// The most memory that this process has had resident, and what it has read from disks.
enum PeakMemory {
    static var bytes: Int { usage.ru_maxrss * 1024 }
    static var readBytes: Int { usage.ru_inblock * 512 }

    private static var usage: rusage {
        var usage = rusage()
        return unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 ? usage : rusage()
    }
}

/// Rows of known neighbours.
enum NeighbourFile {
    static func read(_ path: String) throws -> [[Int]] {
        let file = try MappedFile(path: path)
        let bytes = file.bytes
        func damage(_ message: String) -> StorageError { StorageError(.corrupt, path: path, message) }
        if path.hasSuffix(".npy") {
            guard bytes.byteCount > 12 else { throw damage("is too short for .npy") }
            let length = Int(bytes.integer(at: 8, as: UInt16.self))
            let header = String(
                decoding: (10..<min(bytes.byteCount, 10 + length)).map { bytes.integer(at: $0, as: UInt8.self) },
                as: UTF8.self)
            guard let shape = header.firstMatch(of: /\(([0-9]+), ([0-9]+)\)/), let rows = Int(shape.output.1),
                let columns = Int(shape.output.2), header.contains("<i")
            else { throw damage("is not a matrix of integers") }
            let size = header.contains("<i8") ? 8 : 4
            guard bytes.byteCount == 10 + length + rows * columns * size else { throw damage("is truncated") }
            return matrix(bytes, offset: 10 + length, rows: rows, columns: columns, size: size)
        }
        guard bytes.byteCount >= 8 else { throw damage("is too short for .ibin") }
        let rows = Int(bytes.integer(at: 0, as: UInt32.self))
        let columns = Int(bytes.integer(at: 4, as: UInt32.self))
        guard bytes.byteCount == 8 + rows * columns * 4 else { throw damage("is not as long as its header says") }
        return matrix(bytes, offset: 8, rows: rows, columns: columns, size: 4)
    }

    private static func matrix(_ bytes: RawSpan, offset: Int, rows: Int, columns: Int, size: Int) -> [[Int]] {
        (0..<rows).map { row in
            (0..<columns).map { column in
                let place = offset + (row * columns + column) * size
                return size == 8
                    ? Int(bytes.integer(at: place, as: Int64.self)) : Int(bytes.integer(at: place, as: Int32.self))
            }
        }
    }
}
