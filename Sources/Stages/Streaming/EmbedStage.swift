internal import Corpus
internal import Kernels
package import Pipeline
internal import Storage

/// The static embedding of every row.
package struct EmbedStage: Stage {
    package struct Parameters: Codable, Sendable {
        /// SHA-256 over the embedder's files, or over the vector files.
        let embedder: String
        /// Of a transformer; so that an unfinished build does not mix embeddings of two versions.
        let arithmetic: Int?
        let normalise: Bool
    }

    package static let name = "embed"
    package static let version = 5
    package let parameters: Parameters
    private let source: EmbeddingSource

    init(_ settings: EmbedSettings, source: EmbeddingSource) {
        parameters = Parameters(
            embedder: source.digest, arithmetic: source.arithmetic, normalise: settings.normalise)
        self.source = source
    }

    package var granularity: Granularity { .shard }
    package static func erasure(of artifact: Artifact) -> Erasure { .rows }
    package var inputs: [StageInput] {
        // Vector files follow the corpus' row numbers, which the catalog knows; texts depend on their shard alone.
        source.isVectors ? [.same(IngestStage.name), .same(CatalogStage.name)] : [.same(IngestStage.name)]
    }

    package func estimate(_ extent: Extent) -> ResourceEstimate {
        ResourceEstimate(memory: 256 << 20, disk: extent.rows * source.dimension * 4)
    }

    package func run(_ context: TaskContext) throws {
        guard let shard = context.shard else { preconditionFailure("embed is cut into shards") }
        let corpus = try CorpusShardReader(path: context.corpusShard())
        let writer = try ShardWriter(
            path: context.output(ArtifactFile.embeddings), kind: ShardKind.embeddings,
            columns: [ColumnDescription("embedding", .float32, width: source.dimension)],
            attributes: ["embedder": source.digest, "normalised": "\(parameters.normalise)"])
        var zeros = 0
        for rows in ranges(shard.rows, of: EmbeddingSource.blockRows * max(1, context.workers)) {
            var matrix = try embeddings(rows, corpus: corpus, shard: shard, context: context)
            zeros += (0..<matrix.rows).count { row in matrix.elements[matrix.range(ofRow: row)].allSatisfy { $0 == 0 } }
            if parameters.normalise { matrix.scaleRows(to: 1) }
            try writer.append("embedding", floats: matrix.elements.span)
            context.advance(rows: rows.count)
        }
        _ = try writer.finish()
        if zeros > 0 { context.record(Self.zeroVectors, .integer(zeros)) }
    }

    /// The figure that counts rows without any direction, such as a text of unknown words under a static embedder:
    /// they are similar to nothing.
    static let zeroVectors = "zero vectors"

    private func embeddings(
        _ rows: Range<Int>, corpus: CorpusShardReader, shard: Catalog.Shard, context: TaskContext
    ) throws -> Matrix {
        switch source {
        case .model:
            return try source.embed(try corpus.shard.strings("text", rows: rows), workers: context.workers)
        case .vectors(let vectors):
            // The catalog counts the batch's rows, and the vectors follow them.
            let batch = context.catalog?.shards.first { context.files.contains($0.file) }
            let first = shard.firstRow - (batch?.firstRow ?? 0)
            let wanted = first + rows.lowerBound..<first + rows.upperBound
            // The file is the user's, so damage in it is bad input and not a damaged run.
            var values = try reporting(damaged: .badInput) { () throws(StorageError) in
                try vectors.set(ofBatch: context.batches.lowerBound).read(rows: wanted)
            }
            // The file still has what was erased from the run.
            for row in try corpus.erasedRows() where rows.contains(row) {
                for place in 0..<vectors.dimension { values[(row - rows.lowerBound) * vectors.dimension + place] = 0 }
            }
            return Matrix(rows: rows.count, columns: vectors.dimension, elements: values)
        }
    }
}
