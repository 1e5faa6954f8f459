internal import Storage

/// Text to token ids, as the Hugging Face `tokenizers` package does it for BERT-like models.
///
/// Added tokens are cut out of the text; the rest is normalised (`BertNormalizer`), split at blanks and around
/// punctuation (`BertPreTokenizer`), and each word is taken apart into the longest pieces of the vocabulary
/// (`WordPiece`). Ids are identical to those of the package, for any input. Broken UTF-8 is first repaired with U+FFFD,
/// as Python's `bytes.decode("utf-8", "replace")` does.
///
/// Plain words (see ``PlainBytes``) are read straight from the text, and the ids of words met before come from a cache in
/// the ``Scratch``.
///
/// Source: Devlin et al., "BERT", arXiv 1810.04805; Song et al., "Fast WordPiece Tokenization", arXiv 2012.15524.
package struct WordPieceTokenizer: Sendable {
    /// What goes before and after a text's own tokens, for instance `[CLS]` and `[SEP]`.
    package let prefix: [Int32]
    package let suffix: [Int32]
    /// The id of a word that the vocabulary cannot spell.
    package let unknown: Int32

    let normalizer: BertNormalizer
    let vocabulary: WordPieceVocabulary
    /// Looked for in the text as it is, and in the normalised text.
    let addedTokens: AddedTokens
    let normalizedAddedTokens: AddedTokens
    /// A word of more scalars than this is unknown.
    let longestWord: Int
    private let plainBytes: PlainBytes
    /// Which tokenizer a scratch's cache is of; copies of a tokenizer share it.
    private let identity = Identity()

    fileprivate final class Identity: Sendable {}

    init(
        prefix: [Int32], suffix: [Int32], unknown: Int32, normalizer: BertNormalizer, vocabulary: WordPieceVocabulary,
        addedTokens: AddedTokens, normalizedAddedTokens: AddedTokens, longestWord: Int
    ) {
        self.prefix = prefix
        self.suffix = suffix
        self.unknown = unknown
        self.normalizer = normalizer
        self.vocabulary = vocabulary
        self.addedTokens = addedTokens
        self.normalizedAddedTokens = normalizedAddedTokens
        self.longestWord = longestWord
        plainBytes = PlainBytes(
            normalizer.characters, tokens: addedTokens, normalizedTokens: normalizedAddedTokens)
    }

    /// One more than the highest id of the vocabulary.
    package var vocabularySize: Int { vocabulary.pieces.count }

    /// A vocabulary piece's UTF-8 bytes, "##" included; empty for an id without one.
    package func piece(_ id: Int32) -> [UInt8] {
        vocabulary.pieces.indices.contains(Int(id)) ? vocabulary.pieces[Int(id)] : []
    }

    /// Memory that several calls use one after another; at most 1.5 MB beside what the longest text takes.
    package struct Scratch: Sendable {
        fileprivate var normalized: [UInt8] = []
        fileprivate var hashes: [UInt64] = []
        fileprivate var cache = WordCache()
        fileprivate var owner: Identity?

        package init() {}
    }

    /// The ids of a text.
    ///
    /// - Parameters:
    ///   - maximumCount: the text's own tokens are cut so that no more than this many ids come back, prefix and suffix
    ///     (which always stay) included.
    ///   - addsSpecialTokens: whether prefix and suffix are added.
    /// - Complexity: linear in the text.
    package func encode(_ text: String, maximumCount: Int = .max, addsSpecialTokens: Bool = true) -> [Int32] {
        var ids: [Int32] = []
        var scratch = Scratch()
        var text = text
        text.makeContiguousUTF8()
        let bytes = text.utf8.span
        encode(bytes, maximumCount: maximumCount, addsSpecialTokens: addsSpecialTokens, into: &ids, using: &scratch)
        return ids
    }

    /// The same for UTF-8 bytes, whole or broken; the ids are appended.
    package func encode(
        _ text: Span<UInt8>, maximumCount: Int = .max, addsSpecialTokens: Bool = true, into ids: inout [Int32],
        using scratch: inout Scratch
    ) {
        let specials = addsSpecialTokens ? prefix.count + suffix.count : 0
        precondition(maximumCount >= specials, "no room for the special tokens")
        if addsSpecialTokens { ids += prefix }
        let limit = maximumCount == .max ? .max : ids.count + maximumCount - specials
        if scratch.owner !== identity {
            scratch.cache = WordCache()
            scratch.owner = identity
        }
        appendPlain(text, limit: limit, to: &ids, &scratch)
        if ids.count > limit { ids.removeSubrange(limit...) }
        if addsSpecialTokens { ids += suffix }
    }

    /// Appends the pieces of plain words, and sends the others to ``appendAny(_:limit:to:_:)``, until there are `limit` ids
    /// or more.
    private func appendPlain(_ text: Span<UInt8>, limit: Int, to ids: inout [Int32], _ scratch: inout Scratch) {
        let codes = plainBytes.codes.span
        var key = WordKey()
        var wordStart = 0
        var position = 0
        while position < text.count {
            let code = codes[Int(text[position])]
            if code > PlainBytes.blank, code < PlainBytes.punctuationFlag {
                key.append(code)
                position += 1
                continue
            }
            if code == PlainBytes.other {
                // With the part of the word that was plain.
                var end = position + 1
                while end < text.count, codes[Int(text[end])] != PlainBytes.blank { end += 1 }
                appendAny(text.extracting(wordStart..<end), limit: limit, to: &ids, &scratch)
                position = end
            } else {
                if key.count > 0 { appendPlainWord(key, text, wordStart..<position, to: &ids, &scratch) }
                if code >= PlainBytes.punctuationFlag, ids.count < limit {
                    var mark = WordKey()
                    mark.append(code & ~PlainBytes.punctuationFlag)
                    appendPlainWord(mark, text, position..<position + 1, to: &ids, &scratch)
                }
                position += 1
            }
            if ids.count >= limit { return }
            key = WordKey()
            wordStart = position
        }
        if key.count > 0 { appendPlainWord(key, text, wordStart..<position, to: &ids, &scratch) }
    }

    /// - Parameter key: the word's normalised bytes; it stands at `range` of `text`.
    @inline(__always)
    private func appendPlainWord(
        _ key: WordKey, _ text: Span<UInt8>, _ range: Range<Int>, to ids: inout [Int32], _ scratch: inout Scratch
    ) {
        if key.count <= WordKey.capacity, scratch.cache.append(key, to: &ids) { return }
        appendUncachedPlainWord(key, text, range, to: &ids, &scratch)
    }

    @inline(never)
    private func appendUncachedPlainWord(
        _ key: WordKey, _ text: Span<UInt8>, _ range: Range<Int>, to ids: inout [Int32], _ scratch: inout Scratch
    ) {
        let codes = plainBytes.codes.span
        let first = ids.count
        var word = scratch.normalized
        scratch.normalized = []
        word.removeAll(keepingCapacity: true)
        for position in range { word.append(codes[Int(text[position])] & ~PlainBytes.punctuationFlag) }
        appendUncachedWord(word.span, 0..<word.count, to: &ids, &scratch.hashes)
        scratch.normalized = word
        if key.count <= WordKey.capacity { scratch.cache.insert(key, ids[first...]) }
    }

    /// Appends the pieces of any text, by the steps of the package one after another.
    @inline(never)
    private func appendAny(_ text: Span<UInt8>, limit: Int, to ids: inout [Int32], _ scratch: inout Scratch) {
        // Out of the scratch for the while, so that it can be read while the rest of the scratch is written.
        var normalized = scratch.normalized
        scratch.normalized = []
        defer { scratch.normalized = normalized }
        var position = 0
        while ids.count < limit, let segment = addedTokens.next(in: text, from: &position) {
            switch segment {
            case .token(let id): ids.append(id)
            case .text(let range):
                normalized.removeAll(keepingCapacity: true)
                normalizer.append(text.extracting(range), to: &normalized)
                appendNormalized(normalized.span, limit: limit, to: &ids, &scratch)
            }
        }
    }

    private func appendNormalized(_ text: Span<UInt8>, limit: Int, to ids: inout [Int32], _ scratch: inout Scratch) {
        var position = 0
        while ids.count < limit, let segment = normalizedAddedTokens.next(in: text, from: &position) {
            switch segment {
            case .token(let id): ids.append(id)
            case .text(let range): appendWords(text.extracting(range), limit: limit, to: &ids, &scratch)
            }
        }
    }

    /// Splits normalised text into words and appends their pieces, until there are `limit` ids or more.
    private func appendWords(_ text: Span<UInt8>, limit: Int, to ids: inout [Int32], _ scratch: inout Scratch) {
        let roles = normalizer.characters.roles.span
        var wordStart = 0
        var position = 0
        while position < text.count, ids.count < limit {
            let start = position
            let role = roles[Int(readScalar(text, at: &position))]
            if role == BertCharacters.Role.word.rawValue { continue }
            appendWord(text, wordStart..<start, to: &ids, &scratch)
            if role == BertCharacters.Role.punctuation.rawValue {
                appendWord(text, start..<position, to: &ids, &scratch)
            }
            wordStart = position
        }
        if ids.count < limit { appendWord(text, wordStart..<text.count, to: &ids, &scratch) }
    }

    private func appendWord(_ text: Span<UInt8>, _ range: Range<Int>, to ids: inout [Int32], _ scratch: inout Scratch) {
        guard !range.isEmpty else { return }
        guard range.count <= WordKey.capacity else {
            return appendUncachedWord(text, range, to: &ids, &scratch.hashes)
        }
        let key = WordKey(text, range)
        if scratch.cache.append(key, to: &ids) { return }
        let first = ids.count
        appendUncachedWord(text, range, to: &ids, &scratch.hashes)
        scratch.cache.insert(key, ids[first...])
    }

    private func appendUncachedWord(
        _ text: Span<UInt8>, _ range: Range<Int>, to ids: inout [Int32], _ hashes: inout [UInt64]
    ) {
        if range.count > longestWord {
            var scalars = 0
            for position in range where text[position] & 0xc0 != 0x80 { scalars += 1 }
            guard scalars <= longestWord else {
                ids.append(unknown)
                return
            }
        }
        if !vocabulary.append(text, range, to: &ids, hashes: &hashes) { ids.append(unknown) }
    }
}
