internal import CKernels

/// The layers that BERT and MPNet share: multi-head attention and a GELU feed-forward block, each followed by a residual
/// connection and a layer normalisation.
///
/// Sequences are packed without padding: the rows of all of them lie one after another, and only attention looks at where
/// one ends. A sequence's states have the same bits in any company.
struct TransformerEncoder: Sendable {
    struct Layer: Sendable {
        /// Queries, keys and values in one product: `3·hidden` outputs.
        let projection: LinearLayer
        let attentionOutput: LinearLayer
        let attentionNorm: LayerNorm
        let intermediate: LinearLayer
        let output: LinearLayer
        let outputNorm: LayerNorm
    }

    let hidden: Int
    let heads: Int
    let intermediate: Int
    let layers: [Layer]
    /// What is added to the scores for key − query distance `d`, at `[head][d + longest − 1]`, `2·longest − 1` for each
    /// head; empty without such a bias.
    let relativeBias: [Float]
    /// Of a sequence, in tokens.
    let longest: Int

    /// Working memory for one packed batch after another; each concurrent call has its own.
    struct Scratch {
        fileprivate(set) var states: [Float]
        fileprivate var projected: [Float]
        fileprivate var mixed: [Float]
        /// Intermediate states, and what is added to the residual, of rows that are processed together.
        fileprivate var wide: [Float]
        fileprivate var added: [Float]
        fileprivate var product: [Float]
        fileprivate var attention: [Float]

        init(_ encoder: TransformerEncoder, tokens: Int, longestSequence: Int) {
            func floats(_ count: Int) -> [Float] { [Float](repeating: 0, count: count) }
            states = floats(tokens * encoder.hidden)
            projected = floats(tokens * encoder.hidden * 3)
            mixed = floats(tokens * encoder.hidden)
            wide = floats(encoder.rowsTogether * encoder.intermediate)
            added = floats(encoder.rowsTogether * encoder.hidden)
            product = floats(LinearLayer.scratchCount)
            attention = floats(ck_attention_scratch(longestSequence, encoder.hidden / encoder.heads))
        }
    }

    /// Fills the states of a batch with `layerNorm(words[id] + positions[position])`.
    func embed(
        _ ids: Span<Int32>, positions: Span<Int32>, _ embeddings: TokenEmbeddings, _ scratch: inout Scratch
    ) {
        let rows = ids.count
        let norm = embeddings.norm
        precondition(scratch.states.count >= rows * hidden && positions.count == rows)
        unsafe scratch.states.withUnsafeMutableBufferPointer { states in
            unsafe embeddings.words.withUnsafeBufferPointer { words in
                unsafe embeddings.positions.withUnsafeBufferPointer { places in
                    unsafe states.baseAddress!.update(repeating: 0, count: rows * hidden)
                    for row in 0..<rows {
                        let word = Int(ids[row]) * hidden
                        let place = Int(positions[row]) * hidden
                        precondition(word + hidden <= words.count && place + hidden <= places.count)
                        unsafe ck_residual_layer_norm(
                            states.baseAddress! + row * hidden, words.baseAddress! + word, places.baseAddress! + place,
                            norm.gain, norm.shift, norm.epsilon, 1, hidden)
                    }
                }
            }
        }
    }

    /// Runs the layers over the states of a packed batch.
    /// - Parameter sequences: each sequence's rows, one after another from 0 on.
    /// - Complexity: the sum of ``operations(tokens:)`` over the sequences.
    func run(_ sequences: [Range<Int>], _ scratch: inout Scratch) {
        let rows = sequences.last?.upperBound ?? 0
        for layer in layers {
            layer.projection.apply(
                scratch.states, rows: rows, .bias, into: &scratch.projected, &scratch.product)
            for sequence in sequences { attend(sequence, &scratch) }
            for first in stride(from: 0, to: rows, by: rowsTogether) {
                let count = min(rowsTogether, rows - first)
                layer.attentionOutput.apply(
                    scratch.mixed, from: first, rows: count, .nothing, into: &scratch.added, &scratch.product)
                layer.attentionNorm.apply(
                    &scratch.states, from: first, adding: scratch.added, bias: layer.attentionOutput.bias, rows: count)

                layer.intermediate.apply(
                    scratch.states, from: first, rows: count, .biasAndGELU, into: &scratch.wide, &scratch.product)
                layer.output.apply(scratch.wide, rows: count, .nothing, into: &scratch.added, &scratch.product)
                layer.outputNorm.apply(
                    &scratch.states, from: first, adding: scratch.added, bias: layer.output.bias, rows: count)
            }
        }
    }

    /// Rows that take the steps after attention together: few enough for their intermediate states to stay in a
    /// second-level cache, enough to read the weights seldom.
    private var rowsTogether: Int { max(48, 131_072 / intermediate / 12 * 12) }

    /// Floating-point operations that matrix products and attention take for a sequence of so many tokens.
    func operations(tokens: Int) -> Int {
        layers.count * tokens * (8 * hidden * hidden + 4 * hidden * intermediate + 4 * hidden * tokens)
    }

    /// Attention of one sequence: per head `softmax(Q·Kᵀ/√d + bias)·V`, from `projected` to `mixed`.
    private func attend(_ sequence: Range<Int>, _ scratch: inout Scratch) {
        let width = hidden / heads
        precondition(
            scratch.projected.count >= sequence.upperBound * hidden * 3
                && scratch.mixed.count >= sequence.upperBound * hidden
                && scratch.attention.count >= ck_attention_scratch(sequence.count, width)
                && sequence.count <= longest)
        unsafe scratch.projected.withUnsafeBufferPointer { projected in
            unsafe scratch.mixed.withUnsafeMutableBufferPointer { mixed in
                unsafe relativeBias.withUnsafeBufferPointer { bias in
                    let zeroDistance = unsafe bias.isEmpty ? nil : bias.baseAddress! + longest - 1
                    unsafe ck_attention(
                        projected.baseAddress! + sequence.lowerBound * hidden * 3, sequence.count, heads, width,
                        zeroDistance, 2 * longest - 1, mixed.baseAddress! + sequence.lowerBound * hidden,
                        &scratch.attention)
                }
            }
        }
    }
}

/// The tables that a token's first state is made of.
struct TokenEmbeddings: Sendable {
    /// Row-major `[vocabulary × hidden]`.
    let words: [Float]
    /// Row-major `[positions × hidden]`; a token type's embedding, where there is one, is part of it.
    let positions: [Float]
    let norm: LayerNorm
}
