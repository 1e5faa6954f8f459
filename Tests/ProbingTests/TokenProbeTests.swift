import Foundation
import Kernels
import Probing
import Storage
import Testing

/// Texts of made-up words with a long-tailed distribution.
struct RandomTexts {
    let words: [[UInt32]]
    let counts: TokenCounts
    let frequencies: TokenFrequencies

    init(_ rows: Int, vocabulary: Int = 300, longest: Int = 40, seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var words: [[UInt32]] = []
        var counts = TokenCounts()
        for _ in 0..<rows {
            let length = generator.integer(below: longest + 1)
            var text = (0..<length).map { _ -> UInt32 in
                let uniform = Double(generator.uniform())
                return UInt32(Double(vocabulary) * uniform * uniform * uniform) &* 0x9e37_79b9
            }
            words.append(text)
            counts.append(words: &text)
        }
        self.words = words
        self.counts = counts
        var builder = TokenFrequencies.Builder()
        builder.add(counts)
        frequencies = builder.finish()
    }
}

@Suite struct TokenProbeTests {
    private let texts = RandomTexts(60, seed: 1)

    private func histogram(_ words: [UInt32]) -> [UInt32: Int] {
        Dictionary(words.map { ($0, 1) }, uniquingKeysWith: +)
    }

    /// p(t) from the words themselves.
    private func probability(_ word: UInt32) -> Double {
        let all = texts.words.joined()
        let count = all.count { $0 == word }
        return (count == 0 ? 0.5 : Double(count)) / Double(all.count)
    }

    /// Loss on y under the model that has seen x with a weight.
    private func loss(_ y: [UInt32], with x: [UInt32], weight: Double, prior: Double) -> Double {
        let counts = histogram(x)
        return -y.reduce(0) { sum, word in
            let numerator = prior * probability(word) + weight * Double(counts[word] ?? 0)
            return sum + log(numerator / (prior + weight * Double(x.count)))
        }
    }

    private var prior: Double { 3 * Double(texts.words.joined().count) / 60 }

    @Test func `rows hold their words' counts`() {
        #expect(texts.counts.rows == 60 && texts.counts.offsets.count == 61)
        for (row, words) in texts.words.enumerated() {
            let bag = texts.counts.bag(row)
            #expect(bag.ids == Set(words).sorted() && bag.length == words.count)
            let counts = histogram(words)
            #expect(zip(bag.ids, bag.counts).allSatisfy { counts[$0] == Int($1) })
            #expect(TokenBag(words: words) == bag)
        }
        let many = TokenBag(words: [UInt32](repeating: 5, count: 70_000))
        #expect(many.counts == [65_535] && many.length == 70_000)
        let two = TokenCounts(texts: ["A b, a!", ""])
        #expect(two.lengths == [3, 0] && two.counts == [2, 1] || two.counts == [1, 2])
    }

    /// Beside being the closed form, it is the difference of two losses.
    @Test func `influence is the change of the loss`() throws {
        let probe = TokenProbe(texts.frequencies)
        #expect(abs(probe.prior - prior) < 1e-9)
        // The last one has words that the corpus does not have.
        let outputs = Array(texts.words[0..<12]) + [[1, 2, 3, 2, texts.words[1].first ?? 0]]
        for y in outputs {
            let query = try probe.query(TokenBag(words: y))
            for x in texts.words[5..<30] + [[2, 2, 9], []] {
                let expected =
                    loss(y, with: x, weight: 1, prior: prior) - loss(y, with: x, weight: 0, prior: prior)
                let found = query.influence(of: TokenBag(words: x))
                #expect(abs(found - expected) < 1e-9 * max(1, abs(expected)), "\(found) \(expected)")
            }
            let own = loss(y, with: y, weight: 0, prior: prior) - loss(y, with: y, weight: 1, prior: prior)
            #expect(abs(query.selfInfluence - max(own, 1e-6)) < 1e-9 * max(1, own))
            let copy = query.relative(query.influence(of: TokenBag(words: y)))
            #expect(y.isEmpty ? copy == 0 : abs(copy + min(1, own)) < 1e-9, "\(copy)")
        }
    }

    /// Counts end at 65,535; then an output seems to say less about itself than nothing.
    @Test func `an output with a word oftener than is counted has no unit of influence`() throws {
        let probe = TokenProbe(texts.frequencies)
        let word = texts.words[0][0]
        let query = try probe.query(TokenBag(ids: [word], counts: [.max], length: 100_000_000))
        let sample = TokenBag(words: [word, word])
        #expect(query.influence(of: sample) != 0)
        #expect(query.relative(query.influence(of: sample)) == 0)
    }

    /// A word that stands everywhere explains little of itself; a sample that repeats it explains several times as much.
    @Test func `influence on an output of a common word is counted in nats`() throws {
        let probe = TokenProbe(texts.frequencies)
        let word = histogram(Array(texts.words.joined())).max { $0.value < $1.value }!.key
        let query = try probe.query(TokenBag(words: [word]))
        let influence = query.influence(of: TokenBag(words: Array(repeating: word, count: 30)))
        #expect(query.selfInfluence < 0.3 && influence < -3 * query.selfInfluence)
        #expect(query.relative(influence) == influence)
    }

    @Test func `an output without its repetitions`() throws {
        let probe = TokenProbe(texts.frequencies)
        for (row, words) in texts.words[0..<12].enumerated() where !words.isEmpty {
            let y = Set(words).sorted()
            let sample = TokenBag(words: texts.words[row + 20] + y.prefix(3))
            let expected = try probe.query(TokenBag(words: y)).influence(of: sample)
            for output in [y, y + y, words, y + Array(repeating: y[0], count: 1000)] {
                let once = try probe.query(TokenBag(words: output)).once
                #expect(once.output == TokenBag(words: y))
                #expect(once.influence(of: sample) == expected)
            }
        }
    }

    @Test func `the gradients' product is the loss' derivative by the sample's weight`() throws {
        let probe = TokenProbe(texts.frequencies)
        for y in texts.words[0..<12] + [[1, 2, 3, 2]] {
            let query = try probe.query(TokenBag(words: y))
            for x in texts.words[5..<30] {
                let step = 1e-4
                let slope =
                    (loss(y, with: x, weight: step, prior: prior) - loss(y, with: x, weight: -step, prior: prior))
                    / (2 * step)
                let product = query.gradientProduct(of: TokenBag(words: x))
                #expect(abs(product + slope) < 1e-4 * max(1, abs(slope)), "\(product) \(slope)")
            }
        }
    }

    /// With diag(1/p) as the Fisher information's inverse, on gradients in full.
    @Test func `the gradients' product is that of the full gradients`() throws {
        let vocabulary = Set(texts.words.joined()).sorted()
        let p = vocabulary.map(probability)
        func gradient(_ words: [UInt32]) -> [Double] {
            let counts = histogram(words)
            return zip(vocabulary, p).map { Double(words.count) * $1 - Double(counts[$0] ?? 0) }
        }
        let probe = TokenProbe(texts.frequencies, settings: .init(priorStrength: 0.7))
        for y in texts.words[0..<8] {
            let query = try probe.query(TokenBag(words: y))
            let own = gradient(y)
            #expect(abs(own.reduce(0, +)) < 1e-9)
            for x in texts.words[8..<20] {
                let other = gradient(x)
                let expected = p.indices.reduce(0) { $0 + own[$1] * other[$1] / p[$1] } / probe.prior
                #expect(abs(query.gradientProduct(of: TokenBag(words: x)) - expected) < 1e-8 * max(1, abs(expected)))
            }
        }
    }

    /// One list much longer than the other takes another way through them.
    @Test func `long and short texts together`() throws {
        let probe = TokenProbe(texts.frequencies)
        let long = TokenBag(words: Array(texts.words.joined()) + (0..<3000).map { UInt32($0) &* 77_777 })
        for words in texts.words[0..<20] {
            let short = TokenBag(words: Array(words.prefix(6)))
            for (y, x) in [(short, long), (long, short)] {
                let query = try probe.query(y)
                let counts = Dictionary(uniqueKeysWithValues: zip(x.ids, x.counts))
                var expected = Double(y.length) * log(1 + Double(x.length) / prior)
                for (id, count) in zip(y.ids, y.counts) {
                    let weight = Double(counts[id] ?? 0) / (prior * probability(id))
                    expected -= Double(count) * log(1 + weight)
                }
                #expect(abs(query.influence(of: x) - expected) < 1e-8 * max(1, abs(expected)))
            }
        }
    }

    @Test func `a corpus without words has a probe`() throws {
        let probe = TokenProbe(TokenFrequencies.Builder().finish())
        let query = try probe.query(TokenBag(words: [1, 2]))
        #expect(query.influence(of: TokenBag(words: [1, 2])).isFinite)
        #expect(try probe.query(TokenBag(words: [])).influence(of: TokenBag(words: [3])) == 0)
    }
}
