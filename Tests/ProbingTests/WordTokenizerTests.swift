import Foundation
import Kernels
import Probing
import Testing

@Suite struct WordTokenizerTests {
    private let tokenizer = WordTokenizer()

    /// The definition, scalar by scalar, with strings.
    private func reference(_ text: String) -> [(word: String, text: String)] {
        var result: [(word: String, text: String)] = []
        var current = ""
        func end() {
            if !current.isEmpty { result.append((lowered(current), current)) }
            current = ""
        }
        for scalar in text.unicodeScalars {
            guard isWord(scalar) else {
                end()
                continue
            }
            if isUnspaced(scalar) {
                end()
                result.append((lowered(String(scalar)), String(scalar)))
            } else {
                current.unicodeScalars.append(scalar)
            }
        }
        end()
        return result
    }

    private func lowered(_ word: String) -> String {
        word.unicodeScalars.map(\.properties.lowercaseMapping).joined()
    }

    private func isWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
            .spacingMark, .enclosingMark, .decimalNumber, .letterNumber, .otherNumber:
            true
        default: scalar == "_"
        }
    }

    /// By names, where the tokenizer goes by ranges.
    private func isUnspaced(_ scalar: Unicode.Scalar) -> Bool {
        let scripts = [
            "CJK ", "HIRAGANA", "KATAKANA", "HALFWIDTH KATAKANA", "COMBINING KATAKANA", "THAI ", "LAO ", "KHMER ",
            "MYANMAR ", "HENTAIGANA", "VERTICAL IDEOGRAPHIC", "IDEOGRAPHIC ITERATION",
        ]
        let name = scalar.properties.name ?? ""
        // Tangut, Khitan and Nushu are ideographic too.
        let isHan = scalar.properties.isIdeographic && !(0x16fe0...0x1b2ff).contains(scalar.value)
        return isHan || scripts.contains { name.hasPrefix($0) }
    }

    private func agrees(_ text: String) -> Bool {
        let expected = reference(text)
        let found = tokenizer.words(of: text)
        var ids: [UInt32] = []
        tokenizer.append(wordsOf: text.utf8Span.span, to: &ids)
        let bytes = Array(text.utf8)
        return ids == found.map(\.id)
            && found.map { String(decoding: bytes[$0.range], as: UTF8.self) } == expected.map(\.text)
            && ids == expected.map { tokenizer.words(of: $0.word)[0].id }
    }

    @Test func `words of ordinary texts`() {
        func words(_ text: String) -> [String] {
            let bytes = Array(text.utf8)
            return tokenizer.words(of: text).map { String(decoding: bytes[$0.range], as: UTF8.self) }
        }
        #expect(
            words("Don't stop: the snake_case, 3.5 km²!") == [
                "Don", "t", "stop", "the", "snake_case", "3", "5", "km²",
            ])
        #expect(words("Привет, Ἀθῆναι — naïve Straße") == ["Привет", "Ἀθῆναι", "naïve", "Straße"])
        #expect(words("我在Tokyoで食べた") == ["我", "在", "Tokyo", "で", "食", "べ", "た"])
        #expect(words("") == [] && words(" \n…") == [])
        func ids(_ text: String) -> [UInt32] { tokenizer.words(of: text).map(\.id) }
        #expect(ids("ÀÉÎ Straße ДА ꞋⅧ") == ids("àéî straße да ꞌⅷ"))
        #expect(ids("ab") != ids("ba") && Set(ids("a b c _ 1")).count == 5)
        // Pinned: ids are in files.
        #expect(ids("the Token") == [0xb6a34d5, 0x90c38e8])
    }

    @Test func `random texts agree with the definition`() {
        var generator = SeededGenerator(seed: 7)
        let pools: [[ClosedRange<UInt32>]] = [
            [0x20...0x7e], [0x20...0x7e, 0xa0...0x24f], [0x370...0x52f, 0x20...0x20],
            [0x0e00...0x0eff, 0x1000...0x109f, 0x1780...0x17ff, 0x20...0x7e],
            [0x3000...0x30ff, 0x4e00...0x4eff, 0xff00...0xffef, 0x41...0x5a],
            [0x1d400...0x1d7ff, 0x1f300...0x1f64f, 0x20000...0x200ff, 0x61...0x7a], [0x0...0xd7ff, 0xe000...0x10ffff],
        ]
        for round in 0..<1400 {
            let pool = pools[round % pools.count]
            var text = ""
            for _ in 0..<generator.integer(below: 60) {
                let range = pool[generator.integer(below: pool.count)]
                let value = range.lowerBound + UInt32(generator.integer(below: range.count))
                if let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) }
            }
            #expect(agrees(text), "\(text.unicodeScalars.map { String($0.value, radix: 16) })")
        }
    }

    /// Lower-casing is skipped for most categories: no scalar may have needed it.
    @Test func `every scalar is classed and lowered by the definition`() {
        for value in UInt32(0)...0x10ffff {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let text = "a\(Character(scalar))b"
            let found = tokenizer.words(of: text)
            let count = isWord(scalar) ? (isUnspaced(scalar) ? 3 : 1) : 2
            guard found.count == count else {
                Issue.record("U+\(String(value, radix: 16)): \(found.count) words, not \(count)")
                continue
            }
            if isWord(scalar), !scalar.isASCII {
                let own = tokenizer.words(of: String(scalar)).map(\.id)
                let lower = tokenizer.words(of: scalar.properties.lowercaseMapping).map(\.id)
                if own != lower { Issue.record("U+\(String(value, radix: 16)) is not lowered") }
            }
        }
    }

    @Test func `broken UTF-8 separates words`() {
        var generator = SeededGenerator(seed: 8)
        for _ in 0..<2000 {
            let bytes = (0..<generator.integer(below: 40)).map { _ in
                generator.integer(below: 3) == 0
                    ? UInt8(generator.integer(below: 256)) : UInt8(97 + generator.integer(below: 4))
            }
            let found = tokenizer.words(of: bytes.span)
            let repaired = tokenizer.words(of: String(decoding: bytes, as: UTF8.self))
            #expect(found.map(\.id) == repaired.map(\.id), "\(bytes)")
            #expect(found.allSatisfy { !$0.range.isEmpty && $0.range.upperBound <= bytes.count })
            #expect(zip(found, found.dropFirst()).allSatisfy { $0.range.upperBound <= $1.range.lowerBound })
        }
    }

    /// The hash is as good as a random one: the expected number of pairs that share an id is n²/2³³.
    @Test func `ids rarely collide and use all their bits`() {
        var ids: [UInt32] = []
        for number in 0..<200_000 { ids.append(tokenizer.words(of: "word\(number)")[0].id) }
        let expected = 200_000.0 * 200_000 / 0x1p33
        let collisions = Double(ids.count - Set(ids).count)
        #expect(abs(collisions - expected) < 5 * expected.squareRoot() + 1, "\(collisions) of \(expected)")
        for bit in 0..<32 {
            let ones = ids.count { $0 >> UInt32(bit) & 1 == 1 }
            #expect(abs(ones - 100_000) < 1_200, "bit \(bit): \(ones)")
        }
    }
}
