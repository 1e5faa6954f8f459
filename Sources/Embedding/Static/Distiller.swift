internal import Kernels
internal import TensorFiles

/// Makes a static table of a transformer: one vector for each piece of its vocabulary.
///
/// 1. Pieces that no text is ever split into ("[unused17]", "[CLS]") are left out.
/// 2. Each piece goes through the transformer by itself, between the special tokens, and is pooled as texts are.
/// 3. Where there are texts to learn from, ``TextRegression`` brings weighted sums of outputs near to the texts' embeddings.
/// 4. ``StaticProjection``: mean and first components off, principal components at equal variance, weights by frequency.
/// 5. ``StaticFolder`` writes what model2vec reads.
package struct Distiller: Sendable {
    package struct Settings: Sendable {
        package var dimension = 256
        /// How many of the first principal components are taken off.
        package var removedComponents = 1
        /// a of the weight a / (a + p).
        package var smoothing = 6e-4
        /// How many texts of middle length it takes to move a token half-way from its own output.
        package var strength = 5.0
        package var elementType = StaticElementType.int8

        package init() {}
    }

    /// Texts that one thread embeds at once; a text's embedding does not depend on its neighbours.
    private static let textsAtOnce = 64

    private let transformer: TransformerEmbedder
    /// The kept pieces' ids in the transformer's vocabulary, rising; the unknown token is among them.
    private let kept: [Int32]
    /// The table's token for each id of the transformer; −1 where it has none.
    private let tokens: [Int]
    private var words = WordPieceTokenizer.Scratch()
    private var counts: [Int]?
    /// Texts and the transformer's embeddings of them, row-major.
    private var texts = TextRegression.Texts()
    private var embeddings: [Float] = []

    /// - Parameter path: a transformer's folder.
    /// - Throws: what loading it throws; `unsupported` for an empty vocabulary.
    package init(transformer path: String) throws(EmbeddingError) {
        let folder = ModelFolder(path: path)
        transformer = try TransformerEmbedder(folder)
        let tokenizer = transformer.tokenizer
        let file = try folder.optionalJSON(of: "tokenizer.json")
        if let prefix = file?["model"]?["continuing_subword_prefix"]?.string, prefix != "##" {
            throw folder.unsupported(
                "tokenizer.json", "\"continuing_subword_prefix\" is \"\(prefix)\"; supported for distilling is \"##\"")
        }
        kept = (0..<Int32(tokenizer.vocabularySize)).filter {
            $0 == tokenizer.unknown || Self.isReachable($0, tokenizer)
        }
        guard kept.count > 1 else {
            throw folder.unsupported("tokenizer.json", "no text is split into pieces of its vocabulary")
        }
        var tokens = [Int](repeating: -1, count: tokenizer.highestID + 1)
        for (token, id) in kept.enumerated() { tokens[Int(id)] = token }
        self.tokens = tokens
    }

    /// How many vectors the table gets.
    package var tokenCount: Int { kept.count }

    /// How many numbers the transformer's embeddings have.
    package var hiddenDimension: Int { transformer.dimension }

    /// What the bits of the transformer's embeddings depend on, beside the texts and the platform.
    package var transformerIdentity: String {
        "\(transformer.digest) \(transformer.arithmetic.map { "\($0)" } ?? "-")"
    }

    /// Counts a text's tokens; once a text was counted, weights are fitted on the counts.
    package mutating func count(_ text: String) {
        let found = tableTokens(of: text)
        var counts = counts ?? [Int](repeating: 0, count: kept.count)
        self.counts = nil
        for token in found { counts[Int(token)] += 1 }
        self.counts = counts
    }

    /// Takes texts to learn from; once there are some, outputs are fitted to them.
    ///
    /// - Parameter vectors: the transformer's embeddings of them, `[texts.count × hiddenDimension]`, finite; those of
    ///   ``embed(_:workers:)``, or made elsewhere.
    package mutating func learn(_ texts: [String], vectors: [Float]) {
        precondition(vectors.count == texts.count * hiddenDimension)
        embeddings += vectors
        // The unknown token is no word.
        let unknown = Int32(tokens[Int(transformer.tokenizer.unknown)])
        for text in texts { self.texts.append(tableTokens(of: text).filter { $0 != unknown }) }
    }

    /// The transformer's embeddings of texts, `[texts.count × hiddenDimension]`.
    ///
    /// - Throws: `nonFinite`.
    package func embed(_ texts: [String], workers: Int) throws(EmbeddingError) -> [Float] {
        let transformer = transformer
        let blocks = Parallel.map(count: texts.count, blockSize: Self.textsAtOnce, workers: workers) { rows in
            Result { () throws(EmbeddingError) in try transformer.embed(Array(texts[rows])) }
        }
        var vectors: [Float] = []
        for block in blocks { vectors += try block.get().elements }
        return vectors
    }

    private mutating func tableTokens(of text: String) -> [Int32] {
        var text = text
        text.makeContiguousUTF8()
        var ids: [Int32] = []
        transformer.tokenizer.encode(text.utf8.span, addsSpecialTokens: false, into: &ids, using: &words)
        return ids.compactMap { tokens[Int($0)] < 0 ? nil : Int32(tokens[Int($0)]) }
    }

    /// The table. BLAS has to be set to one thread.
    ///
    /// - Parameter progress: told how many tokens went through the transformer, now and then.
    /// - Throws: `nonFinite`; `unsupported` where the outputs span fewer directions than the dimension asks for, and for
    ///   texts of which none has a known token.
    package func distil(
        _ settings: Settings, workers: Int, progress: @Sendable (Int) -> Void
    ) throws(EmbeddingError) -> StaticFolder {
        precondition(
            settings.dimension > 0 && settings.removedComponents >= 0 && settings.smoothing > 0 && settings.strength > 0
        )
        let tokenizer = transformer.tokenizer
        let pieces = kept.map { tokenizer.piece($0) }
        // The unknown token is no word, and counts for nothing: neither in the fit nor in a text.
        let unknown = tokens[Int(tokenizer.unknown)]
        var outputs = try transformer.outputs(ofTokens: kept, workers: workers, progress: progress)
        var probabilities = TokenProbabilities(pieces: pieces, counts: counts).values
        probabilities[unknown] = 0
        var cosines: (before: Double, after: Double)?
        if texts.count > 0 {
            (outputs, cosines) = try taught(outputs, probabilities, settings, workers: workers)
        }
        var rows: Matrix
        do throws(StaticProjection.TooFewDirections) {
            rows = try StaticProjection.rows(
                outputs, probabilities: probabilities, dimension: settings.dimension,
                removed: settings.removedComponents, smoothing: settings.smoothing)
        } catch {
            throw EmbeddingError(
                .unsupported, path: transformer.path,
                "its outputs for \(kept.count) tokens span \(error.found) directions after the removal of "
                    + "\(settings.removedComponents); a dimension of \(settings.dimension) is more than that")
        }
        for index in rows.range(ofRow: unknown) { rows.elements[index] = 0 }
        return StaticFolder(
            tokenizer: tokenizer, pieces: pieces, rows: rows, settings: settings, source: transformer.digest,
            isFitted: counts != nil, texts: texts.count, cosines: cosines)
    }

    private func taught(
        _ outputs: Matrix, _ probabilities: [Double], _ settings: Settings, workers: Int
    ) throws(EmbeddingError) -> (Matrix, cosines: (before: Double, after: Double)) {
        let weights = StaticProjection.weights(probabilities, smoothing: settings.smoothing)
        let centred = StaticProjection.centred(outputs, zip(probabilities, weights).map { $0 * $1 })
        let embeddings = Matrix(rows: texts.count, columns: outputs.columns, elements: embeddings)
        guard
            let fit = TextRegression(
                centred, weights: weights, texts: texts, embeddings: embeddings, strength: settings.strength,
                workers: workers)
        else {
            throw EmbeddingError(
                .unsupported, path: transformer.path, "none of the texts to learn from has a token that it knows")
        }
        return (fit.outputs(temperedBy: centred), fit.cosines)
    }

    /// Whether some text is split into pieces with this one among them.
    private static func isReachable(_ id: Int32, _ tokenizer: WordPieceTokenizer) -> Bool {
        let piece = tokenizer.piece(id)
        guard !piece.isEmpty else { return false }
        let marker = Array("##".utf8)
        func encode(_ bytes: [UInt8]) -> [Int32] {
            tokenizer.encode(String(decoding: bytes, as: UTF8.self), addsSpecialTokens: false)
        }
        guard piece.starts(with: marker), piece.count > marker.count else {
            // Punctuation stands alone; a piece with some in it is a special token, which the table does without.
            let isSpecial = piece.count > 1 && piece.contains(where: \.isASCIIPunctuation)
            return !isSpecial && encode(piece) == [id]
        }
        // One word of "a" and the piece's letters, whatever it is split into.
        let word = Array("a".utf8) + piece.dropFirst(marker.count)
        let split = encode(word)
        if split == [tokenizer.unknown] { return true }
        var spelled: [UInt8] = []
        for (index, part) in split.enumerated() {
            let bytes = tokenizer.piece(part)
            if index > 0, !bytes.starts(with: marker) { return false }
            spelled += index > 0 ? bytes.dropFirst(marker.count) : bytes[...]
        }
        return spelled == word
    }
}

extension UInt8 {
    fileprivate var isASCIIPunctuation: Bool {
        switch self {
        case 0x21...0x2f, 0x3a...0x40, 0x5b...0x60, 0x7b...0x7e: true
        default: false
        }
    }
}
