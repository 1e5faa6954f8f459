import Foundation
import Kernels
import Probing
import Testing

/// The influence of a sample's best part, against all of its parts one by one.
@Suite struct SamplePartTests {
    private let texts = RandomTexts(80, vocabulary: 120, seed: 13)
    private let probe: TokenProbe
    private let ids: [UInt32]

    init() {
        probe = TokenProbe(texts.frequencies)
        ids = Set(texts.words.joined()).sorted()
    }

    private func sample(_ sentences: [[UInt32]]) -> TokenBag {
        var bag = TokenBag(words: sentences.flatMap(\.self))
        bag.sentences = bag.ids.map { id in
            sentences.enumerated().reduce(0) { $0 | ($1.element.contains(id) ? 1 << UInt16($1.offset) : 0) }
        }
        bag.sentenceLengths = sentences.map { UInt32($0.count) }
        return bag
    }

    private func nearWords(_ bag: TokenBag) throws -> [NearWords.List] {
        var generator = SeededGenerator(seed: 5)
        var vectors = Matrix(rows: ids.count, columns: 6, elements: (0..<6 * ids.count).map { _ in generator.normal() })
        vectors.scaleRows(to: 1)
        let rows = bag.ids.map { ids.firstIndex(of: $0)! }
        let directions = Matrix(
            rows: rows.count, columns: 6, elements: rows.flatMap { vectors.row($0) })
        let words = try NearWords(ids: ids, vectors: vectors, probe: probe)
        let asked = try bag.ids.map { (id: $0, probability: try probe.frequencies.probability($0)) }
        return words.lists(of: asked, directions: directions, workers: 1)
    }

    /// −Σ c log(1 + (sentences with the word)·gain), or the best of the words near to it, + L log(1 + max(words, L) / μ).
    private func reference(_ part: [[UInt32]], _ query: TokenQuery, _ near: [NearWords.List]) -> Double {
        var sum = 0.0
        for (word, id) in query.output.ids.enumerated() {
            let count = part.count { $0.contains(id) }
            var term = log(1 + Double(count) * query.gains[word])
            if count == 0, !near.isEmpty {
                for (other, value) in zip(near[word].ids, near[word].terms)
                where part.contains(where: { $0.contains(other) }) {
                    term = max(term, Double(value))
                }
            }
            sum += Double(query.output.counts[word]) * term
        }
        let words = max(part.reduce(0) { $0 + $1.count }, query.output.length)
        return Double(query.output.length) * log(1 + Double(words) / query.prior) - sum
    }

    @Test(arguments: [false, true], [2, 5, 16])
    func `the best of all sentences that follow each other counts`(usesNear: Bool, sentences: Int) throws {
        var generator = SeededGenerator(seed: UInt64(sentences))
        var better = 0
        for _ in 0..<30 {
            let output = TokenBag(words: (0..<8).map { _ in ids[generator.integer(below: ids.count)] })
            let near = usesNear ? try nearWords(output) : []
            let query = try probe.query(output, near: near)
            let parts = (0..<sentences).map { _ in
                (0..<generator.integer(below: 12)).map { _ in ids[generator.integer(below: ids.count)] }
            }
            let bag = sample(parts)
            // The whole counts a word as often as it comes.
            var expected = query.influence(of: TokenBag(words: parts.flatMap(\.self)))
            for start in parts.indices {
                for end in start..<parts.count {
                    expected = min(expected, reference(Array(parts[start...end]), query, near))
                }
            }
            let found = query.influence(of: bag)
            #expect(abs(found - expected) < 1e-6 * max(1, abs(expected)))
            #expect(query.influences(count: 2) { _, other in other = bag } == [found, found])
            var whole = bag
            (whole.sentences, whole.sentenceLengths) = ([], [])
            if found < query.influence(of: whole) { better += 1 }
        }
        #expect(better > 3)
    }

    @Test func `a text's sentences are told apart, at most sixteen`() {
        let tokenizer = WordTokenizer()
        var scratch: [UInt32] = []
        func bag(_ sentences: [String]) -> TokenBag {
            let text = sentences.joined(separator: " ")
            var (ranges, start): ([Range<Int>], Int) = ([], 0)
            for sentence in sentences {
                ranges.append(start..<start + sentence.utf8.count)
                start += sentence.utf8.count + 1
            }
            var counts = TokenCounts()
            counts.append("before".utf8Span.span, tokenizer, scratch: &scratch)
            counts.append(text.utf8Span.span, sentences: ranges, tokenizer, scratch: &scratch)
            counts.append("after".utf8Span.span, tokenizer, scratch: &scratch)
            #expect(counts.bag(0).sentenceLengths == [] && counts.bag(2).sentences == [])
            var copies = TokenCounts()
            for row in 0..<3 { copies.append(counts.bag(row)) }
            #expect((0..<3).allSatisfy { copies.bag($0) == counts.bag($0) })
            return counts.bag(1)
        }
        let three = bag(["The river.", "A stone, the moss!", "The river rose."])
        #expect(three.sentenceLengths == [2, 4, 3] && three.length == 9)
        for (word, mask) in [("the", 0b111), ("river", 0b101), ("stone", 0b010), ("rose", 0b100)] {
            let id = tokenizer.words(of: word)[0].id
            #expect(three.sentences[three.ids.firstIndex(of: id)!] == mask)
        }
        #expect(bag(["One sentence."]).sentenceLengths == [])
        let many = bag((0..<37).map { "word\($0) again." })
        #expect(many.sentenceLengths == [UInt32](repeating: 6, count: 12) + [2])
        #expect(many.sentences.allSatisfy { $0 == 0x1fff || $0.nonzeroBitCount == 1 })
    }
}
