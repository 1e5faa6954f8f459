/// BERT: absolute positions counted from 0, and a token type, of which single texts only use the first.
///
/// Source: Devlin et al., arXiv 1810.04805; tensor names as in Hugging Face `transformers`.
struct BertModel: TransformerModel {
    static let name = "bert"

    let encoder: TransformerEncoder
    let embeddings: TokenEmbeddings
    let vocabularySize: Int

    init(_ configuration: Settings, _ weights: ModelWeights) throws(EmbeddingError) {
        let size = try TransformerDimensions(configuration)
        let kind = try configuration.string("position_embedding_type", default: "absolute")
        guard kind == "absolute" else {
            throw configuration.folder.unsupported(
                configuration.file, "\"position_embedding_type\" is \"\(kind)\"; supported is \"absolute\"")
        }
        let types = try configuration.integer("type_vocab_size", in: 1...1_000, default: 2)
        let hidden = size.hidden
        let typeEmbeddings = try weights.floats("embeddings.token_type_embeddings.weight", types, hidden)
        var positions = try weights.floats("embeddings.position_embeddings.weight", size.positions, hidden)
        for index in positions.indices { positions[index] += typeEmbeddings[index % hidden] }
        embeddings = TokenEmbeddings(
            words: try weights.floats("embeddings.word_embeddings.weight", size.vocabulary, hidden),
            positions: positions,
            norm: try weights.norm("embeddings.LayerNorm", hidden, epsilon: size.epsilon))
        vocabularySize = size.vocabulary

        var layers: [TransformerEncoder.Layer] = []
        for index in 0..<size.layers {
            let layer = "encoder.layer.\(index)"
            let attention = "\(layer).attention"
            layers.append(
                TransformerEncoder.Layer(
                    projection: try weights.linear(
                        joining: ["query", "key", "value"].map { "\(attention).self.\($0)" }, outputs: hidden,
                        inputs: hidden),
                    attentionOutput: try weights.linear("\(attention).output.dense", outputs: hidden, inputs: hidden),
                    attentionNorm: try weights.norm("\(attention).output.LayerNorm", hidden, epsilon: size.epsilon),
                    intermediate: try weights.linear(
                        "\(layer).intermediate.dense", outputs: size.intermediate, inputs: hidden),
                    output: try weights.linear("\(layer).output.dense", outputs: hidden, inputs: size.intermediate),
                    outputNorm: try weights.norm("\(layer).output.LayerNorm", hidden, epsilon: size.epsilon)))
        }
        encoder = TransformerEncoder(
            hidden: hidden, heads: size.heads, intermediate: size.intermediate, layers: layers, relativeBias: [],
            longest: size.positions)
    }

    func appendPositions(of ids: ArraySlice<Int32>, to positions: inout [Int32]) {
        for index in 0..<ids.count { positions.append(Int32(index)) }
    }
}
