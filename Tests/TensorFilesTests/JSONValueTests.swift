import TensorFiles
import Testing

@Suite struct JSONValueTests {
    private func parse(_ text: String) throws(JSONSyntaxError) -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

    @Test func values() throws {
        let value = try parse(
            #" {"a": [1, -2.5e1, true, false, null], "b": {"c": "\u00e9\ud83d\ude00\n\"/\/"}, "": 0} "#)
        #expect(value["a"]?.array?[0].integer == 1)
        #expect(value["a"]?.array?[1].double == -25)
        #expect(value["a"]?.array?[2].boolean == true && value["a"]?.array?[3].boolean == false)
        #expect(value["a"]?.array?[4].isNull == true)
        #expect(value["b"]?["c"]?.string == "é😀\n\"//")
        #expect(value[""]?.integer == 0 && value["d"] == nil && value["a"]?["a"] == nil)
        #expect(value.members?.map(\.key) == ["a", "b", ""])
        #expect(try parse("9223372036854775807").integer == .max)
        #expect(try parse("9223372036854775808").integer == nil)
    }

    /// Composed and decomposed forms are two names, as they are two byte strings.
    @Test func canonicallyEquivalentNamesStayApart() throws {
        let value = try parse("{\"\u{e9}\": 1, \"e\u{301}\": 2}")
        #expect(value["\u{e9}"]?.integer == 1 && value["e\u{301}"]?.integer == 2)
    }

    @Test(arguments: [
        "", " ", "{", "}", "[1,]", "[1 2]", "{\"a\"}", "{\"a\":1,}", "{a:1}", "{\"a\":1,\"a\":2}", "01", "-", "1.",
        ".5", "1e", "+1",
        "tru", "nul", "\"a", "\"\\x\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\\u12g4\"", "\"\u{1}\"",
        "[1] 2",
        "NaN", "Infinity", "'a'", "[", "{\"a\":", String(repeating: "[", count: 100_000),
    ])
    func refused(text: String) {
        #expect(throws: JSONSyntaxError.self) { try parse(text) }
    }

    @Test func brokenUTF8IsRefused() {
        for bytes: [UInt8] in [[0x22, 0xff, 0x22], [0x22, 0xc3, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22]] {
            #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: bytes) }
        }
    }

    @Test func duplicateNameIsLocated() throws {
        let error = try #require(#expect(throws: JSONSyntaxError.self) { try parse("{\"x\": 1, \"x\": 2}") })
        #expect(error.offset == 9 && error.description.contains("\"x\""))
    }
}
