import Embedding
import Kernels
import Testing

@Suite struct SimilarWordsTests {
    /// The committed tiny models, against cosines of centred rows computed one by one.
    @Test(arguments: ["tiny-bert", "tiny-mpnet"])
    func agreesWithOneByOneComparison(_ name: String) throws {
        let embedder = try EmbedderFolder.load(Fixtures.path(name))
        let transformer = try #require(embedder as? TransformerEmbedder)
        let words = (0..<transformer.tokenizer.vocabularySize).map {
            String(decoding: transformer.tokenizer.piece(Int32($0)), as: UTF8.self)
        }.filter { $0.count >= 2 && $0.allSatisfy(\.isLetter) }
        let some = Array(words.prefix(20))
        let similar = embedder.similarWords(to: some + ["nosuchword", "##ing"], count: 5)
        #expect(Set(similar.keys) == Set(some))
        for (word, others) in similar {
            #expect(others.count == 5 && !others.contains(word) && Set(others).count == 5)
            #expect(Set(words).isSuperset(of: others))
        }
        #expect(similar == embedder.similarWords(to: some.reversed(), count: 5))
        #expect(embedder.similarWords(to: some, count: 2).allSatisfy { similar[$0.key]!.starts(with: $0.value) })
    }
}
