package import Kernels

/// A sentence-transformers model: WordPiece tokens, a BERT or MPNet encoder, pooling, normalisation.
///
/// The encoder's products are taken in 16-bit integers with scales for small blocks (`ck_linear.h`), all else in single
/// precision. The cosine with the publishers' embedding is above 0.99999; `docs/benchmarks.md` has the measured ones.
///
/// Texts are packed without padding, in their order, into batches of at most ``tokensPerBatch`` tokens (a longer text is
/// a batch of its own). A text's embedding has the same bits whichever texts it is embedded with, at one kernel level; BLAS
/// has no part in it.
///
/// One call runs on one thread. Calls from several threads at once are safe; each has its own working memory.
package struct TransformerEmbedder: Embedder {
    package let dimension: Int
    package let digest: String
    package let maximumTokens: Int
    package let tokenizer: WordPieceTokenizer
    /// The architecture, as `config.json` names it.
    package let architecture: String

    /// Large enough that reading the weights takes little of the time, small enough for the working memory to stay in the
    /// caches.
    package static let tokensPerBatch = 512

    let model: any TransformerModel
    let pooling: SentencePooling
    let path: String

    package var isStatic: Bool { false }

    /// 2: outliers are multiplied apart, and a softmax's weights have a scale for each block (`ck_linear.h`,
    /// `ck_attention.h`).
    package var arithmetic: Int? { 2 }

    package func embed(_ texts: [String]) throws(EmbeddingError) -> Matrix {
        var result = Matrix(rows: texts.count, columns: dimension)
        guard !texts.isEmpty else { return result }
        let batches = pack(texts)
        guard !batches.isEmpty else { return result }
        let longest = batches.flatMap(\.sequences).map(\.count).max()!
        var scratch = TransformerEncoder.Scratch(
            model.encoder, tokens: batches.map(\.ids.count).max()!, longestSequence: longest)
        for batch in batches {
            model.encoder.embed(batch.ids.span, positions: batch.positions.span, model.embeddings, &scratch)
            model.encoder.run(batch.sequences, &scratch)
            var output = result.elements.mutableSpan
            for (row, sequence) in zip(batch.rows, batch.sequences) {
                let states = sequence.lowerBound * dimension..<sequence.upperBound * dimension
                pooling.pool(
                    scratch.states.span.extracting(states), into: &output, at: row * dimension, dimension: dimension)
            }
        }
        for (index, element) in result.elements.enumerated() where !element.isFinite {
            throw EmbeddingError(
                .nonFinite, path: path,
                "gives the text at index \(index / dimension) an embedding that is not finite (coordinate "
                    + "\(index % dimension) is \(element)); the model's weights are damaged or beyond single precision")
        }
        return result
    }

    /// Floating-point operations that a text of so many tokens, special ones included, takes.
    package func operations(tokens: Int) -> Int { model.encoder.operations(tokens: tokens) }

    /// Token ids of consecutive texts, packed without padding.
    private struct Batch {
        var ids: [Int32] = []
        var positions: [Int32] = []
        /// Each text's range of ``ids``.
        var sequences: [Range<Int>] = []
        /// Which texts they are of.
        var rows: [Int] = []
    }

    /// A text without tokens, which only a tokenizer that adds none can give, is in no batch: its embedding is zero.
    private func pack(_ texts: [String]) -> [Batch] {
        var batches: [Batch] = []
        var batch = Batch()
        var scratch = WordPieceTokenizer.Scratch()
        var ids: [Int32] = []
        for (row, var text) in texts.enumerated() {
            ids.removeAll(keepingCapacity: true)
            text.makeContiguousUTF8()
            tokenizer.encode(text.utf8.span, maximumCount: maximumTokens, into: &ids, using: &scratch)
            if ids.isEmpty { continue }
            if !batch.ids.isEmpty, batch.ids.count + ids.count > Self.tokensPerBatch {
                batches.append(batch)
                batch = Batch()
            }
            batch.sequences.append(batch.ids.count..<batch.ids.count + ids.count)
            batch.rows.append(row)
            batch.ids += ids
            model.appendPositions(of: ids[...], to: &batch.positions)
        }
        if !batch.ids.isEmpty { batches.append(batch) }
        return batches
    }
}
