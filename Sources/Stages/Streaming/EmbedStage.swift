internal import Corpus
internal import Kernels
package import Pipeline
internal import Storage

/// The static embedding of every row.
package struct EmbedStage: Stage {
    package struct Parameters: Codable, Sendable {
        /// SHA-256 over the embedder's files, or over the vector files.
        let embedder: String
        let normalise: Bool
    }

    package static let name = "embed"
    package static let version = 1
    package let parameters: Parameters
    private let source: EmbeddingSource

    init(_ settings: EmbedSettings, source: EmbeddingSource) {
        parameters = Parameters(embedder: source.digest, normalise: settings.normalise)
        self.source = source
    }

    package var granularity: Granularity { .shard }
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
            if parameters.normalise { normaliseRows(&matrix) }
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
            // The catalog counts the corpus' rows, and the vectors follow them.
            let wanted = shard.firstRow + rows.lowerBound..<shard.firstRow + rows.upperBound
            // The file is the user's, so damage in it is bad input and not a damaged run.
            let values = try reporting(damaged: .badInput) { () throws(StorageError) in try vectors.read(rows: wanted) }
            return Matrix(rows: rows.count, columns: vectors.dimension, elements: values)
        }
    }
}

/// Length of a part of an array. In double precision: squares of floats may be too large or too small for a float.
func euclideanNorm(_ elements: [Float], _ range: Range<Int>) -> Double {
    var sum = 0.0
    for index in range { sum += Double(elements[index]) * Double(elements[index]) }
    return sum.squareRoot()
}

/// Scales each row to length 1; a row of zeros stays.
func normaliseRows(_ matrix: inout Matrix) {
    for row in 0..<matrix.rows {
        let range = matrix.range(ofRow: row)
        let norm = euclideanNorm(matrix.elements, range)
        guard norm > 0 else { continue }
        for index in range { matrix.elements[index] = Float(Double(matrix.elements[index]) / norm) }
    }
}
