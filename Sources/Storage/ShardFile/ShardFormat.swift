/// The shard file: the one container for arrays on disk. `docs/shard-format.md` has it byte by byte.
///
/// | offset | size | type | meaning |
/// |---|---|---|---|
/// | 0 | 64 | ``ShardHeader`` | magic, version, kind, rows, where the directory is |
/// | 64 | … | chunks | columns in order, each from a multiple of 64; chunks of a column without gaps |
/// | D | … | directory | columns, chunk tables, attributes (``ShardDirectory``); D is a multiple of 64 |
/// | size − 64 | 64 | ``ShardFooter`` | magic, file size, checksums of header and directory |
///
/// All integers are little-endian. Gaps are zeros, shorter than 64 bytes. Every other byte is covered by a CRC-32C:
/// header and footer each by their own, the directory by the footer's, a chunk by its entry in the directory.
enum ShardFormat {
    static let magic: [UInt8] = Array("GRADSHRD".utf8)
    static let endMagic: [UInt8] = Array("GRADSEND".utf8)
    static let version: UInt32 = 1
    static let readableVersions: ClosedRange<UInt32> = 1...1

    static let headerBytes = 64
    static let footerBytes = 64
    static let alignment = 64
    static let longestKind = 16
    static let longestColumnName = 32
    /// Offsets inside a chunk of variable rows are 32-bit, and so are LZ4's.
    static let largestChunk = 2_113_929_216
}

/// The element types of columns, with their numbers in the file.
package enum ElementType: UInt8, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    case uint8 = 1
    case int32, uint32, int64, uint64, float16, float32, float64

    /// Bytes an element.
    package var size: Int {
        switch self {
        case .uint8: 1
        case .float16: 2
        case .int32, .uint32, .float32: 4
        case .int64, .uint64, .float64: 8
        }
    }

    package var isFloat: Bool { [.float16, .float32, .float64].contains(self) }

    package var description: String {
        switch self {
        case .uint8: "uint8"
        case .int32: "int32"
        case .uint32: "uint32"
        case .int64: "int64"
        case .uint64: "uint64"
        case .float16: "float16"
        case .float32: "float32"
        case .float64: "float64"
        }
    }
}

/// A Swift type that a column's elements can be read and written as.
package protocol ShardElement: BitwiseCopyable, Sendable {
    static var element: ElementType { get }
}

extension UInt8: ShardElement { package static var element: ElementType { .uint8 } }
extension Int32: ShardElement { package static var element: ElementType { .int32 } }
extension UInt32: ShardElement { package static var element: ElementType { .uint32 } }
extension Int64: ShardElement { package static var element: ElementType { .int64 } }
extension UInt64: ShardElement { package static var element: ElementType { .uint64 } }
extension Float16: ShardElement { package static var element: ElementType { .float16 } }
extension Float: ShardElement { package static var element: ElementType { .float32 } }
extension Double: ShardElement { package static var element: ElementType { .float64 } }

/// What a column holds and how it is stored.
package struct ColumnDescription: Hashable, Sendable {
    package enum Width: Hashable, Sendable {
        /// So many elements in each row.
        case fixed(Int)
        /// Byte strings of any length, such as texts; the element type is `uint8`.
        case variable
    }

    /// At most 32 bytes of UTF-8.
    package let name: String
    package let element: ElementType
    package let width: Width
    package let codec: Codec

    /// A column of `width` elements a row.
    package init(_ name: String, _ element: ElementType, width: Int = 1, codec: Codec = .raw) {
        self.init(name: name, element: element, width: .fixed(width), codec: codec)
    }

    /// A column of byte strings.
    package static func variable(_ name: String, codec: Codec = .raw) -> ColumnDescription {
        ColumnDescription(name: name, element: .uint8, width: .variable, codec: codec)
    }

    init(name: String, element: ElementType, width: Width, codec: Codec) {
        precondition((1...ShardFormat.longestColumnName).contains(name.utf8.count), "column name '\(name)'")
        switch width {
        case .fixed(let width): precondition(width > 0 && width <= Int(UInt32.max))
        case .variable: precondition(element == .uint8 && !codec.shuffle, "'\(name)': bytes have nothing to shuffle")
        }
        self.name = name
        self.element = element
        self.width = width
        self.codec = codec
    }

    /// Elements a row; nil where rows vary.
    package var fixedWidth: Int? {
        if case .fixed(let width) = width { width } else { nil }
    }

    /// Bytes a row before compression; nil where rows vary.
    package var rowBytes: Int? { fixedWidth.map { $0 * element.size } }
}
