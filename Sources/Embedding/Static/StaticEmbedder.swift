package import Kernels
internal import Synchronization

/// A static model: a text's embedding is the mean of its tokens' vectors, each looked up in a table.
///
/// Reads folders as model2vec writes them, and gives what model2vec gives: the text's own tokens without special ones,
/// cut at `max_length` where `config.json` says so, without unknown ones; their rows' mean; divided by its length where
/// `normalize` is set. A text without a known token gets zeros. A table of our own may say `"repeated_tokens":
/// "square_root"`: then a token that comes n times weighs √n and not n.
///
/// Every text is embedded by itself, so neighbours, threads and instruction sets do not change a bit.
package struct StaticEmbedder: Embedder {
    package let dimension: Int
    package let digest: String
    /// `Int.max` where texts are not cut.
    package let maximumTokens: Int
    package let tokenizer: WordPieceTokenizer

    let table: StaticTable
    let repeats: StaticTable.Repeats
    let normalizes: Bool
    /// Scalars of a text that are read at all; model2vec cuts so before it splits, to save time.
    let maximumScalars: Int
    let path: String
    let scratches: ScratchPool

    package var isStatic: Bool { true }

    package func embed(_ texts: [String]) throws(EmbeddingError) -> Matrix {
        var result = Matrix(rows: texts.count, columns: dimension)
        var scratch = scratches.take()
        defer { scratches.give(scratch) }
        var output = result.elements.mutableSpan
        for (row, var text) in texts.enumerated() {
            text.makeContiguousUTF8()
            let bytes = text.utf8.span
            scratch.ids.removeAll(keepingCapacity: true)
            tokenizer.encode(
                bytes.extracting(first: length(of: bytes)), maximumCount: maximumTokens, addsSpecialTokens: false,
                into: &scratch.ids, using: &scratch.words)
            if scratch.ids.contains(tokenizer.unknown) { scratch.ids.removeAll { $0 == tokenizer.unknown } }
            let isFinite = table.pool(
                scratch.ids, repeats: repeats, normalizes: normalizes, into: &output, at: row * dimension,
                using: &scratch.sums)
            guard isFinite else {
                throw EmbeddingError(
                    .nonFinite, path: path,
                    "gives the text at index \(row) an embedding that is not finite; the table's values are beyond "
                        + "single precision when they are added up")
            }
        }
        return result
    }

    /// The bytes of the first ``maximumScalars`` scalars.
    private func length(of text: Span<UInt8>) -> Int {
        guard text.count > maximumScalars else { return text.count }
        var scalars = 0
        for index in text.indices where text[index] & 0xc0 != 0x80 {
            if scalars == maximumScalars { return index }
            scalars += 1
        }
        return text.count
    }

    package func similarWords(to words: [String], count: Int) -> [String: [String]] {
        let table = table
        return VocabularyNeighbours(tokenizer, dimension: dimension) { table.row($0) }.similarWords(
            to: words, count: count)
    }
}

/// What one call works with: remembered words and sums.
struct StaticScratch: Sendable {
    var words = WordPieceTokenizer.Scratch()
    var sums: StaticTable.Scratch
    var ids: [Int32] = []
}

/// Scratch that calls hand on to later ones, so that words stay remembered; there are as many as threads at work.
final class ScratchPool: Sendable {
    private let idle = Mutex<[StaticScratch]>([])
    private let fresh: StaticScratch

    init(_ fresh: StaticScratch) { self.fresh = fresh }

    func take() -> StaticScratch { idle.withLock { $0.popLast() } ?? fresh }

    func give(_ scratch: consuming StaticScratch) {
        let scratch = scratch
        idle.withLock { $0.append(scratch) }
    }
}
