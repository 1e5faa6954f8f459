/// How a file of text is compressed; told by its first bytes on reading, by its name on writing.
package enum StreamFormat: String, Sendable, CaseIterable {
    case plain, gzip, zstd, lz4

    /// The format that a file's first bytes (at least four, or all there are) announce.
    init(magic bytes: [UInt8]) {
        let isSkippable = bytes.count >= 4 && bytes[0] & 0xf0 == 0x50 && bytes[1..<4] == [0x2a, 0x4d, 0x18]
        self =
            if bytes.starts(with: [0x1f, 0x8b]) {
                .gzip
            } else if bytes.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) || isSkippable {
                .zstd
            } else if bytes.starts(with: [0x04, 0x22, 0x4d, 0x18]) {
                .lz4
            } else {
                .plain
            }
    }

    /// The format that a file's name asks for: `.gz`, `.zst`, `.lz4`, and plain for all else.
    package init(fileName: String) {
        self =
            if fileName.hasSuffix(".gz") {
                .gzip
            } else if fileName.hasSuffix(".zst") {
                .zstd
            } else if fileName.hasSuffix(".lz4") {
                .lz4
            } else {
                .plain
            }
    }

    func makeDecoder() -> (any StreamDecoder)? {
        switch self {
        case .plain: nil
        case .gzip: GzipDecoder()
        case .zstd: ZstandardDecoder()
        case .lz4: LZ4Decoder()
        }
    }

    func makeEncoder() -> (any StreamEncoder)? {
        switch self {
        case .plain: nil
        case .gzip: GzipEncoder()
        case .zstd: ZstandardEncoder()
        case .lz4: LZ4Encoder()
        }
    }
}

/// One call of a ``StreamDecoder``.
struct DecodingStep {
    let consumed: Int
    let produced: Int
    /// A frame (a gzip member) has just ended and all its output is out: the input may end here, or another may begin.
    let isAtEndOfFrame: Bool
}

/// What a decompression library says of bytes that it cannot read.
struct StreamDamage: Error {
    let reason: String
}

protocol StreamDecoder: AnyObject {
    /// Decompresses as much as is there and has room. After the end of a frame, the next call begins another.
    func decode(_ input: RawSpan, into output: inout MutableRawSpan) throws(StreamDamage) -> DecodingStep
}

protocol StreamEncoder: AnyObject {
    /// The compressed bytes that come out when `input` goes in; with `isLast`, all that remain.
    func encode(_ input: RawSpan, isLast: Bool) -> [UInt8]
}
