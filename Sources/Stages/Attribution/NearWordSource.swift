internal import Kernels
internal import Pipeline
internal import Probing
internal import Storage
internal import Synchronization

/// The words near to outputs' words, found when they first come. May be used from many threads.
final class NearWordSource: Sendable {
    private let words: NearWords
    private let probe: TokenProbe
    private let embeddings: EmbeddingSource
    /// By the word's id.
    private let known: Mutex<[UInt32: NearWords.List]> = Mutex([:])

    /// Lists that are kept, about 300 bytes each.
    private static let capacity = 1 << 18
    /// Words that are embedded at once.
    private static let embedded = 8192

    init(_ words: NearWords, probe: TokenProbe, embeddings: EmbeddingSource) {
        (self.words, self.probe, self.embeddings) = (words, probe, embeddings)
    }

    /// The lists of all words of some texts, by id; a word that is not among them has none.
    ///
    /// - Complexity: the embedding of each word that was not asked for before, and a product with each word of the corpus.
    func lists(of texts: [String], workers: Int) throws -> [UInt32: NearWords.List] {
        let parts = Parallel.map(count: texts.count, blockSize: 64, workers: workers) { range in
            var words = WordNames()
            for text in texts[range] { words.add(wordsOf: text) }
            return words.found
        }
        var names: [UInt32: String] = [:]
        for part in parts { names.merge(part) { first, _ in first } }
        var lists: [UInt32: NearWords.List] = [:]
        known.withLock { known in
            for id in names.keys { lists[id] = known[id] }
        }
        let new = names.keys.filter { lists[$0] == nil }.sorted()
        for part in ranges(new.count, of: Self.embedded).map({ new[$0] }) {
            var directions = try embeddings.embed(part.map { names[$0]! }, workers: workers)
            directions.scaleRows(to: 1)
            var asked: [(id: UInt32, probability: Double)] = []
            for id in part { asked.append((id, try probe.frequencies.probability(id))) }
            let found = words.lists(of: asked, directions: directions, workers: workers)
            known.withLock { known in
                // The first words that come are the common ones; those beyond are looked up each time.
                for (id, list) in zip(part, found) where known.count < Self.capacity { known[id] = list }
            }
            for (id, list) in zip(part, found) { lists[id] = list }
        }
        return lists
    }
}
