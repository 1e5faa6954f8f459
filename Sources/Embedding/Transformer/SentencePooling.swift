/// How a sentence-transformers folder makes one vector of a text's token states.
struct SentencePooling: Sendable, Hashable {
    enum Mode: Sendable, Hashable {
        /// The mean over all tokens, special ones included.
        case mean
        /// The first token's state.
        case firstToken
        /// Each coordinate's largest value.
        case maximum
    }

    var mode: Mode
    /// Whether the vector is divided by its length.
    var normalizes: Bool

    /// Writes the vector of the token states `[tokens × output.count]`.
    func pool(_ states: Span<Float>, into output: inout MutableSpan<Float>, at offset: Int, dimension: Int) {
        let tokens = states.count / dimension
        precondition(tokens > 0 && states.count == tokens * dimension)
        for column in 0..<dimension { output[offset + column] = states[column] }
        if mode != .firstToken {
            for token in 1..<max(1, tokens) {
                for column in 0..<dimension {
                    let value = states[token * dimension + column]
                    let sofar = output[offset + column]
                    output[offset + column] =
                        mode == .mean ? sofar + value : value > sofar || value.isNaN ? value : sofar
                }
            }
        }
        if mode == .mean {
            let scale = 1 / Float(tokens)
            for column in 0..<dimension { output[offset + column] *= scale }
        }
        guard normalizes else { return }
        var sum = 0.0
        for column in 0..<dimension { sum += Double(output[offset + column]) * Double(output[offset + column]) }
        // The floor is sentence-transformers' own: a vector of length 0 stays 0.
        let scale = Float(1 / max(sum.squareRoot(), 1e-12))
        for column in 0..<dimension { output[offset + column] *= scale }
    }
}
