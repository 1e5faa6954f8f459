extension JSONScanner {
    /// The string that begins at the position, unescaped.
    @_lifetime(self: copy self)
    mutating func string() throws(JSONDamage) -> String {
        try expect(UInt8(ascii: "\""), "a string")
        let end = endOfPlainRun()
        let run = position..<end
        advance(to: end)
        if current == UInt8(ascii: "\"") {
            // Nothing to unescape: most strings.
            advance(to: end + 1)
            return text(of: run)
        }
        var unescaped = copy(of: run)
        while current != UInt8(ascii: "\"") {
            guard current == UInt8(ascii: "\\") else {
                throw damage(
                    isAtEnd ? "the text ends inside a string" : "a control character stands unescaped in a string")
            }
            try appendEscape(to: &unescaped)
            let end = endOfPlainRun()
            unescaped += copy(of: position..<end)
            advance(to: end)
        }
        advance(to: position + 1)
        return String(decoding: unescaped, as: UTF8.self)
    }

    @_lifetime(self: copy self)
    private mutating func appendEscape(to bytes: inout [UInt8]) throws(JSONDamage) {
        advance(to: position + 1)
        let escaped: UInt8
        switch current {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): escaped = current
        case UInt8(ascii: "b"): escaped = 0x08
        case UInt8(ascii: "f"): escaped = 0x0c
        case UInt8(ascii: "n"): escaped = 0x0a
        case UInt8(ascii: "r"): escaped = 0x0d
        case UInt8(ascii: "t"): escaped = 0x09
        case UInt8(ascii: "u"):
            advance(to: position + 1)
            let scalar = try escapedScalar()
            bytes.append(contentsOf: Unicode.UTF8.encode(scalar)!)
            return
        default: throw damage("an unknown escape")
        }
        bytes.append(escaped)
        advance(to: position + 1)
    }

    /// The scalar of the hexadecimal digits after `\u`, and of a second escape where that was the first of a pair.
    @_lifetime(self: copy self)
    private mutating func escapedScalar() throws(JSONDamage) -> Unicode.Scalar {
        let unit = try hexadecimalUnit()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        if unit < 0xdc00, current == UInt8(ascii: "\\") {
            advance(to: position + 1)
            if current == UInt8(ascii: "u") {
                advance(to: position + 1)
                let second = try hexadecimalUnit()
                if (0xdc00...0xdfff).contains(second) {
                    return Unicode.Scalar(0x10000 + (unit - 0xd800) << 10 + (second - 0xdc00))!
                }
            }
        }
        throw damage("a surrogate escape stands alone, which is no Unicode text")
    }

    @_lifetime(self: copy self)
    private mutating func hexadecimalUnit() throws(JSONDamage) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard current < 0x80, let digit = Character(Unicode.Scalar(current)).hexDigitValue else {
                throw damage("four hexadecimal digits are due")
            }
            unit = unit << 4 | UInt32(digit)
            advance(to: position + 1)
        }
        return unit
    }
}
