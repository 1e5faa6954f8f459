/// A JSON document, kept exactly: object members in their order, keys by their bytes (so that keys which are canonically
/// equivalent stay apart), integers apart from other numbers.
package enum JSONValue: Sendable {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([Member])

    package struct Member: Sendable {
        package let key: String
        package let value: JSONValue
    }

    /// Reads one document and refuses what the grammar of RFC 8259 does not have: trailing bytes, duplicate keys,
    /// broken UTF-8, lone surrogates, nesting deeper than 64.
    ///
    /// - Parameter maximumValues: a document with more values than this (members of objects, elements of lists) is
    ///   refused, so that a hostile one cannot take up a multiple of its own size.
    /// - Complexity: linear in the bytes.
    package init(parsing bytes: [UInt8], maximumValues: Int = .max) throws(JSONSyntaxError) {
        var parser = JSONParser(bytes, maximumValues: maximumValues)
        self = try parser.document()
    }

    /// The member's value; `nil` when there is none or this is no object.
    package subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }

    package var string: String? { if case .string(let value) = self { value } else { nil } }
    package var boolean: Bool? { if case .boolean(let value) = self { value } else { nil } }
    package var integer: Int? { if case .integer(let value) = self { value } else { nil } }
    package var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
    package var members: [Member]? { if case .object(let value) = self { value } else { nil } }
    package var isNull: Bool { if case .null = self { true } else { false } }

    package var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }
}

/// Where a document stops being JSON, and why.
package struct JSONSyntaxError: Error, Hashable, CustomStringConvertible {
    /// In bytes from the document's start.
    package let offset: Int
    package let message: String

    package var description: String { "not valid JSON at byte \(offset): \(message)" }
}
