internal import Storage
internal import TensorFiles

extension TransformerEmbedder {
    /// The architectures that can be computed.
    static let architectures: [any TransformerModel.Type] = [BertModel.self, MPNetModel.self]

    /// Reads a folder as sentence-transformers publishes it: `config.json`, `model.safetensors`, the tokenizer's files,
    /// and, where they are there, `modules.json`, the pooling module's `config.json` and `sentence_bert_config.json`.
    /// Without `modules.json` the tokens' mean is taken and not normalised, as sentence-transformers does.
    init(_ folder: ModelFolder) throws(EmbeddingError) {
        let configuration = Settings(
            folder: folder, file: "config.json",
            values: try folder.json(of: "config.json", neededFor: "it names the architecture"))
        let name = try configuration.string("model_type")
        guard let architecture = Self.architectures.first(where: { $0.name == name }) else {
            let supported = Self.architectures.map { "\"\($0.name)\"" }.joined(separator: " and ")
            throw folder.unsupported(
                "config.json", "\"model_type\" is \"\(name)\"; supported are \(supported)"
            )
        }
        let weightsPath = folder.path(of: "model.safetensors")
        let weights: SafetensorsFile
        do throws(StorageError) {
            weights = try SafetensorsFile(path: weightsPath)
        } catch {
            guard error.kind == .notFound else { throw EmbeddingError(.unreadable, path: error.path, error.message) }
            throw folder.missing("model.safetensors", neededFor: "the weights are read from it (other formats are not)")
        }
        let model = try architecture.init(configuration, ModelWeights(weights, architecture: name))
        let tokenizer = try WordPieceTokenizer(folder, isMPNet: name == MPNetModel.name)
        guard tokenizer.highestID < model.vocabularySize else {
            throw folder.unsupported(
                "config.json",
                "\"vocab_size\" is \(model.vocabularySize), but the tokenizer's ids go up to \(tokenizer.highestID)")
        }
        let modules = try SentenceModules(
            folder, hidden: model.encoder.hidden, positions: model.encoder.longest, lowercases: tokenizer.lowercases)
        let specials = tokenizer.prefix.count + tokenizer.suffix.count
        let maximumTokens = modules.maximumTokens ?? model.encoder.longest
        guard (specials + 1...model.encoder.longest).contains(maximumTokens) else {
            throw folder.unsupported(
                "sentence_bert_config.json",
                "\"max_seq_length\" is \(maximumTokens); this model has positions for \(specials + 1)...\(model.encoder.longest)"
            )
        }
        self.init(
            dimension: model.encoder.hidden, digest: try Self.digest(folder, weights, modules),
            maximumTokens: maximumTokens,
            tokenizer: tokenizer, architecture: name, model: model, pooling: modules.pooling, path: folder.path)
    }

    private static func digest(
        _ folder: ModelFolder, _ weights: SafetensorsFile, _ modules: SentenceModules
    ) throws(EmbeddingError) -> String {
        var digest = FileDigest()
        let names = [
            "config.json", "config_sentence_transformers.json", "modules.json", "sentence_bert_config.json",
            "tokenizer.json", "tokenizer_config.json",
            "vocab.txt",
        ]
        for name in names + modules.files {
            if let bytes = try folder.optionalBytes(of: name) { unsafe digest.add(name, bytes.span.bytes) }
        }
        digest.add("model.safetensors", weights.bytes)
        return digest.finish()
    }
}

extension WordPieceTokenizer {
    /// Of any token that ``encode(_:maximumCount:addsSpecialTokens:)`` can give.
    var highestID: Int {
        let specials = (prefix + suffix + [unknown]).map { Int($0) }
        return max(
            vocabularySize - 1, addedTokens.highestID ?? 0, normalizedAddedTokens.highestID ?? 0, specials.max() ?? 0)
    }

    var lowercases: Bool { normalizer.characters.options.lowercases }
}
