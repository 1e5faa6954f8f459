internal import Storage
internal import TensorFiles

extension StaticEmbedder {
    /// Whether `config.json`, or a `modules.json` beside it, says that the folder holds a static model.
    static func isStatic(_ folder: ModelFolder) throws(EmbeddingError) -> Bool {
        if let configuration = try folder.optionalJSON(of: "config.json") {
            if configuration["model_type"]?.string == "model2vec" { return true }
            if configuration["architectures"]?.array?.first?.string == "StaticModel" { return true }
        }
        let modules = try folder.optionalJSON(of: "modules.json")?.array
        return modules?.first?["type"]?.string?.hasSuffix(".StaticEmbedding") ?? false
    }

    /// Reads `config.json`, `tokenizer.json` and `model.safetensors`.
    init(_ folder: ModelFolder) throws(EmbeddingError) {
        let configuration = Settings(
            folder: folder, file: "config.json",
            values: try folder.json(of: "config.json", neededFor: "it says whether embeddings are normalised"))
        _ = try folder.json(of: "tokenizer.json", neededFor: "the tokenizer is read from it")
        let tokenizer = try WordPieceTokenizer(folder, isStatic: true)
        let weightsPath = folder.path(of: "model.safetensors")
        let weights: SafetensorsFile
        do throws(StorageError) {
            weights = try SafetensorsFile(path: weightsPath)
        } catch {
            guard error.kind == .notFound else { throw EmbeddingError(.unreadable, path: error.path, error.message) }
            throw folder.missing("model.safetensors", neededFor: "the table of vectors is read from it")
        }
        let table = try StaticTable(weights, tokens: tokenizer.highestID + 1)
        let longest = try Self.longest(configuration)
        // As model2vec: Python's slice by max_length times the vocabulary's median length, both in scalars.
        let (scalars, overflow) = longest.multipliedReportingOverflow(by: Self.medianLength(tokenizer))
        self.init(
            dimension: table.dimension, digest: try Self.digest(folder, weights, tokenizer), maximumTokens: longest,
            tokenizer: tokenizer, table: table, repeats: try Self.repeats(configuration, folder),
            normalizes: try configuration.boolean("normalize", default: false),
            maximumScalars: longest == .max || overflow ? .max : scalars, path: folder.path,
            scratches: ScratchPool(StaticScratch(sums: StaticTable.Scratch(dimension: table.dimension))))
    }

    /// `max_length`: absent it is 512, as in model2vec; null is no limit.
    private static func longest(_ configuration: Settings) throws(EmbeddingError) -> Int {
        if configuration.values["max_length"]?.isNull == true { return .max }
        return try configuration.integer("max_length", in: 1...1_000_000_000, default: 512)
    }

    private static func repeats(
        _ configuration: Settings, _ folder: ModelFolder
    ) throws(EmbeddingError) -> StaticTable.Repeats {
        let name = try configuration.string("repeated_tokens", default: StaticTable.Repeats.sum.rawValue)
        guard let repeats = StaticTable.Repeats(rawValue: name) else {
            let known = StaticTable.Repeats.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: " and ")
            throw folder.unsupported("config.json", "\"repeated_tokens\" is \"\(name)\"; supported are \(known)")
        }
        return repeats
    }

    /// The median of the tokens' lengths in scalars, rounded down.
    private static func medianLength(_ tokenizer: WordPieceTokenizer) -> Int {
        var lengths = (0..<tokenizer.vocabularySize).map { id in
            tokenizer.piece(Int32(id)).count { $0 & 0xc0 != 0x80 }
        }
        // Numbers that no token has.
        .filter { $0 > 0 }
        lengths.sort()
        guard !lengths.isEmpty else { return 0 }
        let middle = lengths.count / 2
        return lengths.count % 2 == 1 ? lengths[middle] : (lengths[middle - 1] + lengths[middle]) / 2
    }

    private static func digest(
        _ folder: ModelFolder, _ weights: SafetensorsFile, _ tokenizer: WordPieceTokenizer
    ) throws(EmbeddingError) -> String {
        var digest = FileDigest()
        for name in ["config.json", "tokenizer.json"] {
            if let bytes = try folder.optionalBytes(of: name) { unsafe digest.add(name, bytes.span.bytes) }
        }
        digest.add("model.safetensors", weights.bytes)
        // Whose lengths texts are cut by is told only where there is a choice: other tables keep their digests.
        if (0..<tokenizer.vocabularySize).contains(where: { tokenizer.piece(Int32($0)).isEmpty }) {
            unsafe digest.add("lengths of the tokens there are", [UInt8]().span.bytes)
        }
        return digest.finish()
    }
}
