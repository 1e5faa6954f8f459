internal import Kernels

extension TransformerEmbedder {
    /// Tokens that are computed at once; fixed, so that the result does not depend on the number of threads.
    private static let tokensAtOnce = 128

    /// What the model makes of each token by itself, between the special tokens: its pooled output, not normalised.
    ///
    /// - Parameter progress: told how many tokens are done, now and then.
    /// - Returns: `[ids.count × dimension]`.
    /// - Throws: `nonFinite`, naming the token.
    func outputs(
        ofTokens ids: [Int32], workers: Int, progress: @Sendable (Int) -> Void
    ) throws(EmbeddingError) -> Matrix {
        var elements: [Float] = []
        elements.reserveCapacity(ids.count * dimension)
        let part = Self.tokensAtOnce * max(1, workers) * 8
        for start in stride(from: 0, to: ids.count, by: part) {
            let some = Array(ids[start..<min(ids.count, start + part)])
            let blocks = Parallel.map(count: some.count, blockSize: Self.tokensAtOnce, workers: workers) { rows in
                outputs(some[rows])
            }
            for block in blocks { elements += block.elements }
            progress(start + some.count)
        }
        if let bad = elements.firstIndex(where: { !$0.isFinite }) {
            let piece = String(decoding: tokenizer.piece(ids[bad / dimension]), as: UTF8.self)
            throw EmbeddingError(
                .nonFinite, path: path,
                "gives the token \"\(piece)\" an output that is not finite; the model's weights are damaged")
        }
        return Matrix(rows: ids.count, columns: dimension, elements: elements)
    }

    private func outputs(_ ids: ArraySlice<Int32>) -> Matrix {
        let length = tokenizer.prefix.count + 1 + tokenizer.suffix.count
        var (tokens, positions, sequences): ([Int32], [Int32], [Range<Int>]) = ([], [], [])
        for id in ids {
            let sequence = tokenizer.prefix + [id] + tokenizer.suffix
            sequences.append(tokens.count..<tokens.count + length)
            tokens += sequence
            model.appendPositions(of: sequence[...], to: &positions)
        }
        var scratch = TransformerEncoder.Scratch(model.encoder, tokens: tokens.count, longestSequence: length)
        model.encoder.embed(tokens.span, positions: positions.span, model.embeddings, &scratch)
        model.encoder.run(sequences, &scratch)
        var result = Matrix(rows: ids.count, columns: dimension)
        var output = result.elements.mutableSpan
        let pooling = SentencePooling(mode: pooling.mode, normalizes: false)
        for (row, sequence) in sequences.enumerated() {
            let states = sequence.lowerBound * dimension..<sequence.upperBound * dimension
            pooling.pool(
                scratch.states.span.extracting(states), into: &output, at: row * dimension, dimension: dimension)
        }
        return result
    }
}
