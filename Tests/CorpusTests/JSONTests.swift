import Corpus
import Storage
import Testing

/// After the cases of JSONTestSuite: `y_` texts parse, `n_` texts do not, `i_` texts do as documented.
@Suite struct JSONTests {
    private func canonical(_ text: String) throws -> String {
        try JSONValue(parsing: Array(text.utf8).rawBytes).canonical
    }

    @Test(arguments: [
        ("[]", "[]"), (" [ ] ", "[]"), ("{}", "{}"), ("\t\r\n{ }\n", "{}"), ("null", "null"), ("true", "true"),
        ("false", "false"), ("0", "0"), ("-0", "-0"), ("-1.5e+10", "-1.5e+10"), ("1E400", "1E400"), ("0.10", "0.10"),
        ("123456789012345678901234567890", "123456789012345678901234567890"), (#""""#, #""""#),
        (#"["a",1,null,{"b":[]}]"#, #"["a",1,null,{"b":[]}]"#), (#"{"b":1,"a":2}"#, #"{"a":2,"b":1}"#),
        (#"{"a":1,"a":2}"#, #"{"a":2}"#), (#"{"":0}"#, #"{"":0}"#), (#""\u0061\/\"\\""#, #""a/\"\\""#),
        (#""\b\f\n\r\t\u0001\u001f""#, #""\b\f\n\r\t\u0001\u001f""#), (#""\u00e9\u20AC""#, "\"é€\""),
        (#""\ud83d\ude00""#, "\"😀\""), (#""\uD834\udd1e!""#, "\"𝄞!\""), (#""\u0000""#, #""\u0000""#),
        ("\"\u{7f}\u{2028}\u{feff}\"", "\"\u{7f}\u{2028}\u{feff}\""),
        (#"{"é":1,"z":2,"a\"b":3}"#, #"{"a\"b":3,"z":2,"é":1}"#),
    ])
    func soundTexts(text: String, expected: String) throws {
        #expect(try canonical(text) == expected)
        // The canonical form of a canonical form is itself.
        #expect(try canonical(expected) == expected)
    }

    @Test(arguments: [
        "", " ", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1,,2]", "{", "}", "{\"a\"", "{\"a\":", "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "{1:1}", "{'a':1}", "{\"a\":1 \"b\":2}", "{\"a\":1}}", "[]x", "1 2", "nul",
        "nulll",
        "True", "NaN", "Infinity", "-", "+1", "01", "-01", "1.", ".5", "1.e1", "1e", "1e+", "0x1", "1_000", "\"", "\"a",
        "\"\\\"",
        "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\uD800\"", "\"\\uDC00\"", "\"\\ud800\\u0041\"", "\"\\ud800\\ud800\"",
        "\"\\ud800x\"", "\"\\ud83d\\", "\"\\ud83d\\u", "\"a\nb\"", "\"a\tb\"", "\"\u{0}\"", "\u{0}", "[\u{0}]",
        "[\"a\u{0}\"]", "\u{feff}[]", "/**/1", "[1]//",
        "\u{a0}1", "\u{c}1", "\"\\U0041\"", "'a'", "[\"\\", "\u{1}", "tru\u{0}",
    ])
    func brokenTexts(text: String) {
        #expect(throws: JSONDamage.self) { try canonical(text) }
    }

    @Test func nestingHasALimit() throws {
        let deep = String(repeating: "[", count: 512) + String(repeating: "]", count: 512)
        #expect(try canonical(deep) == deep)
        for bomb in ["[", "{\"a\":", "[{\"a\":"] {
            let text = String(repeating: bomb, count: 100_000)
            let error = #expect(throws: JSONDamage.self) { try canonical(text) }
            #expect(error?.reason == "more than 512 levels of nesting")
        }
    }

    @Test func damageHasAPlace() {
        let error = #expect(throws: JSONDamage.self) { try canonical(#"{"a": [1, 2, x]}"#) }
        #expect(error?.reason == "a value is due" && error?.offset == 13)
        let invalid = #expect(throws: JSONDamage.self) {
            try JSONValue(parsing: ([0x22, 0x61, 0xc3, 0x28, 0x22] as [UInt8]).rawBytes)
        }
        #expect(invalid?.offset == 2)
        // Overlong, surrogate, beyond U+10FFFF, cut off; each behind ASCII of several lengths.
        for bad in [
            [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0xf0, 0x9f, 0x98], [0x80],
        ] as [[UInt8]] {
            for count in 0..<20 {
                let bytes = [0x22] + [UInt8](repeating: 0x61, count: count) + [0xc3, 0xa9] + bad + [0x22]
                let error = #expect(throws: JSONDamage.self) { try JSONValue(parsing: bytes.rawBytes) }
                #expect(error?.reason == "no UTF-8" && error?.offset == count + 3)
            }
        }
    }

    /// Every prefix of a text that has everything is refused, and so is every byte put out of place or changed to a value
    /// that is never valid; nothing crashes.
    @Test func everyPrefixIsRefused() throws {
        let text = Array(#"{"k":[1,-2.5e3,"\u00e9\ud83d\ude00é",true,false,null,{"a":{}}]}"#.utf8)
        #expect(throws: Never.self) { try JSONValue(parsing: text.rawBytes) }
        for count in 0..<text.count {
            let prefix = Array(text[..<count])
            #expect(throws: JSONDamage.self) { try JSONValue(parsing: prefix.rawBytes) }
        }
        for index in text.indices {
            for byte in [0x00, 0x1f, 0xc1, 0xff] as [UInt8] {
                var changed = text
                changed[index] = byte
                #expect(throws: JSONDamage.self) { try JSONValue(parsing: changed.rawBytes) }
            }
        }
    }
}
