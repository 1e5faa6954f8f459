/// How the chunks of a column are stored.
package struct Codec: Hashable, Sendable, LosslessStringConvertible {
    package enum Compression: Hashable, Sendable {
        case raw
        case lz4
        /// Levels 1 to 19.
        case zstd(level: Int)
    }

    package var compression: Compression
    /// Bytes of like significance are put together before compression; without effect on elements of one byte.
    package var shuffle: Bool

    package init(_ compression: Compression, shuffle: Bool = false) {
        if case .zstd(let level) = compression { precondition(Self.zstdLevels.contains(level)) }
        self.compression = compression
        self.shuffle = shuffle
    }

    package static let raw = Codec(.raw)
    package static let lz4 = Codec(.lz4)
    package static func zstd(_ level: Int = 3) -> Codec { Codec(.zstd(level: level)) }

    package static let zstdLevels = 1...19

    /// Parses `raw`, `lz4`, `zstd` (level 3) or `zstd:LEVEL`, each optionally followed by `+shuffle`; nil for all else.
    package init?(_ description: String) {
        var name = description[...]
        let shuffle = name.hasSuffix("+shuffle")
        if shuffle { name = name.dropLast("+shuffle".count) }
        switch name {
        case "raw": self.init(.raw, shuffle: shuffle)
        case "lz4": self.init(.lz4, shuffle: shuffle)
        case "zstd": self.init(.zstd(level: 3), shuffle: shuffle)
        default:
            guard name.hasPrefix("zstd:"), let level = Int(name.dropFirst("zstd:".count)),
                Self.zstdLevels.contains(level)
            else { return nil }
            self.init(.zstd(level: level), shuffle: shuffle)
        }
    }

    package var description: String {
        let name =
            switch compression {
            case .raw: "raw"
            case .lz4: "lz4"
            case .zstd(let level): "zstd:\(level)"
            }
        return shuffle ? name + "+shuffle" : name
    }

    /// Whether chunks hold the elements exactly as they lie in memory.
    package var isVerbatim: Bool { compression == .raw && !shuffle }

    /// The stored form of a chunk.
    func encode(_ bytes: RawSpan, elementSize: Int) -> [UInt8] {
        guard shuffle, elementSize > 1 else { return compress(bytes) }
        let shuffled = ByteShuffle.shuffled(bytes, elementSize: elementSize)
        return compression == .raw ? shuffled : compress(shuffled.rawBytes)
    }

    /// The chunk that `stored` is the form of; nil unless it has exactly `count` bytes.
    func decode(_ stored: RawSpan, count: Int, elementSize: Int) -> [UInt8]? {
        let bytes: [UInt8]? =
            switch compression {
            case .raw: stored.byteCount == count ? stored.copied() : nil
            case .lz4: LZ4.decompress(stored, count: count)
            case .zstd: Zstandard.decompress(stored, count: count)
            }
        guard let bytes, shuffle, elementSize > 1 else { return bytes }
        guard count % elementSize == 0 else { return nil }
        return ByteShuffle.unshuffled(bytes.rawBytes, elementSize: elementSize)
    }

    private func compress(_ bytes: RawSpan) -> [UInt8] {
        switch compression {
        case .raw: bytes.copied()
        case .lz4: LZ4.compress(bytes)
        case .zstd(let level): Zstandard.compress(bytes, level: level)
        }
    }
}
