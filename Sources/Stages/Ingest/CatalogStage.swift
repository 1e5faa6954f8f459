internal import Corpus
package import Pipeline
internal import Storage

/// Lists the shards of a batch in their order, refuses ids that stand for two samples of it, and finds the samples of earlier
/// batches that it replaces because they have an id of its own: in passes over sorted hashes.
package struct CatalogStage: Stage {
    package struct Parameters: Codable, Sendable {
        /// How many vectors the first batch has, when they come from files: as many as samples, or the build is refused.
        let vectors: Int?
    }

    package static let name = Catalog.stage
    package static let version = 1
    package let parameters: Parameters
    private let files: [CorpusFile]
    private let growth: Growth

    init(inputs: BuildInputs) {
        if case .vectors(let vectors) = inputs.embeddings {
            parameters = Parameters(vectors: vectors.rows)
        } else {
            parameters = Parameters(vectors: nil)
        }
        files = inputs.files
        growth = inputs.growth
    }

    package var granularity: Granularity { .batch }
    package static func erasure(of artifact: Artifact) -> Erasure { .none }
    package var inputs: [StageInput] { [.upTo(IngestStage.name)] }

    package func estimate(_ extent: Extent) -> ResourceEstimate { ResourceEstimate(memory: 64 << 20, disk: 1 << 20) }

    package func run(_ context: TaskContext) throws {
        var shards: [Catalog.Shard] = []
        var readers: [CorpusShardReader] = []
        var rows = 0
        let ingested = context.inputs(IngestStage.name)
        for (file, artifact) in ingested[context.files].enumerated() {
            for part in artifact.manifest.outputs.indices {
                let reader = try CorpusShardReader(path: artifact.path(Catalog.shardFile(part: part)))
                let textBytes = reader.shard.byteCounts.first { $0.column == "text" }?.decoded ?? 0
                shards.append(
                    Catalog.Shard(file: file, part: part, rows: reader.rows, firstRow: rows, textBytes: textBytes))
                readers.append(reader)
                rows += reader.rows
            }
        }
        guard rows > 0 else {
            let paths = context.files.map { files[$0].record.path }.joined(separator: ", ")
            throw RunError(.badInput, "there is no sample in \(paths): every line is blank or skipped")
        }
        let batch = context.batches.lowerBound
        let vectors = batch == 0 ? parameters.vectors : growth.batches[batch].vectors?.rows
        if let vectors, vectors != rows {
            throw RunError(
                .badInput,
                "there are \(vectors) vectors for \(rows) samples; there has to be one vector for each sample")
        }
        let check = try IdentifierCheck(readers)
        if let duplicate = check.duplicates.first {
            let places = [duplicate.first, duplicate.second].map { place in
                "\(files[context.files.lowerBound + shards[place.shard].file].record.path):\(place.line)"
            }
            let others = check.count > 1 ? " (and \(check.count - 1) more such)" : ""
            throw RunError(
                .badInput,
                "the id '\(duplicate.id)' stands for two samples, at \(places[0]) and at \(places[1])\(others); ids have to be unique in a corpus"
            )
        }
        try Catalog(shards: shards).write(path: context.output(Catalog.fileName))
        context.advance(rows: rows)
        context.record("shards", .integer(shards.count))
        let replaced = try ReplacedRows.find(of: readers, in: ingested[..<context.files.lowerBound])
        if !replaced.isEmpty {
            try ReplacedRows.write(replaced, path: context.output(ArtifactFile.replaced))
            context.record("replaced rows", .integer(replaced.count))
        }
    }
}
