extension TransformerEmbedder {
    /// The words of the vocabulary whose input embeddings are nearest to a word's own, by cosine after the vocabulary's
    /// mean is taken off: inflections, synonyms, and words of the same kind.
    package func similarWords(to words: [String], count: Int) -> [String: [String]] {
        let table = model.embeddings.words
        let neighbours = VocabularyNeighbours(tokenizer, dimension: dimension) { id in
            Array(table[id * dimension..<(id + 1) * dimension])
        }
        return neighbours.similarWords(to: words, count: count)
    }
}
