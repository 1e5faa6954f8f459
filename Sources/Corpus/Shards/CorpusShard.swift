internal import Storage

/// A corpus shard: samples in their order, and an index of their ids.
///
/// It is a shard file of kind `corpus` with these columns:
///
/// | column | type | there | meaning |
/// |---|---|---|---|
/// | `text` | bytes, zstd | texts | the text, or the passage of it |
/// | `id` | bytes, zstd | always | the id; with passages that of the passage, `DOCUMENT#NUMBER` |
/// | `metadata` | bytes, zstd | texts | canonical JSON object, or nothing |
/// | `document` | bytes, zstd | passages | the id of the document |
/// | `passage` | uint32 | passages | number of the passage, from 0 |
/// | `file` | uint32 | always | index of the input file, named by the attribute `file.INDEX` |
/// | `line` | uint64 | always | line of the input from 1, or row of a vector from 0 |
/// | `id_hash` | uint64 × 2 | always | the first 16 bytes of the ids' SHA-256, big-endian words, in rising order |
/// | `id_row` | uint32 | always | the row that each hash belongs to; equal hashes in rising order of rows |
package enum CorpusShard {
    package static let kind = "corpus"

    /// What the samples are.
    package enum Content: Hashable, Sendable {
        case texts
        /// Texts cut by a ``PassageCutter``.
        case passages
    }

    /// Rows a chunk: texts are decoded by chunks, so this is the price of reading a single one.
    static let chunkRows = 512

    static func columns(_ content: Content) -> [ColumnDescription] {
        var columns: [ColumnDescription] = ["text", "id", "metadata"].map { .variable($0, codec: .zstd()) }
        let numbers = Codec(.zstd(level: 3), shuffle: true)
        if content == .passages {
            columns.append(.variable("document", codec: .zstd()))
            columns.append(ColumnDescription("passage", .uint32, codec: numbers))
        }
        return columns + [
            ColumnDescription("file", .uint32, codec: numbers),
            ColumnDescription("line", .uint64, codec: numbers),
            ColumnDescription("id_hash", .uint64, width: 2),
            ColumnDescription("id_row", .uint32),
        ]
    }
}

/// The hash of an id. Its 128 bits make two ids of one hash so unlikely that only sabotage would bring them about; ids are
/// compared nevertheless.
package struct IdentifierHash: Hashable, Comparable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(_ id: String) { (high, low) = Digest.words(id.utf8Span.span.rawBytes) }

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package static func < (a: IdentifierHash, b: IdentifierHash) -> Bool { (a.high, a.low) < (b.high, b.low) }
}
