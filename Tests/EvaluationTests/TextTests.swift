import Evaluation
import Testing

@Suite struct TextTests {
    @Test func markupLosesItsMeaning() {
        #expect(
            Markup.escape("<script>alert(\"a\" & 'b')</script>")
                == "&lt;script&gt;alert(&quot;a&quot; &amp; &#39;b&#39;)&lt;/script&gt;")
    }

    @Test func disguisesBecomeVisible() {
        let bad: [Unicode.Scalar] = [
            "\0", "\u{1}", "\u{B}", "\u{C}", "\u{1B}", "\u{1F}", "\u{7F}", "\u{85}", "\u{9F}", "\u{202A}", "\u{202E}",
            "\u{2066}", "\u{2069}", "\u{FFFE}", "\u{FFFF}",
        ]
        for scalar in bad { #expect(Markup.escape("a\(Character(scalar))b") == "a\u{FFFD}b") }
        let good = "tab\tline\nשלום\u{200F} é 漢字 🙂 e\u{301}"
        #expect(Markup.escape(good) == good)
        #expect(Markup.escape("a\r\nb\rc\n\rd") == "a\nb\nc\n\nd")
        // A mark after a < must not hide it in one grapheme.
        #expect(Markup.escape("<\u{301}b") == "&lt;\u{301}b")
    }

    @Test func csvQuotesWhatNeedsIt() {
        #expect(CSVText.record(["a", "b c", ""]) == "a,b c,\r\n")
        #expect(
            CSVText.record(["a,b", "say \"x\"", "two\nlines", "cr\rlf\r\n"])
                == "\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",\"cr\rlf\r\n\"\r\n")
        #expect(CSVText.document(head: ["h"], rows: [["1"], ["2"]]) == "h\r\n1\r\n2\r\n")
    }

    @Test func numbersAreShownAsReadersExpect() {
        #expect(Numerals.fixed(-0.0004, 3) == "0.000")
        #expect(Numerals.fixed(-0.25, 2) == "\u{2212}0.25")
        #expect(Numerals.fixed(0.25, 2, signed: true) == "+0.25" && Numerals.fixed(0, 2, signed: true) == "0.00")
        #expect(Numerals.fixed(.nan, 2) == "–")
        #expect(Numerals.significant(-0.001234) == "\u{2212}0.00123" && Numerals.significant(1234.5) == "1234")
        #expect(Numerals.significant(3.2e-9) == "3.20e\u{2212}09")
        #expect(Numerals.pValue(0.0499) == "0.0499" && Numerals.pValue(0.05) == "0.05" && Numerals.pValue(1) == "1")
        #expect(Numerals.pValue(0.000012) == "0.000012")
        #expect(Numerals.coordinate(-0.001) == "0" && Numerals.coordinate(12.3) == "12.3")
        #expect(Numerals.count(1_234_567) == "1\u{202F}234\u{202F}567" && Numerals.count(-12) == "\u{2212}12")
    }
}
