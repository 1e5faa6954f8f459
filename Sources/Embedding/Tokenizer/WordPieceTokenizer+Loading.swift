internal import TensorFiles

extension WordPieceTokenizer {
    /// The tokenizer of a model folder: from `tokenizer.json`, or from `vocab.txt` when there is none; in both cases
    /// `tokenizer_config.json`, where it says something, has the last word on lower case, accents and Chinese.
    ///
    /// - Throws: `missingFile` when neither is there, `unreadable`, `unsupported` for another kind of tokenizer.
    package init(folder path: String) throws(EmbeddingError) {
        try self.init(ModelFolder(path: path), isMPNet: false)
    }

    /// - Parameters:
    ///   - isMPNet: decides the special tokens where only `vocab.txt` is there and nothing names them.
    ///   - isStatic: whether `tokenizer.json` alone counts, as in model2vec.
    init(_ folder: ModelFolder, isMPNet: Bool = false, isStatic: Bool = false) throws(EmbeddingError) {
        let configuration = Settings(
            folder: folder, file: "tokenizer_config.json",
            values: isStatic ? .object([]) : try folder.optionalJSON(of: "tokenizer_config.json") ?? .object([]))
        if let tokenizer = try folder.optionalJSON(of: "tokenizer.json") {
            try self.init(tokenizer, configuration)
        } else if let vocabulary = try folder.optionalBytes(of: "vocab.txt") {
            try self.init(vocabularyFile: vocabulary, configuration, isMPNet: isMPNet)
        } else {
            throw folder.missing("tokenizer.json", neededFor: "the tokenizer is read from it, or else from vocab.txt")
        }
    }

    private init(_ tokenizer: JSONValue, _ configuration: Settings) throws(EmbeddingError) {
        let file = Settings(folder: configuration.folder, file: "tokenizer.json", values: tokenizer)
        func unsupported(_ message: String) -> EmbeddingError { file.folder.unsupported(file.file, message) }
        func part(_ key: String, type: String) throws(EmbeddingError) -> Settings {
            guard let value = file.present(key) else { throw unsupported("has no \"\(key)\"; supported is \(type)") }
            let settings = Settings(folder: file.folder, file: file.file, values: value)
            let found = try settings.string("type", default: type)
            guard found == type else { throw unsupported("\"\(key)\" is a \(found); supported is \(type)") }
            return settings
        }

        let model = try part("model", type: "WordPiece")
        let normalization = try part("normalizer", type: "BertNormalizer")
        _ = try part("pre_tokenizer", type: "BertPreTokenizer")
        var options = BertCharacters.Options()
        options.cleansText = try normalization.boolean("clean_text", default: true)
        options.separatesChinese = try normalization.boolean("handle_chinese_chars", default: true)
        options.lowercases = try normalization.boolean("lowercase", default: true)
        options.stripsAccents = try normalization.boolean("strip_accents", default: options.lowercases)
        let normalizer = BertNormalizer(try options.overridden(by: configuration))

        guard let members = model.present("vocab")?.members else {
            throw unsupported("its model has no \"vocab\" object")
        }
        var pieces: [(bytes: [UInt8], id: Int32)] = []
        pieces.reserveCapacity(members.count)
        for member in members {
            guard let id = member.value.integer, (0..<10_000_000).contains(id) else {
                throw unsupported("the id of the piece \"\(member.key)\" is not a whole number in 0..<10000000")
            }
            pieces.append((Array(member.key.utf8), Int32(id)))
        }
        let vocabulary = WordPieceVocabulary(
            pieces, continuationPrefix: Array(try model.string("continuing_subword_prefix", default: "##").utf8))
        let unknownPiece = try model.string("unk_token", default: "[UNK]")
        guard let unknown = vocabulary.id(of: Array(unknownPiece.utf8)) else {
            throw unsupported("its vocabulary lacks the unknown token \"\(unknownPiece)\"")
        }

        var raw: [(bytes: [UInt8], id: Int32)] = []
        var normalized: [(bytes: [UInt8], id: Int32)] = []
        for value in file.present("added_tokens")?.array ?? [] {
            let token = Settings(folder: file.folder, file: file.file, values: value)
            let content = Array(try token.string("content").utf8)
            let id = Int32(try token.integer("id", in: 0...9_999_999))
            guard try !token.boolean("single_word", default: false) else {
                throw unsupported(
                    "the added token \"\(try token.string("content"))\" is single_word, which is not supported")
            }
            if try token.boolean("normalized", default: false) {
                var bytes: [UInt8] = []
                normalizer.append(content.span, to: &bytes)
                normalized.append((bytes, id))
            } else {
                raw.append((content, id))
            }
        }
        let ends = try Self.template(file)
        self.init(
            prefix: ends.prefix, suffix: ends.suffix, unknown: unknown, normalizer: normalizer, vocabulary: vocabulary,
            addedTokens: AddedTokens(raw), normalizedAddedTokens: AddedTokens(normalized),
            longestWord: try model.integer("max_input_chars_per_word", in: 1...1_000_000, default: 100))
    }

    /// The special tokens around a single text, from the post-processor.
    private static func template(_ file: Settings) throws(EmbeddingError) -> (prefix: [Int32], suffix: [Int32]) {
        func unsupported(_ message: String) -> EmbeddingError { file.folder.unsupported(file.file, message) }
        guard let value = file.present("post_processor") else { return ([], []) }
        let processor = Settings(folder: file.folder, file: file.file, values: value)
        switch try processor.string("type") {
        case "BertProcessing", "RobertaProcessing":
            guard let start = value["cls"]?.array?.last?.integer, let end = value["sep"]?.array?.last?.integer else {
                throw unsupported("its post_processor lacks \"cls\" or \"sep\" with an id")
            }
            return (try specialIDs([start], file), try specialIDs([end], file))
        case "TemplateProcessing":
            var prefix: [Int32] = []
            var suffix: [Int32] = []
            var texts = 0
            for part in value["single"]?.array ?? [] {
                if part["Sequence"] != nil {
                    texts += 1
                } else if let name = part["SpecialToken"]?["id"]?.string,
                    let ids = value["special_tokens"]?[name]?["ids"]?.array?.compactMap(\.integer)
                {
                    let ids = try specialIDs(ids, file)
                    if texts == 0 { prefix += ids } else { suffix += ids }
                } else {
                    throw unsupported("its post_processor's template names a special token without ids")
                }
            }
            guard texts == 1 else {
                throw unsupported("its post_processor's template for a single text has \(texts) texts")
            }
            return (prefix, suffix)
        case let type:
            throw unsupported(
                "its post_processor is a \(type); supported are TemplateProcessing, BertProcessing and RobertaProcessing"
            )
        }
    }

    private static func specialIDs(_ ids: [Int], _ file: Settings) throws(EmbeddingError) -> [Int32] {
        if let id = ids.first(where: { !(0..<10_000_000).contains($0) }) {
            throw file.folder.unsupported(
                file.file, "its post_processor has the id \(id); expected one in 0..<10000000")
        }
        return ids.map { Int32($0) }
    }

    private init(vocabularyFile bytes: [UInt8], _ configuration: Settings, isMPNet: Bool) throws(EmbeddingError) {
        let folder = configuration.folder
        // Lines as Python reads them: "\r\n" and "\r" end a line too.
        var lines: [[UInt8]] = [[]]
        for (index, byte) in bytes.enumerated() {
            if byte == 0x0a, index > 0, bytes[index - 1] == 0x0d { continue }
            if byte == 0x0a || byte == 0x0d { lines.append([]) } else { lines[lines.count - 1].append(byte) }
        }
        if lines.last == [] { lines.removeLast() }
        let vocabulary = WordPieceVocabulary(
            lines.enumerated().map { ($1, Int32($0)) }, continuationPrefix: Array("##".utf8))

        func special(_ key: String, _ fallback: String) throws(EmbeddingError) -> (bytes: [UInt8], id: Int32) {
            let value = configuration.present(key)
            let piece = value?.string ?? value?["content"]?.string ?? fallback
            guard let id = vocabulary.id(of: Array(piece.utf8)) else {
                throw folder.unsupported("vocab.txt", "lacks the special token \"\(piece)\" (\(key))")
            }
            return (Array(piece.utf8), id)
        }
        let start = try special("cls_token", isMPNet ? "<s>" : "[CLS]")
        let end = try special("sep_token", isMPNet ? "</s>" : "[SEP]")
        let unknown = try special("unk_token", "[UNK]")
        let others = [
            try special("pad_token", isMPNet ? "<pad>" : "[PAD]"),
            try special("mask_token", isMPNet ? "<mask>" : "[MASK]"),
        ]
        self.init(
            prefix: [start.id], suffix: [end.id], unknown: unknown.id,
            normalizer: BertNormalizer(try BertCharacters.Options().overridden(by: configuration)),
            vocabulary: vocabulary,
            addedTokens: AddedTokens([start, end, unknown] + others), normalizedAddedTokens: AddedTokens([]),
            longestWord: 100)
    }
}

extension BertCharacters.Options {
    /// `do_lower_case`, `strip_accents` and `tokenize_chinese_chars`, where `tokenizer_config.json` has them.
    fileprivate func overridden(by configuration: Settings) throws(EmbeddingError) -> Self {
        var options = self
        options.lowercases = try configuration.boolean("do_lower_case", default: lowercases)
        if options.lowercases != lowercases { options.stripsAccents = options.lowercases }
        options.stripsAccents = try configuration.boolean("strip_accents", default: options.stripsAccents)
        options.separatesChinese = try configuration.boolean("tokenize_chinese_chars", default: separatesChinese)
        return options
    }
}
