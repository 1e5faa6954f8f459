internal import TensorFiles

/// What `modules.json`, the pooling module and `sentence_bert_config.json` of a sentence-transformers folder say.
struct SentenceModules {
    var pooling = SentencePooling(mode: .mean, normalizes: false)
    /// `nil` when the folder doesn't say.
    var maximumTokens: Int?
    /// The modules' own files that were read.
    var files: [String] = []

    /// - Parameters:
    ///   - hidden: the size of a token's state.
    ///   - positions: the longest sequence of the encoder.
    ///   - lowercases: whether the tokenizer makes text lower-case.
    init(_ folder: ModelFolder, hidden: Int, positions: Int, lowercases: Bool) throws(EmbeddingError) {
        let sentence = Settings(
            folder: folder, file: "sentence_bert_config.json",
            values: try folder.optionalJSON(of: "sentence_bert_config.json") ?? .object([]))
        if sentence.present("max_seq_length") != nil {
            maximumTokens = try sentence.integer("max_seq_length", in: 1...1_048_576)
        } else if let tokenizer = try folder.optionalJSON(of: "tokenizer_config.json"),
            let length = tokenizer["model_max_length"]?.integer
        {
            maximumTokens = min(length, positions)
        }
        if try sentence.boolean("do_lower_case", default: false), !lowercases {
            throw folder.unsupported(
                sentence.file, "\"do_lower_case\" is true, which is supported only where the tokenizer lowercases too")
        }
        if let prompt = try folder.optionalJSON(of: "config_sentence_transformers.json")?["default_prompt_name"]?.string
        {
            throw folder.unsupported(
                "config_sentence_transformers.json",
                "\"default_prompt_name\" is \"\(prompt)\"; prompts are not supported")
        }
        guard let modules = try folder.optionalJSON(of: "modules.json") else { return }
        for (index, entry) in (modules.array ?? []).enumerated() {
            let module = Settings(folder: folder, file: "modules.json", values: entry)
            let type = try module.string("type")
            let path = try module.string("path", default: "")
            switch type.split(separator: ".").last ?? "" {
            case "Transformer" where index == 0:
                guard path.isEmpty else {
                    throw folder.unsupported(
                        "modules.json", "its Transformer lies in \"\(path)\"; supported is the folder itself")
                }
            case "Pooling" where index == 1: try read(pooling: "\(path)/config.json", folder, hidden: hidden)
            case "Normalize" where index == 2: pooling.normalizes = true
            default:
                throw folder.unsupported(
                    "modules.json",
                    "has the module \"\(type)\" at place \(index); supported are Transformer, Pooling and, optionally, "
                        + "Normalize, in this order")
            }
        }
    }

    private mutating func read(pooling name: String, _ folder: ModelFolder, hidden: Int) throws(EmbeddingError) {
        let settings = Settings(
            folder: folder, file: name,
            values: try folder.json(of: name, neededFor: "modules.json names it as the pooling's configuration"))
        files.append(name)
        let prefix = "pooling_mode_"
        var modes: [String] = []
        for member in settings.values.members ?? [] where member.key.hasPrefix(prefix) {
            if try settings.boolean(member.key, default: false) {
                modes.append(String(member.key.dropFirst(prefix.count)))
            }
        }
        if let mode = settings.present("pooling_mode") {
            modes = mode.string.map { [$0] } ?? mode.array?.compactMap(\.string) ?? []
        }
        switch modes {
        case ["mean_tokens"], ["mean"]: pooling.mode = .mean
        case ["cls_token"], ["cls"]: pooling.mode = .firstToken
        case ["max_tokens"], ["max"]: pooling.mode = .maximum
        default:
            throw folder.unsupported(
                name, "pools by \(modes); supported is exactly one of mean_tokens, cls_token and max_tokens")
        }
        for key in ["word_embedding_dimension", "embedding_dimension"] where settings.present(key) != nil {
            let dimension = try settings.integer(key, in: 1...65_536)
            guard dimension == hidden else {
                throw folder.unsupported(name, "\"\(key)\" is \(dimension); config.json's \"hidden_size\" is \(hidden)")
            }
        }
    }
}
