internal import Storage

/// One line of JSONL, taken apart. Ids may be strings or numbers; a null is as good as none.
struct SampleLine {
    let id: String?
    let text: String
    let rest: [String: JSONValue]

    /// What is wrong with a line, and its id where that could be read.
    struct Failure: Error {
        let kind: CorpusError.Kind
        let message: String
        var id: String?
    }

    /// - Parameter line: one line without its end.
    init(_ line: RawSpan, fields: SampleFields) throws(Failure) {
        if let offset = line.firstInvalidUTF8 {
            throw Failure(kind: .invalidUTF8, message: "the line is not UTF-8 from byte offset \(offset) on")
        }
        var scanner = JSONScanner(line)
        scanner.skipWhitespace()
        var id: JSONValue?
        var text: JSONValue?
        var rest: [String: JSONValue] = [:]
        var other: JSONValue?
        do throws(JSONDamage) {
            if scanner.current == UInt8(ascii: "{") {
                try scanner.expect(UInt8(ascii: "{"), "an object")
                if !scanner.skip(UInt8(ascii: "}")) {
                    repeat {
                        let name = try scanner.memberName()
                        let value = try scanner.value(depth: 1)
                        if name == fields.id {
                            id = value
                        } else if name == fields.text {
                            text = value
                        } else {
                            rest[name] = value
                        }
                    } while scanner.skip(UInt8(ascii: ","))
                    try scanner.expect(UInt8(ascii: "}"), "a comma or a closing brace")
                }
            } else {
                other = try scanner.value()
            }
            try scanner.expectEnd()
        } catch {
            throw Failure(
                kind: .brokenJSON, message: "the line is not JSON: \(error.reason), at byte offset \(error.offset)")
        }
        if let other {
            throw Failure(kind: .notAnObject, message: "the line is \(other.typeName), but an object is needed")
        }
        self.rest = rest
        self.id = try Self.id(id, field: fields.id)
        do {
            self.text = try Self.text(text, field: fields.text)
        } catch {
            throw Failure(kind: error.kind, message: error.message, id: self.id)
        }
    }

    private static func id(_ value: JSONValue?, field: String) throws(Failure) -> String? {
        switch value {
        case nil, .null: return nil
        case .number(let text): return text
        case .string(""): throw Failure(kind: .missingID, message: "the field '\(field)' is empty")
        case .string(let text): return text
        case .some(let other):
            throw Failure(
                kind: .wrongType,
                message: "the field '\(field)' is \(other.typeName), but a string or a number is needed")
        }
    }

    private static func text(_ value: JSONValue?, field: String) throws(Failure) -> String {
        switch value {
        case nil, .null: throw Failure(kind: .missingText, message: "there is no field '\(field)'")
        case .string(let text):
            guard text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
                throw Failure(kind: .emptyText, message: "the field '\(field)' has nothing but whitespace")
            }
            return text
        case .some(let other):
            throw Failure(
                kind: .wrongType, message: "the field '\(field)' is \(other.typeName), but a string is needed")
        }
    }
}

extension RawSpan {
    /// Where the bytes stop being UTF-8; nil where they are.
    var firstInvalidUTF8: Int? {
        if (try? UTF8Span(validating: Span<UInt8>(_bytes: self))) != nil { return nil }
        var parser = Unicode.UTF8.ForwardParser()
        var iterator = copied().makeIterator()
        var offset = 0
        while case .valid(let encoded) = parser.parseScalar(from: &iterator) { offset += encoded.count }
        return offset
    }

    /// Whether there is nothing but spaces and tabs.
    var isBlank: Bool {
        for offset in byteOffsets {
            let byte = integer(at: offset, as: UInt8.self)
            if byte != 0x20 && byte != 0x09 && byte != 0x0d { return false }
        }
        return true
    }
}
