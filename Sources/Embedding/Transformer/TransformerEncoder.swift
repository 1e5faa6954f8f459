internal import CKernels
internal import Kernels

/// The layers that BERT and MPNet share: multi-head attention and a GELU feed-forward block, each followed by a residual
/// connection and a layer normalisation.
///
/// Sequences are packed without padding: the rows of all of them lie one after another, and only attention looks at where
/// one ends.
struct TransformerEncoder: Sendable {
    struct Layer: Sendable {
        /// Queries, keys and values in one product: `[3·hidden × hidden]`.
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
    /// What is added to the scores for key − query distance `d`, at `[head][d + longest − 1]`; empty without such a bias.
    let relativeBias: [[Float]]
    /// Of a sequence, in tokens.
    let longest: Int

    /// Working memory for one packed batch after another; each concurrent call has its own.
    struct Scratch {
        fileprivate(set) var states: [Float]
        fileprivate var projected: [Float]
        fileprivate var mixed: [Float]
        fileprivate var wide: [Float]
        fileprivate var scores: [Float]

        init(_ encoder: TransformerEncoder, tokens: Int, longestSequence: Int) {
            states = [Float](repeating: 0, count: tokens * encoder.hidden)
            projected = [Float](repeating: 0, count: tokens * encoder.hidden * 3)
            mixed = [Float](repeating: 0, count: tokens * encoder.hidden)
            wide = [Float](repeating: 0, count: tokens * max(encoder.intermediate, encoder.hidden))
            scores = [Float](repeating: 0, count: longestSequence * longestSequence)
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
    /// - Complexity: 2·rows·(4·hidden² + 2·hidden·intermediate) + 4·hidden·Σ length² operations a layer.
    func run(_ sequences: [Range<Int>], _ scratch: inout Scratch) {
        let rows = sequences.last?.upperBound ?? 0
        for layer in layers {
            Self.multiply(scratch.states, layer.projection, into: &scratch.projected, rows: rows)
            EncoderKernels.addBias(&scratch.projected, layer.projection.bias, rows: rows)
            for sequence in sequences { attend(sequence, &scratch) }

            Self.multiply(scratch.mixed, layer.attentionOutput, into: &scratch.wide, rows: rows)
            EncoderKernels.residualLayerNorm(
                &scratch.states, scratch.wide, bias: layer.attentionOutput.bias, layer.attentionNorm, rows: rows)

            Self.multiply(scratch.states, layer.intermediate, into: &scratch.wide, rows: rows)
            EncoderKernels.geluBias(&scratch.wide, layer.intermediate.bias, rows: rows)
            Self.multiply(scratch.wide, layer.output, into: &scratch.mixed, rows: rows)
            EncoderKernels.residualLayerNorm(
                &scratch.states, scratch.mixed, bias: layer.output.bias, layer.outputNorm, rows: rows)
        }
    }

    private static func multiply(_ x: [Float], _ layer: LinearLayer, into y: inout [Float], rows: Int) {
        let outputs = layer.bias.count
        var y = y.mutableSpan
        BLAS.multiply(
            x.span, layer.weight.span, transposeB: true, into: &y, m: rows, n: outputs, k: layer.weight.count / outputs)
    }

    /// Attention of one sequence: per head `softmax(Q·Kᵀ/√d + bias)·V`, from `projected` to `mixed`.
    private func attend(_ sequence: Range<Int>, _ scratch: inout Scratch) {
        let count = sequence.count
        let width = hidden / heads
        let stride = 3 * hidden
        let scale = 1 / Float(width).squareRoot()
        unsafe scratch.projected.withUnsafeBufferPointer { projected in
            unsafe scratch.mixed.withUnsafeMutableBufferPointer { mixed in
                unsafe scratch.scores.withUnsafeMutableBufferPointer { scores in
                    for head in 0..<heads {
                        let queries = unsafe projected.baseAddress! + sequence.lowerBound * stride + head * width
                        let output = unsafe mixed.baseAddress! + sequence.lowerBound * hidden + head * width
                        unsafe BLAS.multiply(
                            queries, transposeA: false, strideA: stride, queries + hidden, transposeB: true,
                            strideB: stride, into: scores.baseAddress!, strideC: count, m: count, n: count, k: width,
                            alpha: scale)
                        if relativeBias.isEmpty {
                            unsafe ck_softmax_rows(scores.baseAddress, nil, 0, count, count)
                        } else {
                            unsafe relativeBias[head].withUnsafeBufferPointer { bias in
                                // Row i begins at distance −i.
                                unsafe ck_softmax_rows(
                                    scores.baseAddress, bias.baseAddress! + longest - 1, -1, count, count)
                            }
                        }
                        unsafe BLAS.multiply(
                            scores.baseAddress!, transposeA: false, strideA: count, queries + 2 * hidden,
                            transposeB: false, strideB: stride, into: output, strideC: hidden, m: count, n: width,
                            k: count)
                    }
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
