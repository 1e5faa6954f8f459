/// The words of one text: rising ids, how often each comes, and how many there are in all.
package struct TokenBag: Sendable, Hashable {
    package var ids: [UInt32]
    /// Saturating: 65,535 stands for that or more.
    package var counts: [UInt16]
    /// All words of the text, L.
    package var length: Int
    /// Where the text has several sentences: of each word the sentences that have it, the first in the lowest bit.
    package var sentences: [UInt16] = []
    /// The words of each sentence; none where the text is one.
    package var sentenceLengths: [UInt32] = []

    package init(ids: [UInt32], counts: [UInt16], length: Int) {
        precondition(ids.count == counts.count)
        self.ids = ids
        self.counts = counts
        self.length = length
    }

    /// - Parameter words: ids in any order, one for each word of the text.
    package init(words: [UInt32]) {
        self = TokenCounts(words: words).bag(0)
    }
}

/// The words of a block of texts, row after row: the sparse factors of their gradients.
///
/// Under a unigram model p the gradient of a text's loss by the model's logits is ∇L = L·p − c: the counts c and the length L
/// are all there is to keep.
package struct TokenCounts: Sendable {
    /// Row r has the entries `offsets[r] ..< offsets[r + 1]` of ``ids`` and ``counts``.
    package private(set) var offsets = [0]
    /// Rising in each row.
    package private(set) var ids: [UInt32] = []
    /// Saturating: 65,535 stands for that or more.
    package private(set) var counts: [UInt16] = []
    /// All words of each row.
    package private(set) var lengths: [UInt32] = []
    /// What is known of the sentences of rows that have several; of the others nothing.
    private var sentences: [Int: Sentences] = [:]

    private struct Sentences {
        var ofWords: [UInt16] = []
        var lengths: [UInt32] = []
    }

    /// Sentences that are told apart in a text; in one of more, neighbours are taken together.
    package static let mostSentences = 16

    package init() {}

    init(words: [UInt32]) {
        var words = words
        append(words: &words)
    }

    package init(texts: [String], tokenizer: WordTokenizer = WordTokenizer()) {
        var words: [UInt32] = []
        for text in texts { append(text.utf8Span.span, tokenizer, scratch: &words) }
    }

    /// The number of texts.
    package var rows: Int { lengths.count }

    /// Of each text.
    package var distinctWords: [Int] { zip(offsets, offsets.dropFirst()).map { $1 - $0 } }

    /// Appends a text.
    ///
    /// - Parameters:
    ///   - text: UTF-8.
    ///   - scratch: overwritten; kept by the caller so that no text allocates.
    package mutating func append(_ text: Span<UInt8>, _ tokenizer: WordTokenizer, scratch: inout [UInt32]) {
        scratch.removeAll(keepingCapacity: true)
        tokenizer.append(wordsOf: text, to: &scratch)
        append(words: &scratch)
    }

    /// Appends a text whose sentences are told apart.
    ///
    /// - Parameters:
    ///   - text: UTF-8.
    ///   - sentences: rising ranges of its bytes; what lies between two belongs to the one before.
    /// - Complexity: O(bytes + words · log words)
    package mutating func append(
        _ text: Span<UInt8>, sentences: [Range<Int>], _ tokenizer: WordTokenizer, scratch: inout [UInt32]
    ) {
        guard sentences.count > 1 else { return append(text, tokenizer, scratch: &scratch) }
        let words = tokenizer.words(of: text)
        // Each of as many sentences, but for the last.
        let together = (sentences.count + Self.mostSentences - 1) / Self.mostSentences
        var found = Sentences()
        found.lengths = [UInt32](repeating: 0, count: (sentences.count + together - 1) / together)
        // Words in the high bits and their sentence in the low ones, so that sorting brings a word's together.
        var keys: [UInt64] = []
        keys.reserveCapacity(words.count)
        var sentence = 0
        for word in words {
            while sentence + 1 < sentences.count, sentences[sentence + 1].lowerBound <= word.range.lowerBound {
                sentence += 1
            }
            keys.append(UInt64(word.id) << 8 | UInt64(sentence / together))
            found.lengths[sentence / together] += 1
        }
        keys.sort()
        scratch.removeAll(keepingCapacity: true)
        for key in keys {
            let id = UInt32(key >> 8)
            if id != scratch.last { found.ofWords.append(0) }
            found.ofWords[found.ofWords.count - 1] |= 1 << UInt16(key & 0xff)
            scratch.append(id)
        }
        self.sentences[rows] = found
        append(words: &scratch)
    }

    /// Appends a text by its words.
    ///
    /// - Parameter words: ids in any order; sorted on return.
    /// - Complexity: O(words · log words)
    package mutating func append(words: inout [UInt32]) {
        words.sort()
        var index = 0
        while index < words.count {
            let id = words[index]
            let first = index
            while index < words.count, words[index] == id { index += 1 }
            ids.append(id)
            counts.append(UInt16(clamping: index - first))
        }
        offsets.append(ids.count)
        lengths.append(UInt32(clamping: words.count))
    }

    package mutating func append(_ bag: TokenBag) {
        if !bag.sentenceLengths.isEmpty {
            sentences[rows] = Sentences(ofWords: bag.sentences, lengths: bag.sentenceLengths)
        }
        ids += bag.ids
        counts += bag.counts
        offsets.append(ids.count)
        lengths.append(UInt32(clamping: bag.length))
    }

    /// Of a row of several sentences: of each of its words the sentences that have it, and each sentence's words.
    package func sentences(ofRow row: Int) -> (ofWords: [UInt16], lengths: [UInt32])? {
        sentences[row].map { ($0.ofWords, $0.lengths) }
    }

    /// A copy of one row.
    package func bag(_ row: Int) -> TokenBag {
        let entries = offsets[row]..<offsets[row + 1]
        var bag = TokenBag(ids: Array(ids[entries]), counts: Array(counts[entries]), length: Int(lengths[row]))
        if let sentences = sentences[row] {
            (bag.sentences, bag.sentenceLengths) = (sentences.ofWords, sentences.lengths)
        }
        return bag
    }
}
