internal import CKernels
internal import Storage
internal import TensorFiles

extension StaticTable {
    /// The name of the vectors' tensor: model2vec's, and that of a `StaticEmbedding` of sentence-transformers.
    private static let names = ["embeddings", "embedding.weight"]

    /// Reads the tensors as model2vec defines them: `embeddings` `[rows × dimension]`, integers or floats; optionally
    /// `mapping` `[tokens]`, the row of each token; optionally `weights` `[tokens]`, by which a token's row is
    /// multiplied. Mapping and weights are carried out here, so that a token is one row.
    ///
    /// - Parameter tokens: how many ids the tokenizer has.
    /// - Throws: `tensor`, `nonFinite`, `unsupported` where the numbers of tokens differ.
    init(_ file: SafetensorsFile, tokens: Int) throws(EmbeddingError) {
        func bad(_ message: String) -> EmbeddingError { EmbeddingError(.tensor, path: file.path, message) }
        guard let vectors = Self.names.lazy.compactMap({ file.tensor($0) }).first else {
            throw bad("has no tensor \"embeddings\" (nor \"embedding.weight\"); expected one row for each token")
        }
        guard vectors.shape.count == 2, vectors.shape[0] > 0, vectors.shape[1] > 0 else {
            throw bad(
                "tensor \"\(vectors.name)\" has the shape \(vectors.shape); expected [tokens, dimension], neither 0")
        }
        let (rows, dimension) = (vectors.shape[0], vectors.shape[1])
        let mapping = try Self.integers("mapping", file, tokens: tokens)
        if mapping == nil, rows != tokens {
            throw EmbeddingError(
                .unsupported, path: file.path,
                "tensor \"\(vectors.name)\" has \(rows) rows, but tokenizer.json has \(tokens) tokens; expected one row "
                    + "a token, or a tensor \"mapping\"")
        }
        if let row = mapping?.first(where: { !(0..<rows).contains($0) }) {
            throw bad("tensor \"mapping\" names the row \(row); tensor \"\(vectors.name)\" has \(rows) rows")
        }
        let weights = try Self.weights(file, tokens: tokens)
        if vectors.elementType == .integer8, weights == nil {
            let values = Self.integers(vectors, file)
            self.init(dimension: dimension, elements: .integers(Self.gather(values, mapping, dimension)))
            return
        }
        var values: [Float]
        if vectors.elementType == .integer8 {
            values = Self.integers(vectors, file).map { Float($0) }
        } else {
            values = try Self.floats(vectors, file)
        }
        values = Self.gather(values, mapping, dimension)
        if let weights {
            for (token, weight) in weights.enumerated() {
                for index in token * dimension..<(token + 1) * dimension { values[index] *= weight }
            }
        }
        let bad = unsafe Int(ck_first_not_finite(values, values.count))
        guard bad == values.count else {
            throw EmbeddingError(
                .nonFinite, path: file.path,
                "tensor \"\(vectors.name)\" gives token \(bad / dimension) the value \(values[bad]) in column "
                    + "\(bad % dimension); the file is damaged, or was made from a damaged model")
        }
        self.init(dimension: dimension, elements: .floats(values))
    }

    /// Row `mapping[token]` for each token.
    private static func gather<Element>(_ values: [Element], _ mapping: [Int]?, _ dimension: Int) -> [Element] {
        guard let mapping else { return values }
        var result: [Element] = []
        result.reserveCapacity(mapping.count * dimension)
        for row in mapping { result += values[row * dimension..<(row + 1) * dimension] }
        return result
    }

    private static func integers(_ tensor: SafetensorsFile.Tensor, _ file: SafetensorsFile) -> [Int8] {
        unsafe file.bytes.extracting(tensor.range).withUnsafeBytes { unsafe $0.map { Int8(bitPattern: $0) } }
    }

    private static func floats(
        _ tensor: SafetensorsFile.Tensor, _ file: SafetensorsFile
    ) throws(EmbeddingError) -> [Float] {
        do throws(StorageError) {
            return try file.floats(tensor.name, shape: tensor.shape)
        } catch {
            throw EmbeddingError(.tensor, path: error.path, error.message)
        }
    }

    private static func weights(_ file: SafetensorsFile, tokens: Int) throws(EmbeddingError) -> [Float]? {
        guard let tensor = file.tensor("weights") else { return nil }
        try check(tensor, file, tokens: tokens)
        return try floats(tensor, file)
    }

    private static func integers(_ name: String, _ file: SafetensorsFile, tokens: Int) throws(EmbeddingError) -> [Int]?
    {
        guard let tensor = file.tensor(name) else { return nil }
        try check(tensor, file, tokens: tokens)
        let bytes = file.bytes.extracting(tensor.range)
        func read<Value: FixedWidthInteger & BitwiseCopyable>(_: Value.Type) -> [Int] {
            (0..<tokens).map { index in
                let offset = index * MemoryLayout<Value>.size
                return Int(clamping: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Value.self))
            }
        }
        switch tensor.elementType {
        case .integer64: return read(Int64.self)
        case .integer32: return read(Int32.self)
        case .integer16: return read(Int16.self)
        case .unsignedInteger64: return read(UInt64.self)
        case .unsignedInteger32: return read(UInt32.self)
        case .unsignedInteger16: return read(UInt16.self)
        default:
            throw EmbeddingError(
                .tensor, path: file.path,
                "tensor \"\(name)\" has elements of \(tensor.elementType.rawValue); expected whole numbers")
        }
    }

    private static func check(
        _ tensor: SafetensorsFile.Tensor, _ file: SafetensorsFile, tokens: Int
    ) throws(EmbeddingError) {
        guard tensor.shape == [tokens] else {
            throw EmbeddingError(
                .unsupported, path: file.path,
                "tensor \"\(tensor.name)\" has the shape \(tensor.shape); expected [\(tokens)], one for each token of "
                    + "tokenizer.json")
        }
    }
}
