import Calibration
import Kernels
import Testing

@Suite struct OutputSimulatorTests {
    let text = "The quick brown fox jumps over the lazy dog, while two small birds watch from a tall tree nearby."
    let other = "Completely different words stand here for merging."

    @Test func sameSeedGivesTheSameOutput() throws {
        let simulator = OutputSimulator(substitutes: ["fox": ["wolf"]], vocabulary: ["moon"])
        for seed in 0..<50 {
            var (a, b) = (SeededGenerator(seed: UInt64(seed)), SeededGenerator(seed: UInt64(seed)))
            #expect(
                simulator.simulate(text, other: other, using: &a)?.text
                    == simulator.simulate(text, other: other, using: &b)?.text)
        }
    }

    @Test func everyWordComesFromTheTextsOrTheSubstitutes() throws {
        let substitutes = ["fox": ["wolf", "cat"], "dog": ["hound"]]
        let simulator = OutputSimulator(substitutes: substitutes, vocabulary: [])
        let known = Set(OutputSimulator.words(of: text) + OutputSimulator.words(of: other)).union([
            "wolf", "cat", "hound",
        ])
        var changed = 0
        var substituted = 0
        for seed in 0..<200 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let made = try #require(simulator.simulate(text, other: other, using: &generator))
            let output = made.text
            let strange = Set(OutputSimulator.words(of: other)).subtracting(OutputSimulator.words(of: text))
            #expect(made.isJoined != strange.isDisjoint(with: OutputSimulator.words(of: output)))
            let words = OutputSimulator.words(of: output)
            #expect(!words.isEmpty && known.isSuperset(of: words))
            if output != text { changed += 1 }
            if words.contains("wolf") || words.contains("hound") { substituted += 1 }
        }
        #expect(changed > 150 && substituted > 30)
    }

    @Test func halfOfTheReplacedWordsOfFarOutputsAreStrange() throws {
        let words = (0..<20).map { "word\($0)" }
        let simulator = OutputSimulator(
            substitutes: Dictionary(uniqueKeysWithValues: words.map { ($0, ["alike"]) }),
            vocabulary: ["strange", "strange", "strange", "rare"])
        var counts: [String: Int] = [:]
        for seed in 0..<400 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let sample = words.joined(separator: " ")
            let made = try #require(simulator.simulate(sample, other: sample, using: &generator))
            for word in OutputSimulator.words(of: made.text) where !words.contains(word) {
                counts[word, default: 0] += 1
            }
        }
        let (alike, strange, rare) = (counts["alike"] ?? 0, counts["strange"] ?? 0, counts["rare"] ?? 0)
        #expect(counts.count == 3 && alike > 1000)
        #expect(abs(Double(strange + rare) / Double(alike) - 1) < 0.15)
        #expect(abs(Double(strange) / Double(max(1, rare)) - 3) < 0.5)
    }

    @Test func nearOutputsHaveNoStrangeWords() throws {
        let simulator = OutputSimulator(
            substitutes: ["fox": ["wolf"]], vocabulary: ["strange"], distance: .near)
        for seed in 0..<100 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let made = try #require(simulator.simulate(text, other: other, using: &generator))
            #expect(!OutputSimulator.words(of: made.text).contains("strange"))
        }
    }

    @Test func longTextsGiveAShortSpan() throws {
        let long = (0..<500).map { "word\($0)" }.joined(separator: " ")
        for seed in 0..<50 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let output = try #require(
                OutputSimulator(substitutes: [:], vocabulary: []).simulate(long, other: "x y z a", using: &generator)?
                    .text)
            #expect(output.split(separator: " ").count <= 64)
        }
    }

    @Test func `excerpts are spans of up to half of the words`() throws {
        let words = (0..<40).map { "word\($0)" }
        var lengths: Set<Int> = []
        for seed in 0..<400 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let text = try #require(OutputSimulator.excerpt(of: words.joined(separator: " "), using: &generator))
            let excerpt = text.split(separator: " ").map(String.init)
            let first = try #require(words.firstIndex(of: excerpt[0]))
            #expect(Array(words[first..<first + excerpt.count]) == excerpt)
            lengths.insert(excerpt.count)
        }
        #expect(lengths.isSuperset(of: 1...5) && lengths.max()! <= 20 && lengths.max()! > 15)
        var generator = SeededGenerator(seed: 1)
        #expect(OutputSimulator.excerpt(of: "one", using: &generator) == nil)
        #expect(OutputSimulator.excerpt(of: "一二", using: &generator)?.count == 1)
    }

    @Test(arguments: ["", "   \n", "one two three", "。", "\u{0}"])
    func shortTextsGiveNothing(_ text: String) {
        var generator = SeededGenerator(seed: 1)
        #expect(
            OutputSimulator(substitutes: [:], vocabulary: []).simulate(text, other: other, using: &generator) == nil)
    }

    @Test func scriptsWithoutSpacesAreCutByCharacter() throws {
        let chinese = "模型的输出来自哪里没有人能够回答这个问题"
        var shorter = 0
        for seed in 0..<100 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let output = try #require(
                OutputSimulator(substitutes: [:], vocabulary: []).simulate(chinese, other: chinese, using: &generator)?
                    .text)
            // A space at most where two texts meet.
            #expect(output.filter { $0 == " " }.count <= 1)
            if output.count < chinese.count { shorter += 1 }
        }
        #expect(shorter > 10)
    }

    private func unit(_ generator: inout SeededGenerator) -> [Float] {
        let vector = (0..<64).map { _ in generator.normal() }
        let norm = dot(vector.span, vector.span).squareRoot()
        return vector.map { $0 / norm }
    }

    @Test func simulatedVectorsKeepTheirLengthAndTheirSource() {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<50 {
            let (a, b) = (unit(&generator), unit(&generator))
            let output = VectorSimulator.simulate(a, other: b, using: &generator)
            let (length, own) = (dot(output.span, output.span), dot(a.span, a.span))
            #expect(abs(length - own) < 1e-3 * own)
            #expect(dot(output.span, a.span) > dot(output.span, b.span))
        }
        #expect(VectorSimulator.simulate([0, 0], other: [1, 0], using: &generator) == [0, 0])
    }
}
