internal import Corpus
package import Pipeline
internal import Probing
internal import Storage

/// The words of every row: the token probe's pseudo-labels and the factors of its gradients.
package struct TokenizeStage: Stage {
    package struct Parameters: Codable, Sendable {}

    package static let name = "tokenize"
    package static let version = 2
    package let parameters = Parameters()

    package var granularity: Granularity { .shard }
    package static func erasure(of artifact: Artifact) -> Erasure { .rows }
    package var inputs: [StageInput] { [.same(IngestStage.name)] }

    package func estimate(_ extent: Extent) -> ResourceEstimate {
        // Six bytes for each distinct word of a row, and two more where it has several sentences; fewer than their letters,
        // but where each letter is a word.
        ResourceEstimate(memory: 64 << 20, disk: extent.textBytes * 4 / 3 + 24 * extent.rows)
    }

    package func run(_ context: TaskContext) throws {
        let corpus = try CorpusShardReader(path: context.corpusShard())
        let writer = try TokenFile.writer(path: context.output(ArtifactFile.tokens))
        let (tokenizer, splitter) = (WordTokenizer(), SentenceSplitter())
        var scratch: [UInt32] = []
        for rows in ranges(corpus.rows, of: 4096) {
            var counts = TokenCounts()
            try corpus.shard.forEachBytes("text", rows: rows) { _, bytes in
                counts.append(
                    Span<UInt8>(_bytes: bytes), sentences: splitter.ranges(in: bytes), tokenizer, scratch: &scratch)
            }
            try TokenFile.append(counts, to: writer)
            context.advance(rows: rows.count)
        }
        _ = try writer.finish()
    }
}

/// The words of a shard's rows on disk, so that one row is read in place.
///
/// A shard file of kind `tokens`:
///
/// | column | type | meaning |
/// |---|---|---|
/// | `tokens` | bytes, raw | the ids of the row's n distinct words (uint32, rising), then how often each comes (uint16) |
/// | `length` | uint32, raw | all words of the row |
/// | `sentences` | bytes, raw | where the row has s > 1 sentences, s ≤ 16: of each of the n words a bit for each sentence with it, the first the lowest (uint16), then the words of each sentence (uint32); else nothing |
enum TokenFile {
    static let tokens = "tokens"
    static let length = "length"
    static let sentences = "sentences"

    /// Few rows a chunk: a candidate's row is read alone, and its chunk's checksum is checked before.
    private static let chunkRows = 256
    private static let entryBytes = 6

    static func writer(path: String) throws(StorageError) -> ShardWriter {
        try ShardWriter(
            path: path, kind: ShardKind.tokens,
            columns: [.variable(tokens), ColumnDescription(length, .uint32), .variable(sentences)],
            chunkRows: chunkRows)
    }

    static func append(_ block: TokenCounts, to writer: ShardWriter) throws(StorageError) {
        var row: [UInt8] = []
        for number in 0..<block.rows {
            let entries = block.offsets[number]..<block.offsets[number + 1]
            row.removeAll(keepingCapacity: true)
            for entry in entries { row.appendInteger(block.ids[entry]) }
            for entry in entries { row.appendInteger(block.counts[entry]) }
            try writer.append(tokens, bytes: row.rawBytes)
            row.removeAll(keepingCapacity: true)
            if let (masks, lengths) = block.sentences(ofRow: number) {
                for mask in masks { row.appendInteger(mask) }
                for length in lengths { row.appendInteger(length) }
            }
            try writer.append(sentences, bytes: row.rawBytes)
        }
        try writer.append(length, values: block.lengths)
    }

    /// - Throws: `mismatch` for a file of an earlier version, which knows no sentences.
    static func reader(_ artifact: Artifact) throws(StorageError) -> ShardReader {
        let reader = try ShardReader(path: artifact.path(ArtifactFile.tokens), expectedKind: ShardKind.tokens)
        guard reader.hasColumn(sentences) else {
            throw StorageError(
                .mismatch, path: reader.path,
                "it was made by an earlier version and does not say where sentences end; build the run again")
        }
        return reader
    }

    /// Calls `body` with the words of each row, in order.
    static func forEachRow(
        _ reader: ShardReader, rows: Range<Int>, _ body: (Int, TokenBag) throws(StorageError) -> Void
    ) throws(StorageError) {
        let lengths = try reader.values(length, as: UInt32.self, rows: rows)
        var bag = TokenBag(ids: [], counts: [], length: 0)
        try reader.forEachBytes(tokens, rows: rows) { row, bytes throws(StorageError) in
            guard fill(&bag, from: bytes, length: lengths[row - rows.lowerBound]) else {
                throw damage(reader, row: row)
            }
            try body(row, bag)
        }
    }

    /// A file whose rows are read one by one.
    struct Rows: Sendable {
        private let reader: ShardReader
        private let (tokens, length, sentences): (ShardReader.RawColumn, ShardReader.RawColumn, ShardReader.RawColumn)

        /// - Throws: `mismatch` for a file without these columns.
        init(_ reader: ShardReader) throws(StorageError) {
            self.reader = reader
            tokens = try reader.rawColumn(TokenFile.tokens, of: nil)
            length = try reader.rawColumn(TokenFile.length, of: .uint32)
            sentences = try reader.rawColumn(TokenFile.sentences, of: nil)
        }

        var count: Int { reader.rows }

        /// Reads one row, and what is known of its sentences, into a bag whose memory is used again.
        ///
        /// - Throws: `corrupt`.
        @inline(__always)
        func read(_ row: Int, into bag: inout TokenBag) throws(StorageError) {
            let length = try reader.bytes(length, row: row).integer(at: 0, as: UInt32.self)
            guard fill(&bag, from: try reader.bytes(tokens, row: row), length: length),
                fillSentences(of: &bag, from: try reader.bytes(sentences, row: row))
            else { throw damage(reader, row: row) }
        }

        /// Asks for what reading a row needs, or for where that lies.
        @inline(__always)
        func prefetch(_ row: Int, placeOnly: Bool) {
            if !placeOnly { reader.prefetch(length, row: row, placeOnly: false) }
            reader.prefetch(tokens, row: row, placeOnly: placeOnly)
            reader.prefetch(sentences, row: row, placeOnly: placeOnly)
        }
    }

    /// The words of each sentence of a row that has several.
    static func sentenceLengths(_ reader: ShardReader, row: Int) throws(StorageError) -> [UInt32] {
        var bag = TokenBag(ids: [], counts: [], length: 0)
        try Rows(reader).read(row, into: &bag)
        return bag.sentenceLengths
    }

    /// The rows of a range as one block.
    static func counts(_ reader: ShardReader, rows: Range<Int>) throws(StorageError) -> TokenCounts {
        var counts = TokenCounts()
        try forEachRow(reader, rows: rows) { _, bag in counts.append(bag) }
        return counts
    }

    /// Checks a file completely: every byte, and that each row's words rise and fit its length.
    ///
    /// - Throws: `corrupt`.
    static func verify(path: String) throws(StorageError) {
        let reader = try ShardReader(path: path, expectedKind: ShardKind.tokens)
        try reader.verify()
        for rows in ranges(reader.rows, of: 4096) {
            try forEachRow(reader, rows: rows) { row, bag throws(StorageError) in
                let isRising = zip(bag.ids, bag.ids.dropFirst()).allSatisfy { $0 < $1 }
                let sum = bag.counts.reduce(0) { $0 + Int($1) }
                // Counts saturate, so their sum may fall short of the length.
                let isComplete = sum == bag.length || sum < bag.length && bag.counts.contains(.max)
                guard isRising, isComplete, !bag.counts.contains(0) else { throw damage(reader, row: row) }
            }
            // A file of an earlier version has no sentences.
            guard reader.hasColumn(sentences) else { continue }
            var bag = TokenBag(ids: [], counts: [], length: 0)
            let single = try Rows(reader)
            for row in rows {
                try single.read(row, into: &bag)
                let isComplete = bag.sentenceLengths.reduce(0) { $0 + Int($1) } == bag.length
                guard bag.sentenceLengths.isEmpty || isComplete else { throw damage(reader, row: row) }
            }
        }
    }

    /// - Returns: whether the bytes make sense.
    private static func fill(_ bag: inout TokenBag, from bytes: RawSpan, length: UInt32) -> Bool {
        let count = bytes.byteCount / entryBytes
        guard bytes.byteCount % entryBytes == 0 else { return false }
        bag.length = Int(length)
        bag.ids.removeAll(keepingCapacity: true)
        bag.counts.removeAll(keepingCapacity: true)
        bag.sentences.removeAll(keepingCapacity: true)
        bag.sentenceLengths.removeAll(keepingCapacity: true)
        for index in 0..<count {
            bag.ids.append(bytes.integer(at: 4 * index, as: UInt32.self))
            bag.counts.append(bytes.integer(at: 4 * count + 2 * index, as: UInt16.self))
        }
        return true
    }

    /// - Returns: whether the bytes make sense for the bag's words.
    private static func fillSentences(of bag: inout TokenBag, from bytes: RawSpan) -> Bool {
        guard bytes.byteCount > 0 else { return true }
        let words = bag.ids.count
        let (count, rest) = (bytes.byteCount - 2 * words).quotientAndRemainder(dividingBy: 4)
        guard rest == 0, (2...TokenCounts.mostSentences).contains(count) else { return false }
        for index in 0..<words {
            let mask = bytes.integer(at: 2 * index, as: UInt16.self)
            guard mask != 0, mask >> UInt16(count - 1) <= 1 else { return false }
            bag.sentences.append(mask)
        }
        for index in 0..<count { bag.sentenceLengths.append(bytes.integer(at: 2 * words + 4 * index, as: UInt32.self)) }
        return true
    }

    private static func damage(_ reader: ShardReader, row: Int) -> StorageError {
        StorageError(.corrupt, path: reader.path, "the words of row \(row) make no sense; build the file again")
    }
}
