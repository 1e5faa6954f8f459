internal import Kernels
package import Storage

/// How a table's numbers are stored.
package enum StaticElementType: String, Sendable, CaseIterable {
    /// Whole numbers from −127 to 127, in proportion: an embedding of length 1 is the same at any scale.
    case int8
    case float16
    case float32

    /// As safetensors names it.
    var name: String {
        switch self {
        case .int8: "I8"
        case .float16: "F16"
        case .float32: "F32"
        }
    }
}

/// A static model as model2vec writes it: `model.safetensors`, `tokenizer.json`, `config.json`, and for
/// sentence-transformers `modules.json`. The same rows give the same bytes.
package struct StaticFolder: Sendable {
    package let tokenizer: WordPieceTokenizer
    /// The pieces by token, and their rows `[pieces.count × dimension]`.
    let pieces: [[UInt8]]
    let rows: Matrix
    let settings: Distiller.Settings
    /// The digest of the transformer.
    let source: String
    /// Whether the weights are fitted on a corpus.
    let isFitted: Bool
    /// How many texts the outputs were fitted to.
    let texts: Int
    /// The mean cosine of those texts' sums of tokens with the transformer's embeddings, before and after.
    package let cosines: (before: Double, after: Double)?

    /// Whether a table may be written to a folder: there is no model in it, or a static one, which is then replaced.
    package static func mayReplace(_ path: String) -> Bool {
        let folder = ModelFolder(path: path)
        do {
            return try folder.optionalBytes(of: "config.json") == nil || StaticEmbedder.isStatic(folder)
        } catch {
            return false
        }
    }

    /// Writes the files into a folder that is there; those of an earlier table are replaced.
    package func write(to path: String) throws(StorageError) {
        try DurableFile.write(tensors().span.rawBytes, to: "\(path)/model.safetensors")
        try DurableFile.write(tokenizerJSON, to: "\(path)/tokenizer.json")
        try DurableFile.write(configurationJSON, to: "\(path)/config.json")
        try DurableFile.write(Self.modulesJSON, to: "\(path)/modules.json")
    }

    // MARK: model.safetensors

    private func tensors() -> [UInt8] {
        let body = body()
        var header =
            "{\"embeddings\":{\"dtype\":\"\(settings.elementType.name)\",\"shape\":[\(rows.rows),\(rows.columns)],"
            + "\"data_offsets\":[0,\(body.count)]}}"
        // The data begins at a multiple of 8, as the format's own library has it.
        header += String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
        var result: [UInt8] = []
        result.reserveCapacity(8 + header.utf8.count + body.count)
        for shift in stride(from: 0, to: 64, by: 8) { result.append(UInt8(header.utf8.count >> shift & 0xff)) }
        result += Array(header.utf8)
        return result + body
    }

    private func body() -> [UInt8] {
        switch settings.elementType {
        case .int8:
            let largest = rows.elements.reduce(0) { max($0, $1.magnitude) }
            let scale = largest > 0 ? 127 / largest : 0
            return rows.elements.map { UInt8(bitPattern: Int8(($0 * scale).rounded(.toNearestOrEven))) }
        case .float16:
            return rows.elements.flatMap { element in
                let bits = Float16(element).bitPattern
                return [UInt8(bits & 0xff), UInt8(bits >> 8)]
            }
        case .float32:
            return rows.elements.flatMap { element in
                let bits = element.bitPattern
                return (0..<4).map { UInt8(bits >> (8 * UInt32($0)) & 0xff) }
            }
        }
    }

    // MARK: JSON

    /// Without special tokens, padding and cut: a text is nothing but its own tokens.
    private var tokenizerJSON: String {
        let options = tokenizer.normalizer.characters.options
        let vocabulary = pieces.enumerated().map { "\(Self.quoted($1)):\($0)" }
        return """
            {"version":"1.0","truncation":null,"padding":null,"added_tokens":[],\
            "normalizer":{"type":"BertNormalizer","clean_text":\(options.cleansText),\
            "handle_chinese_chars":\(options.separatesChinese),"strip_accents":\(options.stripsAccents),\
            "lowercase":\(options.lowercases)},"pre_tokenizer":{"type":"BertPreTokenizer"},"post_processor":null,\
            "decoder":{"type":"WordPiece","prefix":"##","cleanup":true},\
            "model":{"type":"WordPiece","unk_token":\(Self.quoted(tokenizer.piece(tokenizer.unknown))),\
            "continuing_subword_prefix":"##","max_input_chars_per_word":\(tokenizer.longestWord),\
            "vocab":{\(vocabulary.joined(separator: ","))}}}

            """
    }

    private var configurationJSON: String {
        """
        {
            "model_type": "model2vec",
            "architectures": ["StaticModel"],
            "distilled_from": "sha256:\(source)",
            "apply_pca": \(rows.columns),
            "removed_components": \(settings.removedComponents),
            "sif_coefficient": \(settings.smoothing),
            "frequencies": "\(isFitted ? "corpus and vocabulary" : "vocabulary")",
            "learned_from_texts": \(texts),
            "hidden_dim": \(rows.columns),
            "seq_length": 1000000,
            "max_length": null,
            "normalize": true,
            "repeated_tokens": "\(StaticTable.Repeats.squareRoot.rawValue)",
            "embedding_dtype": "\(settings.elementType.rawValue)"
        }

        """
    }

    private static let modulesJSON = """
        [
            {"idx": 0, "name": "0", "path": ".", "type": "sentence_transformers.models.StaticEmbedding"},
            {"idx": 1, "name": "1", "path": "1_Normalize", "type": "sentence_transformers.models.Normalize"}
        ]

        """

    /// A JSON string.
    private static func quoted(_ bytes: [UInt8]) -> String {
        var text = "\""
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\u{0}"..<" ":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
