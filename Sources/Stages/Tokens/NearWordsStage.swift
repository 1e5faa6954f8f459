internal import Corpus
internal import Kernels
package import Pipeline
internal import Probing
internal import Storage

/// The vectors of the corpus' commonest words, with which an output's words find those that are near to them.
///
/// Words are kept as hashes everywhere else, so they are read again, from a part of the texts where there are many: what
/// does not come there is rare, and near to little.
package struct NearWordsStage: Stage {
    package struct Parameters: Codable, Sendable {
        /// SHA-256 over the embedder's files.
        let embedder: String
        /// As ``EmbedStage``'s.
        let arithmetic: Int?
        let words: Int
    }

    package static let name = "near-words"
    package static let version = 1
    package let parameters: Parameters
    private let source: EmbeddingSource

    /// Rows whose words are read, in blocks that lie evenly in the corpus.
    private static let (readRows, blockRows) = (1 << 18, 512)

    /// - Parameter source: a model.
    init(source: EmbeddingSource) {
        parameters = Parameters(
            embedder: source.digest, arithmetic: source.arithmetic, words: NearWords.most)
        self.source = source
    }

    package var granularity: Granularity { .whole }
    /// A word can be told from its vector, so words of erased rows alone have to go.
    package static func erasure(of artifact: Artifact) -> Erasure { .remake }
    package var inputs: [StageInput] { [.all(IngestStage.name), .same(TokenProbeStage.name)] }

    package func estimate(_ extent: Extent) -> ResourceEstimate {
        // A text brings a new word for each 40 bytes at most.
        let read = extent.textBytes / max(1, extent.rows) * min(extent.rows, Self.readRows)
        let words = min(extent.textBytes / 40, parameters.words)
        return ResourceEstimate(
            memory: (64 << 20) + read * 128 / 40 + 2 * words * 4 * source.dimension,
            disk: words * (4 * source.dimension + 4))
    }

    package func run(_ context: TaskContext) throws {
        let frequencies = try TokenFrequencies(
            path: context.input(TokenProbeStage.name).path(ArtifactFile.frequencies))
        let found = try words(context)
        var counted: [(count: Int, id: UInt32)] = []
        for id in found.keys { counted.append((try frequencies.entry(id)?.count ?? 0, id)) }
        counted.sort { ($1.count, $0.id) < ($0.count, $1.id) }
        let ids = counted.prefix(parameters.words).map(\.id).sorted()
        var vectors = try source.embed(ids.map { found[$0]! }, workers: context.workers)
        vectors.scaleRows(to: 1)
        try NearWordFile.write(
            ids: ids, vectors: vectors, embedder: source.digest, to: context.output(ArtifactFile.nearWords))
        context.record("words", .integer(ids.count))
    }

    /// The words of the rows that are read, by their ids.
    private func words(_ context: TaskContext) throws -> [UInt32: String] {
        guard let catalog = context.catalog else { preconditionFailure("near-words follows the catalog") }
        let step = (catalog.rows + Self.readRows - 1) / Self.readRows
        var blocks: [(shard: Int, rows: Range<Int>)] = []
        for (number, shard) in catalog.shards.enumerated() {
            for rows in ranges(shard.rows, of: Self.blockRows) { blocks.append((number, rows)) }
        }
        let read = stride(from: 0, to: blocks.count, by: max(1, step)).map { blocks[$0] }
        var readers: [CorpusShardReader] = []
        for shard in catalog.shards {
            readers.append(try CorpusShardReader(path: context.corpusShard(shard), cacheBytes: 0))
        }
        let shards = readers
        let parts = Parallel.map(count: read.count, blockSize: 16, workers: context.workers) { blocks in
            Result {
                var words = WordNames()
                for block in read[blocks] {
                    try shards[block.shard].shard.forEachBytes("text", rows: block.rows) { _, bytes in
                        words.add(wordsOf: unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) })
                    }
                    context.advance(rows: block.rows.count)
                }
                return words.found
            }
        }
        var words: [UInt32: String] = [:]
        // Where two words share a hash, the first in the corpus is taken.
        for part in parts { words.merge(try part.get()) { first, _ in first } }
        return words
    }
}

/// The distinct words of some texts that have near words, in small letters. A word with a digit in it is near to none: what
/// is said of another year is not said of this one.
struct WordNames {
    private(set) var found: [UInt32: String] = [:]
    private var numbers: Set<UInt32> = []
    private let tokenizer = WordTokenizer()

    mutating func add(wordsOf text: String) {
        let bytes = text.utf8Span.span
        for word in tokenizer.words(of: bytes) where found[word.id] == nil && !numbers.contains(word.id) {
            let part = bytes.extracting(word.range)
            let name = unsafe part.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
            guard !name.contains(where: \.isNumber) else {
                numbers.insert(word.id)
                continue
            }
            found[word.id] = name.lowercased()
        }
    }
}
