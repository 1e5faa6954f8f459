internal import Storage
internal import TensorFiles

/// An encoder with its token embeddings: token ids to one state a token.
protocol TransformerModel: Sendable {
    /// The value of `model_type` in `config.json`.
    static var name: String { get }

    var encoder: TransformerEncoder { get }
    var embeddings: TokenEmbeddings { get }
    var vocabularySize: Int { get }

    /// - Throws: `unsupported` for a configuration that it cannot compute, `tensor` when one is missing or misshapen.
    init(_ configuration: Settings, _ weights: ModelWeights) throws(EmbeddingError)

    /// Appends each token's row of the position embeddings.
    func appendPositions(of ids: ArraySlice<Int32>, to positions: inout [Int32])
}

/// What BERT's and MPNet's `config.json` say in the same words.
struct TransformerDimensions {
    let hidden: Int
    let layers: Int
    let heads: Int
    let intermediate: Int
    let vocabulary: Int
    let positions: Int
    let epsilon: Float

    init(_ configuration: Settings) throws(EmbeddingError) {
        hidden = try configuration.integer("hidden_size", in: 1...65_536)
        layers = try configuration.integer("num_hidden_layers", in: 1...1_000)
        heads = try configuration.integer("num_attention_heads", in: 1...1_000)
        intermediate = try configuration.integer("intermediate_size", in: 1...1_048_576)
        vocabulary = try configuration.integer("vocab_size", in: 1...10_000_000)
        positions = try configuration.integer("max_position_embeddings", in: 8...1_048_576)
        epsilon = Float(try configuration.number("layer_norm_eps", default: 1e-12))
        guard hidden % heads == 0 else {
            throw configuration.folder.unsupported(
                configuration.file, "\"hidden_size\" \(hidden) is not a multiple of \"num_attention_heads\" \(heads)")
        }
        let activation = try configuration.string("hidden_act", default: "gelu")
        guard activation == "gelu" else {
            throw configuration.folder.unsupported(
                configuration.file, "\"hidden_act\" is \"\(activation)\"; supported is \"gelu\"")
        }
    }
}

/// The tensors of `model.safetensors`, some of which are published with the architecture's name before theirs.
struct ModelWeights {
    let file: SafetensorsFile
    let prefix: String

    init(_ file: SafetensorsFile, architecture: String) {
        self.file = file
        let probe = "embeddings.word_embeddings.weight"
        prefix = file.tensor(probe) == nil && file.tensor("\(architecture).\(probe)") != nil ? "\(architecture)." : ""
    }

    func floats(_ name: String, _ shape: Int...) throws(EmbeddingError) -> [Float] {
        do throws(StorageError) {
            return try file.floats(prefix + name, shape: shape)
        } catch {
            throw EmbeddingError(.tensor, path: error.path, error.message)
        }
    }

    func linear(_ name: String, outputs: Int, inputs: Int) throws(EmbeddingError) -> LinearLayer {
        LinearLayer(
            weight: try floats("\(name).weight", outputs, inputs), bias: try floats("\(name).bias", outputs))
    }

    /// Several layers with the same inputs as one, their outputs one after another.
    func linear(joining names: [String], outputs: Int, inputs: Int) throws(EmbeddingError) -> LinearLayer {
        var weight: [Float] = []
        var bias: [Float] = []
        weight.reserveCapacity(names.count * outputs * inputs)
        for name in names {
            weight += try floats("\(name).weight", outputs, inputs)
            bias += try floats("\(name).bias", outputs)
        }
        return LinearLayer(weight: weight, bias: bias)
    }

    func norm(_ name: String, _ size: Int, epsilon: Float) throws(EmbeddingError) -> LayerNorm {
        LayerNorm(gain: try floats("\(name).weight", size), shift: try floats("\(name).bias", size), epsilon: epsilon)
    }
}
