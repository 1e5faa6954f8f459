internal import Storage

/// Why a text is not JSON, and at which byte of it.
package struct JSONDamage: Error, Hashable {
    package let reason: String
    package let offset: Int
}

/// A strict scanner of one JSON text (RFC 8259), for lines of millions of small objects.
///
/// The bytes have to be valid UTF-8 already. A lone surrogate escape is an error, because it is no Unicode text; of two
/// members of one name the last one counts; nesting ends at ``deepest``.
struct JSONScanner: ~Escapable {
    private let bytes: RawSpan
    private(set) var position = 0

    static let deepest = 512

    @_lifetime(copy bytes)
    init(_ bytes: RawSpan) { self.bytes = bytes }

    func damage(_ reason: String) -> JSONDamage { JSONDamage(reason: reason, offset: position) }

    /// The byte at the position; 0, which is never valid outside a string, at the end.
    var current: UInt8 { position < bytes.byteCount ? bytes.integer(at: position, as: UInt8.self) : 0 }

    var isAtEnd: Bool { position == bytes.byteCount }

    @_lifetime(self: copy self)
    mutating func skipWhitespace() {
        while current == 0x20 || current == 0x09 || current == 0x0a || current == 0x0d { position += 1 }
    }

    /// Skips whitespace; whether `byte` comes next, which is then skipped too.
    @_lifetime(self: copy self)
    mutating func skip(_ byte: UInt8) -> Bool {
        skipWhitespace()
        guard current == byte, !isAtEnd else { return false }
        position += 1
        return true
    }

    @_lifetime(self: copy self)
    mutating func expect(_ byte: UInt8, _ name: String) throws(JSONDamage) {
        guard skip(byte) else { throw damage(isAtEnd ? "the text ends where \(name) is due" : "\(name) is due") }
    }

    @_lifetime(self: copy self)
    mutating func expectEnd() throws(JSONDamage) {
        skipWhitespace()
        guard isAtEnd else { throw damage("there is more after the value") }
    }

    /// The next value, built.
    @_lifetime(self: copy self)
    mutating func value(depth: Int = 0) throws(JSONDamage) -> JSONValue {
        skipWhitespace()
        switch current {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"):
            guard depth < Self.deepest else { throw damage("more than \(Self.deepest) levels of nesting") }
            return .object(try members(depth: depth + 1))
        case UInt8(ascii: "["):
            guard depth < Self.deepest else { throw damage("more than \(Self.deepest) levels of nesting") }
            return .array(try elements(depth: depth + 1))
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
        default: throw damage(isAtEnd ? "the text ends where a value is due" : "a value is due")
        }
    }

    @_lifetime(self: copy self)
    private mutating func members(depth: Int) throws(JSONDamage) -> [String: JSONValue] {
        var members: [String: JSONValue] = [:]
        try expect(UInt8(ascii: "{"), "an object")
        if skip(UInt8(ascii: "}")) { return members }
        repeat {
            let key = try memberName()
            members[key] = try value(depth: depth)
        } while skip(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"), "a comma or a closing brace")
        return members
    }

    /// The name of a member and its colon.
    @_lifetime(self: copy self)
    mutating func memberName() throws(JSONDamage) -> String {
        skipWhitespace()
        guard current == UInt8(ascii: "\"") else { throw damage("a member's name in quotes is due") }
        let name = try string()
        try expect(UInt8(ascii: ":"), "a colon")
        return name
    }

    @_lifetime(self: copy self)
    private mutating func elements(depth: Int) throws(JSONDamage) -> [JSONValue] {
        var elements: [JSONValue] = []
        try expect(UInt8(ascii: "["), "an array")
        if skip(UInt8(ascii: "]")) { return elements }
        repeat { elements.append(try value(depth: depth)) } while skip(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"), "a comma or a closing bracket")
        return elements
    }

    @_lifetime(self: copy self)
    private mutating func literal(_ text: StaticString, _ value: JSONValue) throws(JSONDamage) -> JSONValue {
        for offset in 0..<text.utf8CodeUnitCount {
            guard current == (unsafe text.utf8Start[offset]) else { throw damage("'\(text)' is due") }
            position += 1
        }
        return value
    }

    /// The text of a number, as it is written.
    @_lifetime(self: copy self)
    private mutating func number() throws(JSONDamage) -> String {
        let start = position
        if current == UInt8(ascii: "-") { position += 1 }
        if current == UInt8(ascii: "0") { position += 1 } else { try digits() }
        if current == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if current | 0x20 == UInt8(ascii: "e") {
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        return text(of: start..<position)
    }

    @_lifetime(self: copy self)
    private mutating func digits() throws(JSONDamage) {
        let start = position
        while current >= UInt8(ascii: "0") && current <= UInt8(ascii: "9") { position += 1 }
        if position == start { throw damage("a digit is due") }
    }

    func text(of range: Range<Int>) -> String {
        unsafe bytes.extracting(range).withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }

    func copy(of range: Range<Int>) -> [UInt8] { bytes.extracting(range).copied() }

    @_lifetime(self: copy self)
    mutating func advance(to position: Int) { self.position = position }

    /// The offset of the first byte from the position on that ends a run of plain characters of a string.
    func endOfPlainRun() -> Int {
        unsafe bytes.withUnsafeBytes { bytes in
            var index = position
            while index < bytes.count {
                let byte = unsafe bytes[index]
                if byte == 0x22 || byte == 0x5c || byte < 0x20 { break }
                index += 1
            }
            return index
        }
    }
}
