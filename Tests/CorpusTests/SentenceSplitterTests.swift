import Corpus
import Storage
import Testing

@Suite struct SentenceSplitterTests {
    private let splitter = SentenceSplitter()

    @Test(arguments: [
        ("", []), (" \n\t\u{3000}\r\n ", []), ("one", ["one"]), ("?!", ["?!"]), ("... !!!\n???", ["... !!!\n???"]),
        (
            "A text of five words. Another one is here! And is this one? Yes, it is too",
            ["A text of five words.", "Another one is here!", "And is this one?", "Yes, it is too"]
        ),
        ("no marks are in this text at all", ["no marks are in this text at all"]),
        // Lines end what they hold, and what has few words goes with the next, or at the end with the one before.
        ("A heading\nThe text that is below it\nEnd", ["A heading\nThe text that is below it\nEnd"]),
        (
            "The first line is long enough\nand so is the second",
            ["The first line is long enough", "and so is the second"]
        ),
        ("One. Two. Three. Four. Five of them are here", ["One. Two. Three. Four.", "Five of them are here"]),
        // Numbers, addresses, abbreviations, initials.
        ("It costs 3.50 at www.shop.org, e.g. on some day", ["It costs 3.50 at www.shop.org, e.g. on some day"]),
        ("This was said by J. R. R. Tolkien in a letter", ["This was said by J. R. R. Tolkien in a letter"]),
        ("We are now in version 2. The next one is three", ["We are now in version 2.", "The next one is three"]),
        (
            "We said that we really can't. She took that hat of James’s. He left",
            ["We said that we really can't.", "She took that hat of James’s. He left"]
        ),
        // Quotes and brackets that close go with the mark, those that open do not.
        (
            "He said: \"Come and see it!\" \"Not before noon,\" she replied (in a low voice.) They left at once...",
            [
                "He said: \"Come and see it!\"", "\"Not before noon,\" she replied (in a low voice.)",
                "They left at once...",
            ]
        ),
        (
            "Wirklich wahr ist das?! «Ja, das ist wahr.» Und nun gehen wir…",
            ["Wirklich wahr ist das?!", "«Ja, das ist wahr.»", "Und nun gehen wir…"]
        ),
        // Scripts without spaces, with other marks, and both.
        ("我昨天去了图书馆。你为什么没有来？「因为下雨了。」好吧那就算了", ["我昨天去了图书馆。", "你为什么没有来？", "「因为下雨了。」", "好吧那就算了"]),
        ("यह एक पूरा वाक्य है। यह दूसरा वाक्य है।", ["यह एक पूरा वाक्य है।", "यह दूसरा वाक्य है।"]),
        ("هل هذا هو السؤال الأول؟ نعم هذا هو السؤال.", ["هل هذا هو السؤال الأول؟", "نعم هذا هو السؤال."]),
    ])
    func sentences(text: String, expected: [String]) {
        #expect(splitter.sentences(of: text) == expected)
    }

    @Test func aTextWithoutMarksIsCutByWords() {
        let words = (0..<200).map { "w\($0)" }
        let found = splitter.sentences(of: words.joined(separator: " "))
        #expect(found.map { $0.split(separator: " ").count } == [64, 64, 64, 8])
        #expect(found.joined(separator: " ") == words.joined(separator: " "))
        // What is left over is no sentence of its own.
        #expect(splitter.sentences(of: words[..<66].joined(separator: ",")).count == 1)
        #expect(splitter.sentences(of: String(repeating: "字", count: 130)).map(\.count) == [64, 66])
    }

    @Test func aHugeTextHasNoMoreThanSoMany() {
        let sentence = "this is a sentence.\n"
        let count = SentenceSplitter.mostSentences
        let full = splitter.ranges(in: Array(String(repeating: sentence, count: count).utf8).rawBytes)
        #expect(full.count == count && full.allSatisfy { $0.count == 19 })
        let over = Array(String(repeating: sentence, count: 2 * count + 1).utf8)
        let found = splitter.ranges(in: over.rawBytes)
        #expect(found.count == count / 2 + 1 && found.dropLast().allSatisfy { $0.count == 4 * 20 - 1 })
        #expect(found.last?.upperBound == over.count - 1)
    }

    /// On random texts, sound or not: bounds between characters, all but white space covered, and what is
    /// left out is white space.
    @Test func invariants() {
        let pieces: [[UInt8]] =
            [
                "a", "word", " ", " ", "\n", ". ", "! ", "?", "\"", ")", "é", "日本", "。", "😀", "7", "।", "\u{2028}",
                "\u{a0}",
            ].map { Array($0.utf8) } + [[0xff], [0xe6, 0x97]]
        var state: UInt64 = 7
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for _ in 0..<500 {
            let isSound = random(2) == 0
            let bytes = (0..<random(120)).flatMap { _ in pieces[random(pieces.count - (isSound ? 2 : 0))] }
            let found = splitter.ranges(in: bytes.rawBytes)
            var covered = [Bool](repeating: false, count: bytes.count)
            var end = 0
            for range in found {
                #expect(!range.isEmpty && range.lowerBound >= end)
                end = range.upperBound
                for index in range { covered[index] = true }
                if isSound {
                    let text = String(validating: bytes[range], as: UTF8.self)
                    #expect(text?.first?.isWhitespace == false && text?.last?.isWhitespace == false)
                }
            }
            let left = bytes.indices.filter { !covered[$0] }.map { bytes[$0] }
            #expect(String(decoding: left, as: UTF8.self).allSatisfy { $0.isWhitespace })
        }
    }
}
