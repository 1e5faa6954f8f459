internal import Corpus
internal import Kernels
package import Pipeline
internal import Storage

/// The embedding of each sentence of every row that has more than one.
///
/// A text's embedding is a mean over all it says, so an output of one sentence is lost in a long sample's; with the sentence
/// it came from it is as near as ever.
package struct SentenceStage: Stage {
    package struct Parameters: Codable, Sendable {
        /// SHA-256 over the embedder's files.
        let embedder: String
        /// As ``EmbedStage``'s.
        let arithmetic: Int?
    }

    package static let name = "sentences"
    package static let version = 1
    package let parameters: Parameters
    private let source: EmbeddingSource

    /// Rows that are read at once, and sentences of whole rows that one thread embeds.
    private static let (blockRows, blockSentences) = (16, 1024)

    /// - Parameter source: a model.
    init(source: EmbeddingSource) {
        parameters = Parameters(embedder: source.digest, arithmetic: source.arithmetic)
        self.source = source
    }

    package var granularity: Granularity { .shard }
    package static func erasure(of artifact: Artifact) -> Erasure { .rows }
    package var inputs: [StageInput] { [.same(IngestStage.name)] }

    package func estimate(_ extent: Extent) -> ResourceEstimate {
        // A sentence for each 60 bytes, and the offsets of rows that have one only.
        ResourceEstimate(
            memory: 256 << 20, disk: extent.textBytes / 60 * (source.dimension + 4) + 5 * extent.rows)
    }

    package func run(_ context: TaskContext) throws {
        let corpus = try CorpusShardReader(path: context.corpusShard())
        let writer = try SentenceFile.writer(
            path: context.output(ArtifactFile.sentences), dimension: source.dimension, embedder: source.digest)
        let splitter = SentenceSplitter()
        var (texts, counts): ([String], [Int]) = ([], [])
        var total = 0
        for rows in ranges(corpus.rows, of: Self.blockRows) {
            try corpus.shard.forEachBytes("text", rows: rows) { _, bytes in
                let found = splitter.ranges(in: bytes)
                counts.append(found.count > 1 ? found.count : 0)
                guard found.count > 1 else { return }
                for range in found {
                    let sentence = bytes.extracting(range)
                    texts.append(unsafe sentence.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) })
                }
            }
            guard texts.count >= Self.blockSentences * max(1, context.workers) || rows.upperBound == corpus.rows else {
                continue
            }
            let vectors = try source.embed(texts, workers: context.workers)
            var first = 0
            for count in counts {
                try SentenceFile.append(vectors, rows: first..<first + count, to: writer)
                first += count
            }
            total += first
            context.advance(rows: counts.count)
            (texts, counts) = ([], [])
        }
        _ = try writer.finish()
        context.record(Self.name, .integer(total))
    }
}
