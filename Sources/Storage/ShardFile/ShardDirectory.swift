/// Where the chunks of a column lie, and what the attributes are.
///
/// | size | type | meaning |
/// |---|---|---|
/// | 4 | u32 | number of columns, C |
/// | 4 | u32 | number of attributes, A |
/// | 8 | | zero |
/// | 64 · C | column entries | |
/// | 32 · C · chunks | chunk entries | column by column |
/// | … | attributes | A times: u32 bytes of the key, u32 bytes of the value, key, value; keys rise |
///
/// Column entry: name (32, UTF-8 padded with zeros), element type (u8), compression (u8: 0 raw, 1 lz4, 2 zstd),
/// shuffle (u8: 0 or 1), zstd level (u8), width (u32; 0 for variable), offset (u64), stored bytes (u64), zero (8).
///
/// Chunk entry: offset (u64), stored bytes (u64), bytes before compression (u64), CRC-32C of the stored bytes (u32),
/// zero (u32).
struct ShardDirectory: Hashable {
    struct Chunk: Hashable, Sendable {
        var offset: Int
        var storedBytes: Int
        var decodedBytes: Int
        var checksum: UInt32
    }

    struct Column: Hashable, Sendable {
        var description: ColumnDescription
        var offset: Int
        var chunks: [Chunk]

        var storedBytes: Int { chunks.reduce(0) { $0 + $1.storedBytes } }
    }

    var columns: [Column]
    var attributes: [String: String]

    static let prefixBytes = 16
    static let columnBytes = 64
    static let chunkBytes = 32

    func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendInteger(UInt32(columns.count))
        bytes.appendInteger(UInt32(attributes.count))
        bytes.appendInteger(UInt64(0))
        for column in columns {
            let description = column.description
            let (compression, level): (UInt8, UInt8) =
                switch description.codec.compression {
                case .raw: (0, 0)
                case .lz4: (1, 0)
                case .zstd(let level): (2, UInt8(level))
                }
            bytes.append(contentsOf: description.name.utf8)
            bytes.append(contentsOf: repeatElement(0, count: 32 - description.name.utf8.count))
            bytes.append(contentsOf: [
                description.element.rawValue, compression, description.codec.shuffle ? 1 : 0, level,
            ])
            bytes.appendInteger(UInt32(description.fixedWidth ?? 0))
            bytes.appendInteger(UInt64(column.offset))
            bytes.appendInteger(UInt64(column.storedBytes))
            bytes.appendInteger(UInt64(0))
        }
        for chunk in columns.lazy.flatMap(\.chunks) {
            bytes.appendInteger(UInt64(chunk.offset))
            bytes.appendInteger(UInt64(chunk.storedBytes))
            bytes.appendInteger(UInt64(chunk.decodedBytes))
            bytes.appendInteger(chunk.checksum)
            bytes.appendInteger(UInt32(0))
        }
        for (key, value) in attributes.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            bytes.appendInteger(UInt32(key.utf8.count))
            bytes.appendInteger(UInt32(value.utf8.count))
            bytes.append(contentsOf: key.utf8)
            bytes.append(contentsOf: value.utf8)
        }
        return bytes
    }
}
