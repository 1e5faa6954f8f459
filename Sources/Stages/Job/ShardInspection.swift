internal import Foundation
package import Pipeline
internal import Probing
internal import Storage

/// A shard file's header, columns and first rows as text.
package struct ShardInspection: Sendable {
    package let text: String

    /// - Throws: `missingInput`, `badInput`, `incompatible`.
    package init(path: String, rows: Int) throws(RunError) {
        text = try reporting(damaged: .badInput) { () throws(StorageError) in try Self.describe(path, rows: rows) }
    }

    private static func describe(_ path: String, rows: Int) throws(StorageError) -> String {
        guard RunDirectory.size(of: path) != nil else {
            throw StorageError(.notFound, path: path, "there is no such file")
        }
        let reader = try ShardReader(path: path, expectedKind: nil)
        var text = "\(path)\nkind \(reader.kind), \(grouped(reader.rows)) rows, \(byteSize(reader.fileBytes))\n"
        for (key, value) in reader.attributes.sorted(by: { $0.key < $1.key }) { text += "  \(key) = \(value)\n" }
        for (column, bytes) in zip(reader.columns, reader.byteCounts) {
            let width = column.fixedWidth.map { "[\($0)]" } ?? " of any length"
            text +=
                "column \(column.name): \(column.element)\(width), \(column.codec), \(byteSize(bytes.stored)) stored, \(byteSize(bytes.decoded)) decoded\n"
        }
        for row in 0..<min(rows, reader.rows) {
            text += "row \(row)\n"
            for column in reader.columns { text += "  \(column.name): \(try value(reader, column, row))\n" }
        }
        return text
    }

    private static func value(
        _ reader: ShardReader, _ column: ColumnDescription, _ row: Int
    ) throws(StorageError) -> String {
        if reader.kind == ShardKind.tokens, column.name == TokenFile.tokens {
            return try words(reader, row)
        }
        if reader.kind == ShardKind.tokens, column.name == TokenFile.sentences {
            return try TokenFile.sentenceLengths(reader, row: row).map { "\($0) words" }.joined(separator: ", ")
        }
        if reader.kind == ShardKind.sentences {
            return "\(try SentenceFile.count(reader, row: row)) vectors"
        }
        guard column.fixedWidth != nil else {
            let string = try reader.string(column.name, row: row)
            return string.count > 200 ? string.prefix(200) + "…" : string
        }
        switch column.element {
        case .float16, .float32, .float64:
            var values: [Float] = []
            try reader.read(column.name, rows: row..<row + 1, into: &values)
            return list(values.map { String(format: "%.5g", Double($0)) })
        case .uint8: return list(try integers(reader, column, row, UInt8.self))
        case .int32: return list(try integers(reader, column, row, Int32.self))
        case .uint32: return list(try integers(reader, column, row, UInt32.self))
        case .int64: return list(try integers(reader, column, row, Int64.self))
        case .uint64: return list(try integers(reader, column, row, UInt64.self))
        }
    }

    /// Ids as hexadecimal numbers, each with how often the row has it.
    private static func words(_ reader: ShardReader, _ row: Int) throws(StorageError) -> String {
        let bag = try TokenFile.counts(reader, rows: row..<row + 1).bag(0)
        return list(zip(bag.ids, bag.counts).map { String(format: "%08x×%d", $0, Int($1)) })
    }

    private static func integers<T: ShardElement & FixedWidthInteger>(
        _ reader: ShardReader, _ column: ColumnDescription, _ row: Int, _ type: T.Type
    ) throws(StorageError) -> [String] {
        var values: [T] = []
        try reader.read(column.name, rows: row..<row + 1, into: &values)
        return values.map { "\($0)" }
    }

    private static func list(_ values: [String]) -> String {
        values.prefix(12).joined(separator: " ") + (values.count > 12 ? " … (\(values.count))" : "")
    }
}
