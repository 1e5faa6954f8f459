private import Foundation

/// MPNet: positions counted from after the padding's id, and a bias on the attention scores that depends on the
/// logarithmically bucketed distance of key and query and is shared by all layers.
///
/// Source: Song et al., arXiv 2004.09297; tensor names, positions and buckets as in Hugging Face `transformers`.
struct MPNetModel: TransformerModel {
    static let name = "mpnet"

    let encoder: TransformerEncoder
    let embeddings: TokenEmbeddings
    let vocabularySize: Int
    private let padding: Int32

    init(_ configuration: Settings, _ weights: ModelWeights) throws(EmbeddingError) {
        let size = try TransformerDimensions(configuration)
        let hidden = size.hidden
        let padding = try configuration.integer("pad_token_id", in: 0...size.positions - 3, default: 1)
        self.padding = Int32(padding)
        embeddings = TokenEmbeddings(
            words: try weights.floats("embeddings.word_embeddings.weight", size.vocabulary, hidden),
            positions: try weights.floats("embeddings.position_embeddings.weight", size.positions, hidden),
            norm: try weights.norm("embeddings.LayerNorm", hidden, epsilon: size.epsilon))
        vocabularySize = size.vocabulary

        var layers: [TransformerEncoder.Layer] = []
        for index in 0..<size.layers {
            let layer = "encoder.layer.\(index)"
            let attention = "\(layer).attention"
            layers.append(
                TransformerEncoder.Layer(
                    projection: try weights.linear(
                        joining: ["q", "k", "v"].map { "\(attention).attn.\($0)" }, outputs: hidden, inputs: hidden),
                    attentionOutput: try weights.linear("\(attention).attn.o", outputs: hidden, inputs: hidden),
                    attentionNorm: try weights.norm("\(attention).LayerNorm", hidden, epsilon: size.epsilon),
                    intermediate: try weights.linear(
                        "\(layer).intermediate.dense", outputs: size.intermediate, inputs: hidden),
                    output: try weights.linear("\(layer).output.dense", outputs: hidden, inputs: size.intermediate),
                    outputNorm: try weights.norm("\(layer).output.LayerNorm", hidden, epsilon: size.epsilon)))
        }

        let longest = size.positions - padding - 1
        let buckets = try configuration.integer("relative_attention_num_buckets", in: 4...511, default: 32)
        let table = try weights.floats("encoder.relative_attention_bias.weight", buckets, size.heads)
        let rows = (1 - longest...longest - 1).map { Self.bucket(ofDistance: $0, buckets: buckets) }
        encoder = TransformerEncoder(
            hidden: hidden, heads: size.heads, intermediate: size.intermediate, layers: layers,
            relativeBias: (0..<size.heads).flatMap { head in rows.map { table[$0 * size.heads + head] } },
            longest: longest)
    }

    /// A literal padding token in the text stays at the padding's position and isn't counted.
    func appendPositions(of ids: ArraySlice<Int32>, to positions: inout [Int32]) {
        var next = padding
        for id in ids {
            if id != padding { next += 1 }
            positions.append(id == padding ? padding : next)
        }
    }

    /// The bucket of a key − query distance: half of them for keys to the right; in each half one bucket a distance up
    /// to a half of it, then logarithmically up to a distance of 128, which
    /// has to be more than a fourth of them.
    static func bucket(ofDistance distance: Int, buckets: Int) -> Int {
        let half = buckets / 2
        let exact = half / 2
        let magnitude = abs(distance)
        let side = distance > 0 ? half : 0
        if magnitude < exact { return side + magnitude }
        // In single precision, as the reference computes it: it decides where the borders lie.
        let position = log(Float(magnitude) / Float(exact)) / Float(log(128 / Double(exact))) * Float(half - exact)
        return side + min(exact + Int(position), half - 1)
    }
}
