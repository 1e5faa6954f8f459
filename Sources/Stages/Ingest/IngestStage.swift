internal import Corpus
package import Pipeline
internal import Storage

/// Turns one corpus file into corpus shards of a fixed number of rows. Streams: memory holds one shard's ids.
package struct IngestStage: Stage {
    package struct Parameters: Codable, Sendable {
        let idField: String
        let textField: String
        let onError: String
        let passage: CorpusSettings.PassageSettings?
        let shardRows: Int
    }

    package static let name = Catalog.source
    package static let version = 1
    package let parameters: Parameters
    private let files: [CorpusFile]
    private let vectors: CorpusVectors?
    private let growth: Growth
    private let onError: ErrorPolicy
    private let directory: RunDirectory?

    init(_ settings: CorpusSettings, inputs: BuildInputs) {
        parameters = Parameters(
            idField: settings.idField, textField: settings.textField, onError: settings.onError.rawValue,
            passage: settings.passage, shardRows: settings.shardRows)
        files = inputs.files
        growth = inputs.growth
        onError = settings.onError
        directory = inputs.directory
        if settings.isVectors, case .vectors(let vectors) = inputs.embeddings {
            self.vectors = vectors
        } else {
            vectors = nil
        }
    }

    package var granularity: Granularity { .file }
    package static func erasure(of artifact: Artifact) -> Erasure { .own }
    package var inputs: [StageInput] { [] }

    package func estimate(_ extent: Extent) -> ResourceEstimate {
        ResourceEstimate(memory: 64 << 20, disk: extent.textBytes / 2)
    }

    package func run(_ context: TaskContext) throws {
        guard let file = context.file else { preconditionFailure("ingest is cut into files") }
        do {
            if let vectors {
                try ingestVectors(vectors, file: file, context)
            } else {
                try ingestTexts(file: file, context)
            }
            try erasePurged(context)
        } catch let error as CorpusError {
            throw RunError(error)
        } catch let error as StorageError {
            throw RunError(error, damaged: .badInput)
        }
    }

    package func erase(_ rows: [Int], from artifact: Artifact, trained: Catalog, into folder: String) throws {
        var first = 0
        for part in artifact.manifest.outputs.indices {
            let name = Catalog.shardFile(part: part)
            let reader = try CorpusShardReader(path: artifact.path(name))
            let own = rows.filter { $0 >= first && $0 < first + reader.rows }.map { $0 - first }
            try reader.copy(to: "\(folder)/\(name)", erasing: own)
            first += reader.rows
        }
    }

    /// Blanks the samples that a purge has erased from this run before, and that the file still has. Rows keep their
    /// numbers, so what was made of the rows before fits those now.
    private func erasePurged(_ context: TaskContext) throws {
        // What was never deleted was never purged.
        guard let directory, RunDirectory.size(of: Deletions.path(directory)) != nil else { return }
        let deletions = try Deletions.read(directory)
        guard !deletions.entries.isEmpty else { return }
        let keys = try deletions.purgedKeys(
            parameters.passage == nil ? .texts : .passages, batch: growth.batches[context.batches.lowerBound].number,
            path: Deletions.path(directory))
        guard !keys.isEmpty else { return }
        var shards: [CorpusShardReader] = []
        while case let path = context.output(Catalog.shardFile(part: shards.count)), RunDirectory.size(of: path) != nil
        {
            shards.append(try CorpusShardReader(path: path))
        }
        let rows = try SampleKeys.rows(ofKeys: keys, in: shards)
        var (all, first): ([Int], Int) = ([], 0)
        for (shard, own) in zip(shards, rows) {
            all += own.map { first + $0 }
            first += shard.rows
            guard !own.isEmpty else { continue }
            try shard.copy(to: "\(shard.path).part", erasing: own)
            try DurableFile.rename("\(shard.path).part", to: shard.path)
        }
        guard !all.isEmpty else { return }
        context.erased(rows: all)
        context.record("left out, for they were purged", .integer(all.count))
    }

    private func ingestTexts(file: Int, _ context: TaskContext) throws {
        let stamp = try files[file].open(isVectors: false)
        let source = SampleSource(
            files: [files[file].record.path], fields: SampleFields(id: parameters.idField, text: parameters.textField),
            onError: onError)
        let output = ShardSequence(parameters, context: context)
        let cutter = parameters.passage.map { PassageCutter(tokens: $0.tokens, stride: $0.stride) }
        var samples = 0
        while let sample = try source.next() {
            samples += 1
            guard let cutter else {
                try output.writer().append(sample)
                continue
            }
            for (number, text) in cutter.passages(of: sample.text).enumerated() {
                try output.writer().append(passage: number, text: text, of: sample)
            }
        }
        try output.finish()
        try files[file].requireUnchanged(since: stamp)
        context.record("samples", .integer(samples))
        let skipped = source.skipped.values.reduce(0, +)
        if skipped > 0 { context.record("skipped", .integer(skipped)) }
        for (kind, count) in source.skipped { context.record("skipped: \(kind.rawValue)", .integer(count)) }
        if let first = source.firstErrors.first {
            context.record("first skipped line", .text("\(first.line ?? 0): \(first.message)"))
        }
    }

    /// Vectors stay in their files; the corpus knows their ids.
    private func ingestVectors(_ all: CorpusVectors, file: Int, _ context: TaskContext) throws {
        let batch = growth.batch(ofFile: file)
        let vectors = try all.set(ofBatch: batch)
        let output = ShardSequence(parameters, context: context)
        let rows = vectors.rows(ofFile: file - growth.files(of: batch).lowerBound)
        for row in rows {
            let place = Sample.Place(file: 0, line: row - rows.lowerBound)
            try output.writer().append(Sample(id: vectors.id(row), text: "", place: place))
        }
        try output.finish()
    }
}

/// The shards that one ingest task writes, one after another.
private final class ShardSequence {
    private let parameters: IngestStage.Parameters
    private let context: TaskContext
    private var current: CorpusShardWriter?
    private var parts = 0

    init(_ parameters: IngestStage.Parameters, context: TaskContext) {
        self.parameters = parameters
        self.context = context
    }

    /// The writer for the next row: a new one when the last shard is full.
    func writer() throws(CorpusError) -> CorpusShardWriter {
        if let current, current.rows < parameters.shardRows { return current }
        try close()
        let writer = try CorpusShardWriter(
            path: context.output(Catalog.shardFile(part: parts)),
            content: parameters.passage == nil ? .texts : .passages, files: [])
        parts += 1
        current = writer
        return writer
    }

    func finish() throws(CorpusError) { try close() }

    private func close() throws(CorpusError) {
        guard let writer = current else { return }
        let summary = try writer.finish()
        context.advance(rows: summary.rows)
        current = nil
    }
}

extension RunError {
    init(_ error: CorpusError) {
        if let cause = error.cause {
            self.init(cause, damaged: .badInput)
        } else {
            self.init(.badInput, error.description)
        }
    }
}
