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
    /// By the word's id; none for what has no near words.
    private let known: Mutex<[UInt32: NearWords.List]> = Mutex([:])

    /// Lists that are kept at once, about 300 bytes each.
    private static let capacity = 1 << 18

    init(_ words: NearWords, probe: TokenProbe, embeddings: EmbeddingSource) {
        (self.words, self.probe, self.embeddings) = (words, probe, embeddings)
    }

    /// The lists of all words of some texts, by id; a word that is not among them has none.
    ///
    /// - Complexity: the embedding of each word that was not asked for before, and a product with each word of the corpus.
    func lists(of texts: [String], workers: Int) throws -> [UInt32: NearWords.List] {
        let parts = Parallel.map(count: texts.count, blockSize: 64, workers: workers) { range in
            var words = OutputWords()
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
        guard !new.isEmpty else { return lists }
        var directions = try embeddings.embed(new.map { names[$0]! }, workers: workers)
        directions.scaleRows(to: 1)
        var asked: [(id: UInt32, probability: Double)] = []
        for id in new { asked.append((id, try probe.frequencies.probability(id))) }
        let found = words.lists(of: asked, directions: directions, workers: workers)
        known.withLock { known in
            if known.count + new.count > Self.capacity { known.removeAll() }
            for (id, list) in zip(new, found) { known[id] = list }
        }
        for (id, list) in zip(new, found) { lists[id] = list }
        return lists
    }
}
